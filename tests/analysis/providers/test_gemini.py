import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hirocrm.analysis.providers.errors import (
    AnswerInvalid,
    AnswerTruncated,
    KeyRefused,
    ModelRetired,
    PromptBlocked,
    ProviderUnavailable,
    QuotaExceeded,
    QuotaScope,
    RequestRefused,
    TokenUsage,
)
from hirocrm.analysis.providers.gemini import GeminiProvider
from hirocrm.analysis.providers.http import ProviderHttp
from hirocrm.analysis.providers.protocol import CompletionRequest
from hirocrm.core.errors import UpstreamError
from tests.analysis.gemini_payloads import (
    MODEL,
    PER_DAY,
    PER_MINUTE,
    TOKENS_PER_MINUTE,
    failed,
    key_invalid,
    model_gone,
    quota_failed,
    said,
    violation,
)
from tests.analysis.vendor_server import Answer, Vendor, running

SECRET = "AQ.the-key-of-the-tests"
SCHEMA = {"type": "object", "properties": {"intent": {"type": "string"}}, "required": ["intent"]}


def question(model: str = MODEL) -> CompletionRequest:
    return CompletionRequest(
        model=model, system="You label.", user="Is it in stock?", schema=SCHEMA
    )


@pytest.fixture
async def http() -> AsyncIterator[ProviderHttp]:
    async with ProviderHttp(concurrency=4, answer_seconds=2) as opened:
        yield opened


async def refusal(http: ProviderHttp, answer: Answer, model: str = MODEL) -> UpstreamError:
    async with running(Vendor(answer)) as vendor:
        provider = GeminiProvider(http, base_url=vendor.url)
        with pytest.raises(UpstreamError) as caught:
            await provider.complete(question(model), secret=SECRET)
        assert len(vendor.seen) == 1
        assert SECRET not in str(caught.value)
        return caught.value


