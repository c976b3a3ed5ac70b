"""Which member looks at a page: every page but the account's own is behind `member_required`."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.translation import gettext as _

from hirocrm.core import clock
from hirocrm.core.errors import Invalid
from hirocrm.organizations import queries, sessions
from hirocrm.organizations.errors import OrganizationLeft, OrganizationSwitched
from hirocrm.organizations.models import Member

SEEN_HEADER = "X-Organization"
SEEN_FIELD = "seen_organization"
P = ParamSpec("P")


class MemberHttpRequest(HttpRequest):
    """A request of a signed-in person, with their membership in the organization they look at."""

    member: Member


MemberView = Callable[Concatenate[MemberHttpRequest, P], HttpResponseBase]
AsyncMemberView = Callable[Concatenate[MemberHttpRequest, P], Awaitable[HttpResponseBase]]


class AccountPagesMiddleware:
    """Gives the account's own pages, which are allauth's, the member whose name and links stand around them.

    Who belongs to no organization sees them all the same.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer as ever."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Look the member up, once the address has turned out to be the account's."""
        match = request.resolver_match
        if match is None or not (match.url_name or "").startswith("account_"):
            return
        member = sessions.find_session_member(user=request.user, session=request.session)
        if member is not None:
            request.member = member  # type: ignore[attr-defined]  # makes it a MemberHttpRequest


def member_required(view: MemberView[P]) -> Callable[..., HttpResponseBase]:
    """Let members in; anyone else is led to the sign-in page, and back afterwards."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        refusal = _admit(request)
        return refusal or view(request, *args, **kwargs)  # type: ignore[arg-type]  # admitted: it has a member

    return guarded


def async_member_required(view: AsyncMemberView[P]) -> Callable[..., Awaitable[HttpResponseBase]]:
    """The same for an asynchronous view."""

    @wraps(view)
    async def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        refusal = await sync_to_async(_admit)(request)
        return refusal or await view(request, *args, **kwargs)  # type: ignore[arg-type]  # admitted: it has a member

    return guarded


def _admit(request: HttpRequest) -> HttpResponseBase | None:
    """Give the request its member; the answer instead, if there is none."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))
    member = sessions.find_session_member(user=request.user, session=request.session)
    if member is None:
        if request.headers.get("HX-Request") == "true":
            raise OrganizationLeft(_("You aren't a member of this organization any more."))
        is_invited = queries.is_invited(user=request.user, now=clock.now())
        return render(request, "no_organization.html", {"is_invited": is_invited}, status=403)
    _check_same(request, member)
    _check_text(request)
    request.member = member  # type: ignore[attr-defined]  # makes it a MemberHttpRequest
    return None


def _check_text(request: HttpRequest) -> None:
    """Refuse a NUL in a form, which no keyboard types and PostgreSQL doesn't keep.

    Raises:
        Invalid: there is one.
    """
    if any("\x00" in value for values in request.POST.lists() for value in values[1]):
        raise Invalid(_("There is a character in it that can't be kept (NUL). Take it out."))


def _check_same(request: HttpRequest, member: Member) -> None:
    """Refuse what a page sends that was made for another organization: another tab has switched since.

    Pages name theirs with every request but plain links (layouts/base.html, frontend/js/forms.js).

    Raises:
        OrganizationSwitched: the page belongs to another one.
    """
    seen = request.headers.get(SEEN_HEADER) or request.POST.get(SEEN_FIELD)
    if not seen or seen == str(member.organization_id):
        return
    words = _("This browser shows %(name)s now. Reload the page to go on.")
    raise OrganizationSwitched(words % {"name": member.organization.name})
