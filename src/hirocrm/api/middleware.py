"""What every answer under /api has, whoever made it: problem+json when it is a refusal, and the rate limit's headers."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from hirocrm.api.errors import problem

PREFIX = "/api/"
Handler = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def api_responses(get_response: Handler) -> Handler:
    """Finish answers under /api."""
    if iscoroutinefunction(get_response):

        async def async_handler(request: HttpRequest) -> HttpResponseBase:
            return _finish(request, await get_response(request))

        return async_handler

    def handler(request: HttpRequest) -> HttpResponseBase:
        return _finish(request, get_response(request))  # type: ignore[arg-type]  # this branch is the synchronous one

    return handler


def _finish(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if not request.path.startswith(PREFIX):
        return response
    if response.status_code >= 400 and "json" not in response.get("Content-Type", ""):
        allowed = response.get("Allow")
        response = problem(response.status_code)
        if allowed:
            response["Allow"] = ", ".join(sorted(allowed.split(", ")))
    if response.status_code == HTTPStatus.NO_CONTENT:
        response.headers.pop("Content-Type", None)  # there is no content that could be JSON
    rate = getattr(request, "rate", None)
    if rate is not None:
        response["X-RateLimit-Limit"] = str(rate.limit)
        response["X-RateLimit-Remaining"] = str(rate.remaining)
        response["X-RateLimit-Reset"] = str(rate.reset_seconds)
    if not response.has_header("Cache-Control"):
        response["Cache-Control"] = "no-store"  # answers hold people's conversations
    return response