class TestRequest:
    async def test_is_the_documented_one(self, http: ProviderHttp) -> None:
        async with running(Vendor(said('{"intent":"question"}'))) as vendor:
            provider = GeminiProvider(http, base_url=vendor.url + "/")
            await provider.complete(question(), secret=SECRET)

        seen = vendor.seen[0]
        assert (seen.method, seen.path) == ("POST", f"/v1beta/models/{MODEL}:generateContent")
        assert seen.headers["x-goog-api-key"] == SECRET
        assert "authorization" not in seen.headers
        assert seen.body == {
            "systemInstruction": {"parts": [{"text": "You label."}]},
            "contents": [{"role": "user", "parts": [{"text": "Is it in stock?"}]}],
            "generationConfig": {
                "responseMimeType": "application/json",
                "responseJsonSchema": SCHEMA,
                "maxOutputTokens": 4096,
                "thinkingConfig": {"thinkingLevel": "MINIMAL"},
            },
            "safetySettings": [
                {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"},
                {"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_NONE"},
                {"category": "HARM_CATEGORY_SEXUALLY_EXPLICIT", "threshold": "BLOCK_NONE"},
                {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "threshold": "BLOCK_NONE"},
            ],
        }

    @pytest.mark.parametrize(
        ("model", "thinking"),
        [
            ("gemini-3.5-flash-lite", {"thinkingLevel": "MINIMAL"}),
            ("gemini-3.1-flash-lite", {"thinkingLevel": "MINIMAL"}),
            ("gemini-3.6-flash", {"thinkingLevel": "MINIMAL"}),
            ("gemini-3.8-flash", {"thinkingLevel": "LOW"}),
            ("gemini-3.1-pro-preview", {"thinkingLevel": "LOW"}),
            ("gemini-4-hydrogen", {"thinkingLevel": "LOW"}),
            ("gemini-2.5-flash", {"thinkingBudget": 0}),
            ("gemini-2.5-pro", None),
            ("gemini-9-unheard-of", None),
        ],
    )
    async def test_thinks_as_little_as_the_model_allows(
        self, http: ProviderHttp, model: str, thinking: dict[str, Any] | None
    ) -> None:
        async with running(Vendor(said("{}"))) as vendor:
            await GeminiProvider(http, base_url=vendor.url).complete(question(model), secret=SECRET)

        config = vendor.seen[0].body["generationConfig"]
        assert config.get("thinkingConfig") == thinking
        assert config.get("temperature") == (0 if model.startswith("gemini-2.") else None)


class TestAnswer:
    async def test_is_text_model_and_usage(self, http: ProviderHttp) -> None:
        async with running(Vendor(said('{"intent":"question"}'))) as vendor:
            provider = GeminiProvider(http, base_url=vendor.url)
            answer = await provider.complete(question(), secret=SECRET)

        assert answer.text == '{"intent":"question"}'
        assert answer.model == MODEL
        assert answer.usage == TokenUsage(tokens_in=61, tokens_out=52, tokens_cached=0)
        assert answer.response_id == "k3Qhabc0N9yT1MkP"

    async def test_names_the_model_that_really_answered(self, http: ProviderHttp) -> None:
        async with running(Vendor(said("{}", modelVersion="gemini-3.8-flash"))) as vendor:
            provider = GeminiProvider(http, base_url=vendor.url)
            answer = await provider.complete(question("gemini-2.5-pro"), secret=SECRET)

        assert answer.model == "gemini-3.8-flash"

    async def test_leaves_thoughts_out_and_survives_missing_usage(self, http: ProviderHttp) -> None:
        parts = [{"text": "Hmm.", "thought": True}, {"text": '{"a":'}, {"text": "1}"}]
        candidate = {"content": {"parts": parts}, "finishReason": "STOP"}
        usage = {"promptTokenCount": None, "cachedContentTokenCount": None}
        body = {"candidates": [candidate], "usageMetadata": usage}
        async with running(Vendor(Answer(body))) as vendor:
            provider = GeminiProvider(http, base_url=vendor.url)
            answer = await provider.complete(question(), secret=SECRET)

        assert answer.text == '{"a":1}'
        assert answer.usage == TokenUsage()

    async def test_takes_an_unknown_finish_reason(self, http: ProviderHttp) -> None:
        candidate = {"content": {"parts": [{"text": "{}"}]}, "finishReason": "BRAND_NEW"}
        async with running(Vendor(Answer({"candidates": [candidate]}))) as vendor:
            provider = GeminiProvider(http, base_url=vendor.url)
            answer = await provider.complete(question(), secret=SECRET)

        assert (answer.text, answer.finish_reason) == ("{}", "BRAND_NEW")


class TestNoAnswer:
    async def test_max_tokens_is_truncated_and_still_costs(self, http: ProviderHttp) -> None:
        body = {
            "candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}],
            "usageMetadata": {"promptTokenCount": 39236, "thoughtsTokenCount": 3071},
        }
        error = await refusal(http, Answer(body))
        assert isinstance(error, AnswerTruncated)
        assert error.usage == TokenUsage(tokens_in=39236, tokens_out=3071)

    async def test_max_tokens_with_half_an_answer_is_truncated(self, http: ProviderHttp) -> None:
        candidate = {"content": {"parts": [{"text": '{"sum'}]}, "finishReason": "MAX_TOKENS"}
        assert isinstance(await refusal(http, Answer({"candidates": [candidate]})), AnswerTruncated)

    async def test_blocked_prompt_gives_its_reason(self, http: ProviderHttp) -> None:
        error = await refusal(
            http, Answer({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})
        )
        assert isinstance(error, PromptBlocked)
        assert error.reason == "PROHIBITED_CONTENT"

    @pytest.mark.parametrize("finish", ["SAFETY", "RECITATION", "SPII", "PROHIBITED_CONTENT"])
    async def test_a_filtered_answer_is_blocked(self, http: ProviderHttp, finish: str) -> None:
        error = await refusal(http, Answer({"candidates": [{"finishReason": finish, "index": 0}]}))
        assert isinstance(error, PromptBlocked)
        assert error.reason == finish

    @pytest.mark.parametrize(
        "body",
        [
            {"candidates": [{"content": {"parts": [{"text": ""}]}, "finishReason": "STOP"}]},
            {"candidates": []},
            {"candidates": [{"finishReason": "OTHER"}]},
            {"candidates": [{"content": None, "finishReason": "MALFORMED_RESPONSE"}]},
            {},
            "not json",
            "[]",
        ],
    )
    async def test_nothing_usable_is_invalid(self, http: ProviderHttp, body: Any) -> None:
        error = await refusal(http, Answer(body))
        assert type(error) is AnswerInvalid

    async def test_a_limited_account_is_a_refused_key(self, http: ProviderHttp) -> None:
        body = {"candidates": [{"finishReason": "PUP_LIMITED_DISABLED"}]}
        assert isinstance(await refusal(http, Answer(body)), KeyRefused)


class TestQuota:
    @pytest.mark.parametrize(
        ("answer", "scope", "delay", "learned"),
        [
            (quota_failed(violation(PER_MINUTE), delay="0.2s"), "minute", 0.2, {"rpm": 15}),
            (quota_failed(violation(PER_DAY, "20"), delay="38s"), "day", 38.0, {"rpd": 20}),
            (
                quota_failed(violation(PER_MINUTE), violation(PER_DAY, "500"), delay="65205s"),
                "day",
                65205.0,
                {"rpm": 15, "rpd": 500},
            ),
            (
                quota_failed(violation(TOKENS_PER_MINUTE, "250000")),
                "tokens_minute",
                37.0,
                {"tpm": 250_000},
            ),
            (
                quota_failed(violation("GenerateContentInputTokensPerModelPerDay-FreeTier")),
                "day",
                37.0,
                {},
            ),
            (
                quota_failed(
                    violation("GenerateRequestsPerMinutePerProjectPerModel-PaidTier2", None)
                ),
                "minute",
                37.0,
                {},
            ),
            (
                quota_failed(violation(PER_MINUTE, "0"), limit="0", delay=None),
                "not_offered",
                None,
                {},
            ),
            (quota_failed(violation(PER_DAY, None), limit="0"), "not_offered", 37.0, {}),
            (failed(429, "Resource has been exhausted (e.g. check quota)."), "burst", None, {}),
            (failed(429, "Slow down.", **{"retry-after": "7"}), "burst", 7.0, {}),
            (failed(429, "Your prepayment credits are depleted."), "billing", None, {}),
            (failed(429, "The spend limit of your tier was hit."), "burst", 300.0, {}),
            (Answer("<html>429</html>", status=429), "burst", None, {}),
        ],
    )
    async def test_is_read_by_its_quota_id(
        self,
        http: ProviderHttp,
        answer: Answer,
        scope: str,
        delay: float | None,
        learned: dict[str, int],
    ) -> None:
        error = await refusal(http, answer)
        assert isinstance(error, QuotaExceeded)
        assert error.scope == QuotaScope(scope)
        assert error.retry_after_seconds == delay
        assert error.learned == learned


class TestRefusals:
    async def test_a_wrong_key(self, http: ProviderHttp) -> None:
        error = await refusal(http, key_invalid())
        assert isinstance(error, KeyRefused)
        assert error.sentence == (
            "Google refused the key: API key not valid. Please pass a valid API key."
        )

    @pytest.mark.parametrize(
        "answer",
        [
            failed(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED"),
            failed(403, f"Your API key {SECRET} was reported as leaked.", "PERMISSION_DENIED"),
            failed(400, "User location is not supported.", "FAILED_PRECONDITION"),
            failed(400, "API key expired. Please renew the API key.", "INVALID_ARGUMENT"),
        ],
    )
    async def test_a_key_that_may_not(self, http: ProviderHttp, answer: Answer) -> None:
        assert isinstance(await refusal(http, answer), KeyRefused)

    async def test_a_retired_model_names_the_setting(self, http: ProviderHttp) -> None:
        error = await refusal(http, model_gone())
        assert isinstance(error, ModelRetired)
        assert error.sentence == (
            f"Google no longer offers the model {MODEL}. Set GOOGLE_AI_MODEL to a current model, "
            "or choose one in the AI settings."
        )

    async def test_a_404_of_something_else_is_no_retired_model(self, http: ProviderHttp) -> None:
        assert isinstance(
            await refusal(http, Answer("<h1>Not Found</h1>", status=404)), RequestRefused
        )

    async def test_a_bad_request_is_given_up(self, http: ProviderHttp) -> None:
        error = await refusal(http, failed(400, "Invalid JSON payload.", "INVALID_ARGUMENT"))
        assert isinstance(error, RequestRefused)

    async def test_an_error_wrapped_in_a_list_is_read_too(self, http: ProviderHttp) -> None:
        body = [{"error": {"code": 403, "message": "No.", "status": "PERMISSION_DENIED"}}]
        assert isinstance(await refusal(http, Answer(body, status=403)), KeyRefused)

    async def test_a_key_no_header_can_carry(self, http: ProviderHttp) -> None:
        provider = GeminiProvider(http, base_url="http://127.0.0.1:9")
        with pytest.raises(KeyRefused):
            await provider.complete(question(), secret="AQ.½\n")


class TestUnavailable:
    @pytest.mark.parametrize(
        "answer",
        [
            failed(503, "This model is currently experiencing high demand.", "UNAVAILABLE"),
            failed(500, "Internal.", "INTERNAL"),
            failed(504, "Deadline exceeded.", "DEADLINE_EXCEEDED"),
            Answer("<html><body>502 Bad Gateway</body></html>", status=502),
            Answer(hang_up=True),
        ],
    )
    async def test_is_told_apart(self, http: ProviderHttp, answer: Answer) -> None:
        assert isinstance(await refusal(http, answer), ProviderUnavailable)

    async def test_a_timeout_too(self) -> None:
        async with ProviderHttp(concurrency=1, answer_seconds=0.1) as http:
            error = await refusal(http, Answer({}, delay=5))

        assert isinstance(error, ProviderUnavailable)
        assert error.remote_code == "SocketTimeoutError"

    async def test_nobody_listening(self, http: ProviderHttp) -> None:
        provider = GeminiProvider(http, base_url="http://127.0.0.1:9")
        with pytest.raises(ProviderUnavailable, match="could not be reached"):
            await provider.complete(question(), secret=SECRET)


class TestThinkingStepDown:
    async def test_is_made_once_and_remembered(self, http: ProviderHttp) -> None:
        refused = failed(400, "Thinking level MINIMAL is not supported for this model.")
        async with running(Vendor(refused, said("{}"))) as vendor:
            provider = GeminiProvider(http, base_url=vendor.url)
            await provider.complete(question(), secret=SECRET)
            await provider.complete(question(), secret=SECRET)

        sent = [seen.body["generationConfig"].get("thinkingConfig") for seen in vendor.seen]
        assert sent == [
            {"thinkingLevel": "MINIMAL"},
            {"thinkingLevel": "LOW"},
            {"thinkingLevel": "LOW"},
        ]

    async def test_ends_without_any_level(self, http: ProviderHttp) -> None:
        refused = failed(400, "Thinking is not supported for this model.")
        async with running(Vendor(refused, refused, said("{}"))) as vendor:
            await GeminiProvider(http, base_url=vendor.url).complete(question(), secret=SECRET)

        assert "thinkingConfig" not in vendor.seen[2].body["generationConfig"]


class TestSecrecy:
    async def test_the_key_is_in_no_log_and_no_address(
        self, http: ProviderHttp, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        async with running(Vendor(failed(403, f"Key {SECRET} is leaked."))) as vendor:
            provider = GeminiProvider(http, base_url=vendor.url)
            with pytest.raises(KeyRefused) as caught:
                await provider.complete(question(), secret=SECRET)

        assert SECRET not in caplog.text
        assert SECRET not in vendor.seen[0].path
        assert SECRET not in repr(caught.value)


class TestCheckKey:
    async def test_is_one_tiny_call(self, http: ProviderHttp) -> None:
        async with running(Vendor(said(""))) as vendor:
            provider = GeminiProvider(http, base_url=vendor.url)
            await provider.check_key(secret=SECRET, model=MODEL)

        assert len(vendor.seen) == 1

    async def test_raises_what_the_vendor_says(self, http: ProviderHttp) -> None:
        async with running(Vendor(key_invalid())) as vendor:
            provider = GeminiProvider(http, base_url=vendor.url)
            with pytest.raises(KeyRefused):
                await provider.check_key(secret=SECRET, model=MODEL)


class TestListModels:
    async def test_names_those_that_answer_prompts(self, http: ProviderHttp) -> None:
        listed = {
            "models": [
                {"name": f"models/{MODEL}", "supportedGenerationMethods": ["generateContent"]},
                {"name": "models/embedder", "supportedGenerationMethods": ["embedContent"]},
                {"name": "models/of-nothing"},
            ]
        }
        async with running(Vendor(Answer(listed))) as vendor:
            found = await GeminiProvider(http, base_url=vendor.url).list_models(secret=SECRET)

        assert found == (MODEL,)
        assert vendor.seen[0].path == "/v1beta/models?pageSize=1000"

    async def test_raises_what_the_vendor_says(self, http: ProviderHttp) -> None:
        async with running(Vendor(key_invalid())) as vendor:
            with pytest.raises(KeyRefused):
                await GeminiProvider(http, base_url=vendor.url).list_models(secret=SECRET)

    async def test_is_not_fooled_by_another_answer(self, http: ProviderHttp) -> None:
        async with running(Vendor(Answer({"hello": 1}))) as vendor:
            with pytest.raises(AnswerInvalid):
                await GeminiProvider(http, base_url=vendor.url).list_models(secret=SECRET)
