"""To Meta's dialog, back from it, and choosing among the Pages it opened."""

from collections.abc import Callable, Collection
from functools import wraps
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods

from hirocrm.core import clock
from hirocrm.core.errors import Conflict, HiroError, Invalid, UpstreamError
from hirocrm.core.text import clean
from hirocrm.meta import choosing, logins
from hirocrm.meta.errors import LoginDeclined, LoginFailed
from hirocrm.meta.login_dialog import DialogAnswer
from hirocrm.meta.models import Flavour, Login
from hirocrm.sync import first
from hirocrm.web.connect.catching_up import fetch_what_was_missed
from hirocrm.web.connect.presentation import missing_permissions, rows_of
from hirocrm.web.members import MemberHttpRequest, member_required

SHOWN = 100
PRESELECTED_UP_TO = 25  # of a longer list, a person says which


@require_GET
@never_cache
@member_required
def start_facebook(request: MemberHttpRequest) -> HttpResponse:
    """Lead to Facebook's dialog."""
    return _start(request, Flavour.PAGE)


@require_GET
@never_cache
@member_required
def start_instagram(request: MemberHttpRequest) -> HttpResponse:
    """Lead to Instagram's dialog."""
    return _start(request, Flavour.INSTAGRAM)


def _start(request: MemberHttpRequest, flavour: Flavour) -> HttpResponse:
    try:
        address = logins.start_login(
            member=request.member,
            session_key=_session_key(request),
            flavour=flavour,
            ask_again=request.GET.get("again") == "1",
            now=clock.now(),
        )
    except Invalid as refusal:
        messages.error(request, refusal.sentence)
        return redirect("page-connect")
    return redirect(address)


