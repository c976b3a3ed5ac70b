"""What a vendor's answer means for the caller, in the families of `core.errors`.

    UpstreamRateLimited   QuotaExceeded          rest this key's project and model, take another key
    UpstreamUnauthorized  KeyRefused             take the key out and tell a person
    UpstreamRejected      ModelRetired           take another model and tell a person
                          PromptBlocked          this conversation will never pass
                          RequestRefused         this request will never pass
    UpstreamMalformed     AnswerInvalid          ask once more
                          AnswerTruncated        ask once more with more room
    UpstreamUnavailable   ProviderUnavailable    ask again later

Sentences never hold a key: `redact` has gone over everything a vendor said.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from hirocrm.core.errors import (
    UpstreamMalformed,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)

KEY_LIKE = re.compile(
    r"(AIza[\w-]{10,}|AQ\.[\w.-]{8,}|\bsk-[\w*-]{6,}|\bgsk_\w{8,}|(?<=key=)[\w.-]+)"
)

Limit = Literal["rpm", "tpm", "rpd"]


class QuotaScope(StrEnum):
    """Which of a vendor's limits was hit: it decides how long to rest, and what."""

    MINUTE = "minute"  # requests a minute: wait the given delay
    TOKENS_MINUTE = "tokens_minute"  # input tokens a minute: wait the given delay
    DAY = "day"  # requests or tokens a day: rest until midnight Pacific, whatever delay is given
    BURST = "burst"  # nothing said: back off
    BILLING = "billing"  # credits are used up: a person has to pay
    NOT_OFFERED = "not_offered"  # limit 0: this project's tier doesn't have the model


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one call. `tokens_in` includes the cached ones, `tokens_out` includes thoughts."""

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0


class QuotaExceeded(UpstreamRateLimited):
    """HTTP 429. `learned` holds the limits the vendor named, which replace assumed ones."""

    code = "quota_exceeded"

    def __init__(
        self,
        sentence: str,
        *,
        scope: QuotaScope,
        retry_after_seconds: float | None = None,
        learned: Mapping[Limit, int] | None = None,
        quota_id: str = "",
    ) -> None:
        super().__init__(sentence, retry_after_seconds=retry_after_seconds, remote_code=429)
        self.scope = scope
        self.learned: dict[Limit, int] = dict(learned or {})
        self.quota_id = quota_id

    @property
    def learned_limit(self) -> int | None:
        """The limit behind this refusal, where the vendor named it."""
        names: dict[QuotaScope, Limit] = {
            QuotaScope.MINUTE: "rpm",
            QuotaScope.TOKENS_MINUTE: "tpm",
            QuotaScope.DAY: "rpd",
        }
        name = names.get(self.scope)
        return self.learned.get(name) if name else None


class KeyRefused(UpstreamUnauthorized):
    """The key is wrong, expired, leaked, or its project may not use the API."""

    code = "key_refused"


class ModelRetired(UpstreamRejected):
    """The model doesn't exist (any more). The sentence names the setting to change."""

    code = "model_retired"

    def __init__(self, sentence: str, *, model: str) -> None:
        super().__init__(sentence, remote_code=404, model=model)
        self.model = model


class PromptBlocked(UpstreamRejected):
    """The vendor's filter refused the conversation or its own answer."""

    code = "prompt_blocked"

    def __init__(self, sentence: str, *, reason: str, usage: TokenUsage | None = None) -> None:
        super().__init__(sentence, reason=reason)
        self.reason = reason
        self.usage = usage


class RequestRefused(UpstreamRejected):
    """A 4xx that no retry will cure."""

    code = "request_refused"


class AnswerInvalid(UpstreamMalformed):
    """The answer isn't what was asked for. `usage` is what it cost all the same."""

    code = "answer_invalid"

    def __init__(self, sentence: str, *, usage: TokenUsage | None = None) -> None:
        super().__init__(sentence)
        self.usage = usage


class AnswerTruncated(AnswerInvalid):
    """The answer hit the output limit (thinking counts against it) and is broken off."""

    code = "answer_truncated"


class ProviderUnavailable(UpstreamUnavailable):
    """Network, time-out, or 5xx. `retry_after_seconds` if the vendor gave one."""

    code = "provider_unavailable"

    def __init__(
        self,
        sentence: str,
        *,
        remote_code: int | str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(sentence, remote_code=remote_code)
        self.retry_after_seconds = retry_after_seconds


def redact(text: str, secret: str = "") -> str:
    """Return what a vendor said, without the key and on one line of at most 300 characters."""
    if secret:
        text = text.replace(secret, "[key]")
    return " ".join(KEY_LIKE.sub("[key]", text).split())[:300]
