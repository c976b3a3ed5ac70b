"""The one table that turns refusals into HTTP: RFC 9457 problem+json with our stable `code`."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.core.serializers.json import DjangoJSONEncoder
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from hirocrm.core import errors

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"
DATABASE_RETRY_SECONDS = 5


class RateLimitExceeded(errors.HiroError):
    """The caller has used up this minute's requests."""

    code = "rate_limited"


# The first family that fits decides, so narrower ones come first.
STATUS_BY_FAMILY: tuple[tuple[type[errors.HiroError], int], ...] = (
    (errors.NotFound, 404),
    (errors.Forbidden, 403),
    (errors.Conflict, 409),
    (errors.Invalid, 422),
    (errors.OutOfSpace, 507),
    (RateLimitExceeded, 429),
    (errors.UpstreamRateLimited, 503),
    (errors.UpstreamUnavailable, 503),
    (errors.UpstreamError, 502),
    (errors.HiroError, 500),
)

SENTENCES = {
    400: "The request can't be read.",
    401: "Sign in, or send a valid API token as “Authorization: Bearer …”.",
    403: "This isn't allowed.",
    404: "There is nothing at this address.",
    405: "This address doesn't take that method.",
    413: "The request is too large.",
    500: "Something went wrong on our side. It has been logged.",
    507: errors.DISK_FULL,
    503: errors.DATABASE_AWAY,
}
CODES = {
    400: "bad_request",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    422: "malformed",
    500: "internal_error",
    507: "disk_full",
    503: "database_unavailable",
}


def problem(
    status: int,
    *,
    detail: str | None = None,
    code: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """An answer of RFC 9457: what kind of problem, one sentence for people, and the refusal's details."""
    code = code or CODES.get(status, f"http_{status}")
    body = {
        **{camel(key): value for key, value in (extra or {}).items()},
        "type": f"urn:hirocrm:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or SENTENCES.get(status, HTTPStatus(status).phrase),
        "code": code,
    }
    return HttpResponse(
        json.dumps(body, cls=DjangoJSONEncoder), status=status, content_type=CONTENT_TYPE
    )


def camel(name: str) -> str:
    """`retry_after_seconds` as JSON has it: `retryAfterSeconds`."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def install(api: NinjaAPI) -> None:
    """Answer every exception of a route through this module."""
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        errors.HiroError: _refusal,
        ValidationError: _malformed,
        AuthenticationError: _not_signed_in,
        HttpError: _http_error,
        Http404: lambda _request, _exc: problem(404),
        RequestDataTooBig: lambda _request, _exc: problem(413),
        OperationalError: _database_down,
        InterfaceError: _database_down,
        Exception: _bug,
    }
    for family, handler in handlers.items():
        api.add_exception_handler(family, handler)


def _refusal(_request: HttpRequest, exc: errors.HiroError) -> HttpResponse:
    status = next(status for family, status in STATUS_BY_FAMILY if isinstance(exc, family))
    details = dict(exc.details)
    field = details.get("field")
    if isinstance(field, str):
        details["field"] = camel(field)  # services name a column, callers know the JSON
    response = problem(status, detail=exc.sentence, code=exc.code, extra=details)
    wait = getattr(exc, "retry_after_seconds", None) or exc.details.get("retry_after_seconds")
    if isinstance(wait, int | float):
        response["Retry-After"] = str(max(1, round(wait)))
    return response


def _malformed(_request: HttpRequest, exc: ValidationError) -> HttpResponse:
    """A payload that breaks its schema: each field with what is wrong. A path that can't be an id leads nowhere."""
    if any(error["loc"][0] == "path" for error in exc.errors):
        return problem(404)
    found = [{"field": _field(error["loc"]), "message": error["msg"]} for error in exc.errors]
    first = found[0]
    detail = f"{first['field']}: {first['message']}." if first["field"] else f"{first['message']}."
    return problem(422, detail=detail, extra={"errors": found})


def _field(location: tuple[str | int, ...]) -> str:
    """`("body", "body", "autoPipelineMode")` as `autoPipelineMode`: where it is, and the parameter's name, say nothing."""
    parts = [str(part) for part in location]
    inner = parts[2:] if parts[0] in {"body", "form"} or len(parts) > 2 else parts[1:]
    return ".".join(inner)


def _not_signed_in(_request: HttpRequest, _exc: AuthenticationError) -> HttpResponse:
    response = problem(401)
    response["WWW-Authenticate"] = 'Bearer realm="HiroCRM"'
    return response


def _http_error(_request: HttpRequest, exc: HttpError) -> HttpResponse:
    if exc.status_code == 400:  # ninja's word for a body that its parser couldn't read
        return problem(400, detail=_unreadable(exc.__cause__), code="malformed_json")
    return problem(exc.status_code, detail=exc.message)


def _unreadable(cause: BaseException | None) -> str:
    if isinstance(cause, json.JSONDecodeError):
        return (
            f"The body isn't valid JSON: {cause.msg} at line {cause.lineno}, column {cause.colno}."
        )
    if isinstance(cause, UnicodeDecodeError):
        return "The body isn't valid JSON: it must be encoded as UTF-8."
    return "The body isn't valid JSON."


def _database_down(_request: HttpRequest, exc: Exception) -> HttpResponse:
    log.error("api.database_unavailable", error=type(exc).__name__)
    response = problem(503)
    response["Retry-After"] = str(DATABASE_RETRY_SECONDS)
    return response


def _bug(request: HttpRequest, exc: Exception) -> HttpResponse:
    if errors.is_full_disk(exc):
        return problem(507)
    log.error("api.request_failed", method=request.method, path=request.path, exc_info=exc)
    return problem(500)
