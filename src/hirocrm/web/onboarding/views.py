"""The start page, and the list of first steps."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hirocrm.core import clock
from hirocrm.insights.onboarding import Checklist, Step, StepState, get_checklist, has_contacts
from hirocrm.organizations import onboarding, sessions
from hirocrm.organizations.models import User
from hirocrm.pipelines.onboarding import create_organization
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.onboarding.forms import FoundForm
from hirocrm.web.rights import rights_of


@dataclass(frozen=True, slots=True)
class Row:
    """A step in words, and where it is done (empty: nowhere yet)."""

    state: StepState
    title: str | Promise
    text: str | Promise
    action: str | Promise
    url: str


WORDS: dict[Step, tuple[str | Promise, str | Promise, str | Promise]] = {
    Step.BRING_IN: (
        _("Bring in conversations"),
        _(
            "Connect your Facebook Page or Instagram account, or import the archive that Facebook gives you."
        ),
        _("Connect a Page"),
    ),
    Step.STAGES: (
        _("Look at your stages"),
        _("The AI reads their descriptions. Put them into your own words."),
        _("See the stages"),
    ),
    Step.TRY_AI: (
        _("Try the AI on five conversations"),
        _("Sync a Page or import an archive; the AI reads what comes in."),
        _("Sync now"),
    ),
    Step.THRESHOLD: (
        _("Set the threshold"),
        _("How sure must the AI be to place a contact by itself? See what it would have done."),
        _("Set it"),
    ),
    Step.REVIEW: (
        _("Review the first ten"),
        _("Accept or correct. The AI learns from what you say."),
        _("Review"),
    ),
    Step.INVITE: (
        _("Invite someone"),
        _("Sales is a team's work. Each person gets a role."),
        _("Invite"),
    ),
}


@require_GET
@member_required
def home(request: MemberHttpRequest) -> HttpResponse:
    """Lead to the board, or to the first steps while there is nothing on it."""
    board = _address("board")
    if board and has_contacts(member=request.member):
        return redirect(board)
    return redirect("onboarding")


@require_GET
@member_required
def welcome(request: MemberHttpRequest) -> HttpResponse:
    """The first steps."""
    checklist = get_checklist(member=request.member)
    rows = [
        Row(state, *WORDS[state.step], _target(state.step, checklist)) for state in checklist.steps
    ]
    open_rows = (row for row in rows if not (row.state.is_done or row.state.is_skipped))
    following = next(open_rows, None)
    context = {
        "checklist": checklist,
        "rows": rows,
        "following": following,
        "may": rights_of(request.member),
        "imports_url": _address("imports"),
    }
    return render(request, "onboarding/page.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def start(request: HttpRequest) -> HttpResponse:
    """Let a signed-in person found an organization, with its first pipeline."""
    form = FoundForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and isinstance(request.user, User):
        member = create_organization(
            user=request.user, name=form.cleaned_data["name"], now=clock.now()
        )
        sessions.choose_organization(session=request.session, member=member)
        return redirect("onboarding")
    status = 422 if request.method == "POST" else 200
    return render(request, "onboarding/start.html", {"form": form}, status=status)


@require_POST
@member_required
def skip(request: MemberHttpRequest, step: str) -> HttpResponse:
    """Leave a step out."""
    if step not in set(Step):
        raise Http404
    onboarding.skip_step(member=request.member, step=step)
    return redirect("onboarding")


@require_POST
@member_required
def dismiss(request: MemberHttpRequest) -> HttpResponse:
    """Put the list away."""
    onboarding.dismiss(member=request.member)
    return redirect("home")


@require_POST
@member_required
def reset(request: MemberHttpRequest) -> HttpResponse:
    """Bring the list back."""
    onboarding.reset(member=request.member)
    return redirect("onboarding")


def _target(step: Step, checklist: Checklist) -> str:
    page = checklist.page
    if step == Step.BRING_IN:
        return reverse("page-connect")
    if step == Step.THRESHOLD:
        return reverse("page-settings", args=[page.id]) if page else reverse("pages")
    if step == Step.STAGES:
        return _address("pipelines")
    if step == Step.REVIEW:
        return _address("review")
    if step == Step.INVITE:
        return _address("members")
    return reverse("pages")


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
