import subprocess
import sys

import pytest
from genai_prices import Usage, calc_price

from hirocrm.analysis.providers.errors import TokenUsage, redact
from hirocrm.analysis.providers.http import duration_seconds
from hirocrm.analysis.providers.pricing import cost_micro_usd


class TestCost:
    def test_is_in_millionths_of_a_dollar(self) -> None:
        usage = TokenUsage(tokens_in=1_500, tokens_out=100)

        assert cost_micro_usd("gemini", "gemini-3.5-flash-lite", usage) == 700

    def test_counts_cached_tokens_at_their_price(self) -> None:
        usage = TokenUsage(tokens_in=1_000_000, tokens_out=0, tokens_cached=1_000_000)

        assert cost_micro_usd("gemini", "gemini-3.5-flash-lite", usage) == 30_000

    @pytest.mark.parametrize("tokens_in", [1, 777, 199_999, 200_001, 900_000])
    @pytest.mark.parametrize(
        "model", ["gemini-2.5-flash-lite", "gemini-2.5-pro", "gemini-3.5-flash-lite"]
    )
    def test_is_what_the_price_list_says_also_where_long_prompts_cost_more(
        self, model: str, tokens_in: int
    ) -> None:
        usage = Usage(input_tokens=tokens_in, output_tokens=312, cache_read_tokens=tokens_in // 3)
        listed = calc_price(usage, model_ref=model, provider_id="google").total_price

        given = TokenUsage(tokens_in, 312, tokens_in // 3)
        assert cost_micro_usd("gemini", model, given) == round(listed * 1_000_000)

    @pytest.mark.parametrize(
        ("provider", "model"), [("gemini", "gemini-nonsense"), ("other", "gpt-5-mini")]
    )
    def test_is_none_where_no_price_is_known(self, provider: str, model: str) -> None:
        assert cost_micro_usd(provider, model, TokenUsage(1, 1)) is None

    def test_of_the_local_analyser_is_nothing(self) -> None:
        assert cost_micro_usd("local", "any", TokenUsage()) == 0


def test_importing_the_providers_loads_no_http_client() -> None:
    code = (
        "import hirocrm.analysis.providers.gemini, hirocrm.analysis.providers.openai, "
        "hirocrm.analysis.providers.anthropic, hirocrm.analysis.providers.pricing, sys; "
        "print(sorted({'aiohttp', 'httpx2', 'genai_prices', 'django'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("37s", 37.0),
        ("38.2s", 38.2),
        ("0.2s", 0.2),
        ("65205s", 65205.0),
        ("20ms", 0.02),
        ("6m0s", 360.0),
        ("1h2m", 3720.0),
        ("12", 12.0),
        (5, 5.0),
        ("", None),
        ("soon", None),
        (None, None),
        (-1, None),
        (True, None),
    ],
)
def test_durations(text: object, seconds: float | None) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["key AIzaSyA0123456789", "AQ.Ab8RN6KlmnopQrs", "sk-abcdef123", "?key=abc.def&x"]
)
def test_redact_removes_anything_like_a_key(text: str) -> None:
    assert "[key]" in redact(text)
