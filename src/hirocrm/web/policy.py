"""The Content-Security-Policy: nothing inline, nothing from another host.

Django gets its own in 6.0; until then this middleware writes the one header.
"""

from collections.abc import Callable
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class ContentSecurityPolicyMiddleware:
    """Adds the policy to every answer that hasn't set its own."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the policy."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response


class PrivatePagesMiddleware:
    """Keeps what Django answers out of caches that people share; built files never come this far."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, for this browser alone unless the view has said otherwise."""
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


class HtmxSignInMiddleware:
    """Sends htmx to the sign-in page as a page, instead of swapping it into a corner."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; a redirect to sign-in becomes an HX-Redirect for htmx."""
        response = self.get_response(request)
        is_htmx = request.headers.get("HX-Request") == "true"
        target = response.headers.get("Location", "")
        if not (is_htmx and response.status_code in {301, 302} and _is_sign_in(target)):
            return response
        page = request.headers.get("HX-Current-URL", "/")
        return HttpResponse(status=204, headers={"HX-Redirect": _back_to(target, page)})


def _is_sign_in(target: str) -> bool:
    return target.split("?", maxsplit=1)[0] == resolve_url(settings.LOGIN_URL)


def _back_to(target: str, page: str) -> str:
    """The sign-in address, leading back to the page the person is looking at."""
    parts = urlsplit(page)
    query = f"?{parts.query}" if parts.query else ""
    return f"{target.split('?', maxsplit=1)[0]}?next={quote(parts.path + query)}"