def _for_who_left(
    view: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Let nobody take a code along to the sign-in page: the login that it answers ended with the session."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request)
        messages.info(request, _("You were signed out meanwhile. Sign in and start again."))
        return redirect_to_login(reverse("page-connect"), resolve_url(settings.LOGIN_URL))

    return guarded


@require_GET
@never_cache
@_for_who_left
@member_required
def facebook_callback(request: MemberHttpRequest) -> HttpResponse:
    """Take Facebook's answer."""
    return _finish(request, Flavour.PAGE)


@require_GET
@never_cache
@_for_who_left
@member_required
def instagram_callback(request: MemberHttpRequest) -> HttpResponse:
    """Take Instagram's answer."""
    return _finish(request, Flavour.INSTAGRAM)


@sensitive_variables("answer")
def _finish(request: MemberHttpRequest, flavour: Flavour) -> HttpResponse:
    answer = _answer_of(request.GET)
    try:
        login = logins.finish_login(
            member=request.member,
            session_key=_session_key(request),
            flavour=flavour,
            answer=answer,
            now=clock.now(),
        )
    except (Invalid, Conflict, UpstreamError) as refusal:
        return _show_refusal(request, flavour, refusal)
    # Straight on to another address: a code must not stay in the history or be sent twice.
    return redirect("connect-choose", login.pk)


def _answer_of(query: QueryDict) -> DialogAnswer:
    return DialogAnswer(
        state=query.get("state", ""),
        code=query.get("code", ""),
        error=query.get("error", ""),
        reason=query.get("error_reason", ""),
    )


def _show_refusal(request: HttpRequest, flavour: Flavour, refusal: HiroError) -> HttpResponse:
    start = "connect-instagram" if flavour is Flavour.INSTAGRAM else "connect-facebook"
    declined, sentence = isinstance(refusal, LoginDeclined), refusal.sentence
    if isinstance(refusal, UpstreamError):
        sentence = logins.why_not(flavour, refusal)
    context = {
        "sentence": sentence,
        "code": refusal.code,
        "is_declined": declined,
        "again_url": f"{reverse(start)}?again=1" if declined else reverse(start),
    }
    status = 200 if declined else 502 if isinstance(refusal, UpstreamError) else 400
    return render(request, "connect/refused.html", context, status=status)


def _session_key(request: HttpRequest) -> str:
    return request.session.session_key or ""


# --- choosing -------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@never_cache
@member_required
def choose(request: MemberHttpRequest, login_id: UUID) -> HttpResponse:
    """The Pages that a login opened, to be chosen from; searching keeps what is ticked."""
    login = logins.get_login(member=request.member, login_id=login_id, now=clock.now())
    if login.chosen_at is not None:
        return redirect("connect-progress", login.pk)
    if request.method == "GET":
        return _show_choice(request, login, search=request.GET.get("q", ""), chosen=None)
    chosen = [clean(page_id) for page_id in request.POST.getlist("page")]
    if request.POST.get("do") == "search":
        return _show_choice(request, login, search=request.POST.get("q", ""), chosen=set(chosen))
    return _connect_chosen(request, login, chosen)


def _connect_chosen(request: MemberHttpRequest, login: Login, chosen: list[str]) -> HttpResponse:
    try:
        choice = choosing.connect_chosen(
            member=request.member,
            login_id=login.pk,
            remote_ids=chosen,
            all_matching=request.POST.get("matching", "") if "all" in request.POST else None,
            now=clock.now(),
        )
    except LoginFailed as refusal:
        return _show_choice(request, login, search="", chosen=set(chosen), problem=refusal.sentence)
    if choice.left:
        return redirect("connect-progress", login.pk)
    for name, sentence in choice.refused:
        messages.error(request, f"{name}: {sentence}")
    if not (choice.connected or choice.reconnected):
        return redirect("connect-choose", login.pk)
    return _lead_on(request, choice)


def _show_choice(
    request: MemberHttpRequest,
    login: Login,
    *,
    search: str,
    chosen: Collection[str] | None,
    problem: str = "",
) -> HttpResponse:
    if chosen is None and login.page_count > PRESELECTED_UP_TO:
        chosen = ()
    matching = logins.list_found_pages(login=login, search=search)
    kept = logins.list_found_pages(login=login).filter(remote_id__in=chosen or ())
    shown = list(matching[:SHOWN])
    there = {page.remote_id for page in shown}
    found = [*(page for page in kept if page.remote_id not in there), *shown]
    holders = logins.find_holders(member=request.member, found=found)
    context = {
        "login": login,
        "rows": rows_of(login, found, holders, chosen=chosen),
        "search": search,
        "matching": matching.count(),
        "shown": SHOWN,
        "is_cut": matching.count() > SHOWN,
        "connectable": logins.list_connectable(login=login, search=search).count(),
        "is_searchable": login.page_count > 8,
        "missing": missing_permissions(login, has_instagram=_has_instagram(login)),
        "problem": problem,
    }
    return render(request, "connect/choose.html", context, status=422 if problem else 200)


def _has_instagram(login: Login) -> bool:
    """Whether Instagram's permissions matter: somebody who declined them sees no accounts at all."""
    return login.flavour == Flavour.PAGE


@require_GET
@never_cache
@member_required
def progress(request: MemberHttpRequest, login_id: UUID) -> HttpResponse:
    """How far a worker is with connecting what was chosen; the page asks for its middle again until it is over."""
    login = logins.get_login(member=request.member, login_id=login_id, now=clock.now())
    if login.chosen_at is None:
        return redirect("connect-choose", login.pk)
    found = choosing.find_progress(member=request.member, login=login)
    name = "connect/progress.html"
    if request.headers.get("HX-Request") == "true":
        name += "#progress"
    return render(request, name, {"login": login, "progress": found})


def _lead_on(request: MemberHttpRequest, choice: choosing.Choice) -> HttpResponse:
    """To the first sync of the Pages that never had one, else back to the list."""
    pages = [*choice.connected, *choice.reconnected]
    count = len(pages)
    words = ngettext("%(name)s is connected.", "%(count)s Pages are connected.", count)
    messages.success(request, words % {"name": pages[0].name, "count": count})
    fresh = [page for page in pages if first.is_open_question(page)]
    fetch_what_was_missed(request, choice.reconnected)
    if not fresh:
        return redirect("pages")
    query = QueryDict(mutable=True)
    query.setlist("page", [str(page.pk) for page in fresh])
    return redirect(f"{reverse('first-sync')}?{query.urlencode()}")
