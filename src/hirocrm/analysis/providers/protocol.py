"""What every vendor's client offers: one prompt in, one raw text answer out."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from hirocrm.analysis.providers.errors import TokenUsage

MAX_OUTPUT_TOKENS = 4096  # thoughts count against it: under 2048 Gemini answers nothing at all


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """One question to a model. `schema` is JSON Schema in the common subset: no bounds, no nulls."""

    model: str
    system: str
    user: str
    schema: dict[str, Any]
    max_output_tokens: int = MAX_OUTPUT_TOKENS


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's raw answer. `model` is the one that really answered, which reroutes can change."""

    text: str
    model: str
    usage: TokenUsage = field(default_factory=TokenUsage)
    finish_reason: str = ""
    response_id: str = ""


class Provider(Protocol):
    """A thin client of one vendor. It neither retries nor chooses keys: that is the engine's part."""

    name: str
    model_setting: str
    """The environment name to change when a model retires."""

    async def complete(self, request: CompletionRequest, *, secret: str) -> Completion:
        """Ask once.

        Raises:
            QuotaExceeded, KeyRefused, ModelRetired, PromptBlocked, RequestRefused, AnswerInvalid,
            AnswerTruncated, ProviderUnavailable: see `providers.errors`.
        """
        ...

    async def check_key(self, *, secret: str, model: str) -> None:
        """Ask the vendor something free or tiny with this key; return if it answers.

        Raises:
            The same errors as `complete`.
        """
        ...

    async def list_models(self, *, secret: str) -> tuple[str, ...] | None:
        """The names of the models this key may use; None where the endpoint has no such list.

        Raises:
            KeyRefused, QuotaExceeded, RequestRefused, AnswerInvalid, ProviderUnavailable.
        """
        ...
