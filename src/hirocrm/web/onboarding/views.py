"""The list of first steps, and the demo data."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hirocrm.core import clock
from hirocrm.insights.onboarding import Checklist, Step, StepState, get_checklist
from hirocrm.meta.queries import list_pages
from hirocrm.organizations import onboarding, permissions, sessions
from hirocrm.organizations.models import Member, User
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines.onboarding import create_organization
from hirocrm.sync import demo
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.onboarding.forms import FoundForm
from hirocrm.web.rights import rights_of


@dataclass(frozen=True, slots=True)
class Row:
    """A step in words, and where it is done (empty: not by this member)."""

    state: StepState
    title: str | Promise
    text: str | Promise
    action: str | Promise
    url: str


WORDS: dict[Step, tuple[str | Promise, str | Promise, str | Promise]] = {
    Step.BRING_IN: (
        _("Bring in conversations"),
        _(
            "Connect your Facebook Page or Instagram account, import the archive that Facebook gives you, or look around first with demo data."
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
        _("See which stage it gives them, how sure it is and which words it goes by."),
        _("Try it"),
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


# What doing a step takes; looking at the stages is anybody's.
NEEDED: dict[Step, Right] = {
    Step.BRING_IN: Right.CONFIGURE,
    Step.TRY_AI: Right.RUN,
    Step.THRESHOLD: Right.CONFIGURE,
    Step.REVIEW: Right.WORK,
    Step.INVITE: Right.MANAGE_MEMBERS,
}


@require_GET
@member_required
def welcome(request: MemberHttpRequest) -> HttpResponse:
    """The first steps."""
    return render(request, "onboarding/page.html", _context(request))


@require_GET
@member_required
def card(request: MemberHttpRequest) -> HttpResponse:
    """The list in short, for the board; nothing once it is done, put away, or not the member's business."""
    context = _context(request)
    checklist = context["checklist"]
    if checklist.is_finished or checklist.is_dismissed or not context["may"].configure:
        return HttpResponse()
    return render(request, "onboarding/card.html", context)


def _context(request: MemberHttpRequest) -> dict[str, Any]:
    checklist = get_checklist(member=request.member)
    rows = [
        Row(state, *WORDS[state.step], _target(state.step, checklist, request.member))
        for state in checklist.steps
    ]
    open_rows = (row for row in rows if not (row.state.is_done or row.state.is_skipped))
    return {
        "checklist": checklist,
        "rows": rows,
        "following": next(open_rows, None),
        "may": rights_of(request.member),
        "has_demo": list_pages(member=request.member).filter(is_demo=True).exists(),
    }


@require_POST
@member_required
def load_demo(request: MemberHttpRequest) -> HttpResponse:
    """Bring in the sample conversations, and show the board that they fill."""
    demo.load_demo(member=request.member, now=clock.now())
    messages.success(
        request,
        _("Three sample shops are being read. Their contacts arrive on the board one by one."),
    )
    return redirect("board")


@require_POST
@member_required
def remove_demo(request: MemberHttpRequest) -> HttpResponse:
    """Erase the sample shops with everything of theirs."""
    demo.remove_demo(member=request.member, now=clock.now())
    messages.success(request, _("The demo data is gone."))
    return redirect("onboarding")


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
    return redirect("board")


@require_POST
@member_required
def reset(request: MemberHttpRequest) -> HttpResponse:
    """Bring the list back."""
    onboarding.reset(member=request.member)
    return redirect("onboarding")


def _target(step: Step, checklist: Checklist, member: Member) -> str:
    if not permissions.allows(member, NEEDED.get(step, Right.READ)):
        return ""
    page = checklist.page
    settings = reverse("page-settings", args=[page.id]) if page else reverse("pages")
    return {
        Step.BRING_IN: reverse("page-connect"),
        Step.STAGES: reverse("pipelines"),
        Step.TRY_AI: reverse("pipeline-try", args=[page.auto_pipeline_id])
        if page and page.auto_pipeline_id
        else reverse("pages"),
        Step.THRESHOLD: settings,
        Step.REVIEW: reverse("review"),
        Step.INVITE: reverse("members"),
    }[step]
