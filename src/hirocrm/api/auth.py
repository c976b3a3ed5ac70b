"""Who asks: a bearer token, or the browser's session with its CSRF token. Either gives a member."""

from typing import cast
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from hirocrm.api.errors import RateLimitExceeded
from hirocrm.core import clock
from hirocrm.organizations import queries, services, sessions
from hirocrm.organizations.models import Member
from hirocrm.organizations.request_rate import RequestRate, count_request


class MemberRequest(HttpRequest):
    """A request that passed authentication."""

    auth: Member
    rate: RequestRate


class BearerToken(HttpBearer):
    """An API token: made under Settings or with `hirocrm token`, sent as `Authorization: Bearer …`."""

    openapi_description = "An API token, made in the settings or with `hirocrm token`."

    def authenticate(self, request: HttpRequest, token: str) -> Member | None:
        """The token's member, limited to the token's scopes; None for a dead or unknown token."""
        use = queries.find_token_use(token.strip())
        if use is None:
            return None
        _count(request, use.token.id)
        services.touch_api_token(token=use.token, now=clock.now())
        return use.member


class BrowserSession(APIKeyCookie):
    """The session of who is signed in; unsafe methods need the CSRF token in `X-CSRFToken`."""

    param_name = "sessionid"
    openapi_description = "The browser's session. Send the CSRF token as `X-CSRFToken` with POST, PUT, PATCH and DELETE."

    def __call__(self, request: HttpRequest) -> Member | None:
        """The signed-in member, or None. A missing CSRF token is refused only for who is signed in."""
        member = sessions.find_session_member(user=request.user, session=request.session)
        if member is None:
            return None
        if check_csrf(request) is not None:
            raise HttpError(403, "The CSRF token is missing or wrong. Reload the page.")
        _count(request, member.id)
        return member

    def authenticate(self, request: HttpRequest, key: str | None) -> Member | None:
        """Not used: `__call__` asks the session itself."""
        raise NotImplementedError


def _count(request: HttpRequest, caller: UUID) -> None:
    rate = count_request(caller=caller, limit=settings.API_REQUESTS_PER_MINUTE, now=clock.now())
    cast("MemberRequest", request).rate = rate
    if rate.is_exceeded:
        raise RateLimitExceeded(
            f"More than {rate.limit} requests in a minute. Wait {rate.reset_seconds} s.",
            retry_after_seconds=rate.reset_seconds,
        )
