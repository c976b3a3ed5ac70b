"""What can go wrong with an AI call: the fault kinds of gemini-api, as errors or as odd answers."""

from collections.abc import Callable
from typing import Any

from hirocrm.sandbox.faults import Fault
from hirocrm.sandbox.llm import google_errors as errors
from hirocrm.sandbox.wire import Reply

Params = dict[str, Any]


def _quota(model: str, params: Params) -> Reply:
    period = str(params.get("period", "minute"))
    delay = params.get("retry_seconds", 37.0)
    found = errors.violations_for(
        period, value=int(params.get("value", 15)), tier=params.get("tier", "FreeTier")
    )
    reply = errors.quota_exceeded(model, found, None if delay is None else float(delay))
    if "retry_after" in params:
        reply.headers.append(("retry-after", str(params["retry_after"])))
    return reply


def _limit_zero(model: str, params: Params) -> Reply:
    found = errors.violations_for("both", value=0, tier=params.get("tier", "FreeTier"))
    return errors.quota_exceeded(model, found, float(params.get("retry_seconds", 20.0)))


def _thinking_refused(_model: str, params: Params) -> Reply:
    level = params.get("level", "MINIMAL")
    return errors.google_error(400, f"Thinking level {level} is not supported for this model.")


# kind: the error reply that stands in place of an answer
ERRORS: dict[str, Callable[[str, Params], Reply]] = {
    "quota": _quota,
    "limit_zero": _limit_zero,
    "prepayment": lambda _m, _p: errors.google_error(429, errors.PREPAYMENT),
    "exhausted": lambda _m, _p: errors.google_error(429, errors.EXHAUSTED),
    "key_invalid": lambda _m, p: errors.key_invalid(p.get("message", errors.KEY_INVALID)),
    "key_expired": lambda _m, _p: errors.key_invalid(errors.KEY_EXPIRED),
    "unauthenticated": lambda _m, _p: errors.wrong_token_type(),
    "leaked": lambda _m, _p: errors.google_error(403, errors.LEAKED),
    "forbidden": lambda _m, p: errors.google_error(403, p.get("message", "The caller does not have permission")),
    "billing_required": lambda _m, _p: errors.google_error(400, "User location is not supported for the API use without a billing account linked.", status="FAILED_PRECONDITION"),
    "retired": lambda m, _p: errors.model_gone(m),
    "overloaded": lambda _m, _p: errors.google_error(503, errors.OVERLOADED),
    "internal": lambda _m, _p: errors.google_error(500, "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting"),
    "deadline": lambda _m, _p: errors.google_error(504, "Deadline expired before operation could complete."),
    "too_large": lambda _m, _p: errors.google_error(413, "Request payload size exceeds the limit: 20971520 bytes."),
    "list_wrapped": lambda _m, _p: errors.google_error(503, errors.OVERLOADED, is_list=True),
}  # fmt: skip


def error_reply(model: str, faults: list[Fault], *, level: str) -> Reply | None:
    """The error this call gets, if a fault says so. `level` is the thinking level it asked for."""
    for fault in faults:
        if fault.kind == "thinking_refused":
            refused = fault.params.get("levels", ["MINIMAL"])
            if level in refused:
                return _thinking_refused(model, {"level": level})
        elif fault.kind in ERRORS:
            return ERRORS[fault.kind](model, fault.params)
    return None


def bent_text(text: str, faults: list[Fault]) -> str:
    """The answer's text after the faults that spoil it."""
    for fault in faults:
        if fault.kind == "invalid_json":
            text = str(fault.params.get("text", text[: len(text) // 2]))
        elif fault.kind == "wrong_shape":
            text = '{"verdict": "fine", "score": "a lot"}'
        elif fault.kind == "fenced":
            text = f"```json\n{text}\n```"
        elif fault.kind == "empty_text":
            text = ""
        elif fault.kind == "text":
            text = str(fault.params.get("text", ""))
    return text
