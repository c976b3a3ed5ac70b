"""Google's error envelopes, to the letter of what its clients must read."""

from typing import Any

from hirocrm.sandbox.llm.quota import METRIC, RPD_ID, RPM_ID, Violation
from hirocrm.sandbox.wire import Reply, json_reply

HELP = {
    "@type": "type.googleapis.com/google.rpc.Help",
    "links": [{"description": "Learn more about Gemini API quotas", "url": "https://ai.google.dev/gemini-api/docs/rate-limits"}],
}  # fmt: skip
PREPAYMENT = "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing."
EXHAUSTED = "Resource has been exhausted (e.g. check quota)."
QUOTA = "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."
OVERLOADED = "This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try again later."
KEY_INVALID = "API key not valid. Please pass a valid API key."
KEY_EXPIRED = "API key expired. Please renew the API key."
NO_KEY = "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API."
NO_MINIMAL = "Thinking level MINIMAL is not supported for this model."
LEAKED = "Your API key was reported as leaked. Please use another API key."
STATUSES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip


def google_error(
    code: int,
    message: str,
    *,
    status: str = "",
    details: list[Any] | None = None,
    is_list: bool = False,
) -> Reply:
    """The envelope; `is_list` wraps it in a one-element list, as some routes do."""
    error: dict[str, Any] = {
        "code": code,
        "message": message,
        "status": status or STATUSES.get(code, "UNKNOWN"),
    }
    if details:
        error["details"] = details
    body: Any = {"error": error}
    return json_reply([body] if is_list else body, code)


def error_info(reason: str) -> dict[str, Any]:
    """google.rpc.ErrorInfo for a reason such as API_KEY_INVALID."""
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    }  # fmt: skip


def key_invalid(message: str = KEY_INVALID) -> Reply:
    """400 API_KEY_INVALID."""
    localized = {
        "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
        "locale": "en-US",
        "message": message,
    }
    return google_error(400, message, details=[error_info("API_KEY_INVALID"), localized])


def wrong_token_type() -> Reply:
    """401 ACCESS_TOKEN_TYPE_UNSUPPORTED: what some auth keys get."""
    message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential."
    return google_error(401, message, details=[error_info("ACCESS_TOKEN_TYPE_UNSUPPORTED")])


def model_gone(model: str) -> Reply:
    """404 for an unknown or shut-down model."""
    message = f"models/{model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods."
    return google_error(404, message)


def seconds_text(seconds: float) -> str:
    """A protobuf duration: "37s", "0.2s"."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"


def quota_exceeded(
    model: str, violations: tuple[Violation, ...], retry_seconds: float | None
) -> Reply:
    """429 with Help, QuotaFailure and RetryInfo; without violations the short-burst sentence alone."""
    if not violations:
        return google_error(429, EXHAUSTED)
    lines = [
        f"* Quota exceeded for metric: {v.metric}, limit: {v.value}, model: {model}"
        for v in violations
    ]
    retry = seconds_text(retry_seconds) if retry_seconds is not None else ""
    tail = f"\nPlease retry in {retry}." if retry else ""
    failures = [
        {"quotaMetric": v.metric, "quotaId": v.quota_id, "quotaDimensions": {"location": "global", "model": model}, "quotaValue": str(v.value)}
        for v in violations
    ]  # fmt: skip
    details: list[Any] = [
        HELP,
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": failures},
    ]
    if retry:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": retry})
    return google_error(429, "\n".join([QUOTA, *lines]) + tail, details=details)


def violations_for(
    period: str, *, value: int = 15, tier: str = "FreeTier"
) -> tuple[Violation, ...]:
    """The violations of a period: "minute", "day", "both", or none for anything else."""
    minute = Violation(f"{RPM_ID}-{tier}", METRIC, value)
    day = Violation(f"{RPD_ID}-{tier}", METRIC, value)
    return {"minute": (minute,), "day": (day,), "both": (minute, day)}.get(period, ())
