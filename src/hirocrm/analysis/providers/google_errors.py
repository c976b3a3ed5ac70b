"""Google's error envelope, read defensively, as one of our errors.

https://ai.google.dev/gemini-api/docs/troubleshooting and the 429 bodies integrators recorded:
a 429 is told apart by `quotaId`, never by its message, which names "quota" and "billing" every time.
"""

import re
from collections.abc import Iterable
from typing import Any

from hirocrm.analysis.providers.errors import (
    KeyRefused,
    Limit,
    ModelRetired,
    ProviderUnavailable,
    QuotaExceeded,
    QuotaScope,
    RequestRefused,
    redact,
)
from hirocrm.analysis.providers.http import Reply, duration_seconds
from hirocrm.core.errors import UpstreamError

SPEND_LIMIT_REST_SECONDS = 300.0  # the paid tiers' guard looks at a rolling 10 minutes
CREDITS_GONE = re.compile(
    r"prepa(?:id|y(?:ment)?)\s+credits|credits? (?:are|is) depleted", re.IGNORECASE
)
SPEND_LIMIT = re.compile(r"spend(?:ing)?[ -](?:limit|cap)|spend rate", re.IGNORECASE)
LIMIT_ZERO = re.compile(r"\blimit:\s*0(?![\d.])")
KEY_REASONS = frozenset(
    {
        "API_KEY_INVALID",
        "API_KEY_EXPIRED",
        "ACCESS_TOKEN_TYPE_UNSUPPORTED",
        "API_KEY_SERVICE_BLOCKED",
    }
)


def google_error(reply: Reply, *, model: str, model_setting: str, secret: str) -> UpstreamError:
    """Return the error an unsuccessful answer of the Gemini API stands for."""
    error = _error_object(reply)
    raw = _text(error.get("message")) or reply.text
    message = redact(raw, secret)
    if reply.status == 429:
        return _quota_error(error, reply, raw=raw, message=message)
    if reply.status == 404 and error:
        return ModelRetired(
            f"Google no longer offers the model {model}. Set {model_setting} to a current model, "
            "or choose one in the AI settings.",
            model=model,
        )
    if reply.status in {408, 499} or reply.status >= 500:
        return ProviderUnavailable(
            f"Gemini is unavailable (HTTP {reply.status}): {message}",
            remote_code=reply.status,
            retry_after_seconds=reply.retry_after_seconds,
        )
    if _is_about_the_key(reply.status, error, raw):
        return KeyRefused(f"Google refused the key: {message}", remote_code=reply.status)
    return RequestRefused(
        f"Gemini refused the request (HTTP {reply.status}): {message}", remote_code=reply.status
    )


def is_thinking_refused(reply: Reply) -> bool:
    """Whether a 400 says that the thinking level or budget we sent isn't taken by this model."""
    message = _text(_error_object(reply).get("message")).lower()
    return reply.status == 400 and "thinking" in message


def _error_object(reply: Reply) -> dict[str, Any]:
    error = (reply.data or {}).get("error")
    return error if isinstance(error, dict) else {}


def _is_about_the_key(status: int, error: dict[str, Any], message: str) -> bool:
    if status in {401, 403}:
        return True
    if status != 400:
        return False
    reasons = {_text(detail.get("reason")) for detail in _details(error, "ErrorInfo")}
    lowered = message.lower()
    return (
        bool(reasons & KEY_REASONS)
        or error.get("status") == "FAILED_PRECONDITION"  # country, or billing required
        or "api key not valid" in lowered
        or "api key expired" in lowered
    )


def _quota_error(error: dict[str, Any], reply: Reply, *, raw: str, message: str) -> QuotaExceeded:
    violations = [
        violation
        for failure in _details(error, "QuotaFailure")
        for violation in _dicts(failure.get("violations"))
    ]
    scope, quota_id = _scope(violations, raw)
    delay = next(
        (
            seconds
            for info in _details(error, "RetryInfo")
            if (seconds := duration_seconds(info.get("retryDelay"))) is not None
        ),
        reply.retry_after_seconds,
    )
    if scope is QuotaScope.BURST and delay is None and SPEND_LIMIT.search(raw):
        delay = SPEND_LIMIT_REST_SECONDS
    return QuotaExceeded(
        f"Gemini's quota is used up: {message}",
        scope=scope,
        retry_after_seconds=delay,
        learned=_learned(violations),
        quota_id=quota_id,
    )


def _scope(violations: list[dict[str, Any]], message: str) -> tuple[QuotaScope, str]:
    """Return the gravest limit that was hit and its quotaId: several may come at once."""
    ids = [_text(violation.get("quotaId")) for violation in violations]
    if LIMIT_ZERO.search(message) or any(_text(v.get("quotaValue")) == "0" for v in violations):
        return QuotaScope.NOT_OFFERED, ids[0] if ids else ""
    if CREDITS_GONE.search(message):
        return QuotaScope.BILLING, ids[0] if ids else ""
    for quota_id in ids:
        if "PerDay" in quota_id:
            return QuotaScope.DAY, quota_id
    for quota_id in ids:
        if "PerMinute" in quota_id:
            tokens = "Token" in quota_id
            return (QuotaScope.TOKENS_MINUTE if tokens else QuotaScope.MINUTE), quota_id
    return QuotaScope.BURST, ids[0] if ids else ""


def _learned(violations: list[dict[str, Any]]) -> dict[Limit, int]:
    learned: dict[Limit, int] = {}
    for violation in violations:
        quota_id, value = _text(violation.get("quotaId")), _text(violation.get("quotaValue"))
        name = _limit_name(quota_id)
        if name and value.isdecimal() and int(value) > 0:
            learned[name] = min(int(value), learned.get(name, int(value)))
    return learned


def _limit_name(quota_id: str) -> Limit | None:
    tokens = "Token" in quota_id
    if "PerMinute" in quota_id:
        return "tpm" if tokens else "rpm"
    return "rpd" if "PerDay" in quota_id and not tokens else None


def _details(error: dict[str, Any], kind: str) -> Iterable[dict[str, Any]]:
    for detail in _dicts(error.get("details")):
        if _text(detail.get("@type")).endswith(f".{kind}"):
            yield detail


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int) else ""
