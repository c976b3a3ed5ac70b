"""Refusals and faults as pages that say what happened, whose side it is on and what to do.

`DomainErrorMiddleware` turns the families of `core.errors` into the same pages; the API has its own table.
"""

from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.translation import gettext as _

from hirocrm.core.errors import (
    Conflict,
    Forbidden,
    HiroError,
    Invalid,
    NotFound,
    OutOfSpace,
    UpstreamError,
)
from hirocrm.web.toasts import show_toast

STATUSES: tuple[tuple[type[HiroError], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (Conflict, 409),
    (Invalid, 400),
    (UpstreamError, 502),
    (OutOfSpace, 507),
)


def _page(request: HttpRequest, status: int, sentence: str = "") -> HttpResponse:
    template = f"{status if status in {400, 403, 404, 405, 413} else 500}.html"
    if status in {409, 502, 507}:
        template = "refused.html"
    return render(request, template, {"sentence": sentence}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Handle 400: what was sent can't be read; 413 where there is too much of it."""
    if not isinstance(exception, RequestDataTooBig):
        return _page(request, 400)
    if request.headers.get("HX-Request") == "true":
        return toast_refusal(_("That is larger than this page takes. Shorten it."), status=413)
    return _page(request, 413)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  # Django names it
    """Handle 403: the role doesn't allow it."""
    return _page(request, 403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  # Django names it
    """Handle 404: no such page, or it belongs to another organization."""
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Handle 500 without the database or context processors, which may be what failed."""
    return _without_context(request, 500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503: the database is away, and with it everything that a page knows."""
    return _without_context(request, 503)


def out_of_space(request: HttpRequest) -> HttpResponse:
    """507: the disk is full, so nothing was kept."""
    return _without_context(request, 507)


def _without_context(request: HttpRequest, status: int) -> HttpResponse:
    html = get_template(f"{status}.html").render({"theme": request.COOKIES.get("theme", "")})
    return HttpResponse(html, status=status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  # Django names it
    """Handle a form whose security token is missing or stale (settings.CSRF_FAILURE_VIEW)."""
    if request.headers.get("HX-Request") == "true":
        words = _("You signed in again since this page was opened. Reload it and try once more.")
        return toast_refusal(words, status=403)
    return render(request, "403_csrf.html", status=403)


class DomainErrorMiddleware:
    """Shows a HiroError as a page, or to htmx as a toast that leaves the page as it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; refusals come through `process_exception`, and Django's wordless 405 becomes a page."""
        response = self.get_response(request)
        if response.status_code != 405 or request.path.startswith("/api/"):
            return response
        page = _page(request, 405)
        page.headers["Allow"] = response.headers.get("Allow", "")
        return page

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn a refusal into an answer; anything else is a fault and stays one."""
        if not isinstance(error, HiroError) or request.path.startswith("/api/"):
            return None
        status = next((code for family, code in STATUSES if isinstance(error, family)), 500)
        if status == 500:
            return None
        if request.headers.get("HX-Request") == "true":
            return toast_refusal(error.sentence, status=status)
        return _page(request, status, error.sentence)


def toast_refusal(sentence: str, *, status: int) -> HttpResponse:
    """An answer that htmx doesn't swap, with the sentence as a toast."""
    return show_toast(HttpResponse(status=status), sentence, tone="bad")
