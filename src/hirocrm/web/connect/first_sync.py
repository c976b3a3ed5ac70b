"""The first sync of freshly connected Pages: how far back, into which pipeline, and what it would take."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from hirocrm.core import clock
from hirocrm.meta import choosing, logins, queries
from hirocrm.meta.models import Page
from hirocrm.organizations import permissions
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines import queries as pipelines
from hirocrm.pipelines.models import Pipeline
from hirocrm.sync import depth, first
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.parameters import read_uuid

MICRO = 1_000_000
PAGES_NAMED = 100  # in an address; more come by their login
DEPTHS: tuple[tuple[str, str | Promise], ...] = (
    ("30", _("The last 30 days")),
    ("90", _("The last 90 days")),
    ("365", _("The last year")),
    ("all", _("Everything")),
)
USUAL_DEPTH = "90"


class FirstSyncForm(forms.Form):
    """How far back to go, and where contacts are put."""

    depth = forms.ChoiceField(
        label=_("How far back?"), choices=DEPTHS, widget=forms.RadioSelect, initial=USUAL_DEPTH
    )
    pipeline = forms.TypedChoiceField(
        label=_("Target pipeline"),
        coerce=UUID,
        empty_value=None,
        required=False,
        help_text=_("The AI reads each conversation and puts the contact into a stage of it."),
    )

    def __init__(self, *args: Any, pipelines: Sequence[Pipeline], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["pipeline"]
        choices = [(str(pipeline.pk), pipeline.name) for pipeline in pipelines]
        field.choices = [*choices, ("", _("Off: summaries only"))]  # type: ignore[attr-defined]  # a ChoiceField
        usual = next((pipeline for pipeline in pipelines if pipeline.is_default), None)
        field.initial = str(usual.pk) if usual else ""


@dataclass(frozen=True, slots=True)
class DepthRow:
    """A depth with what it would take, in figures for people."""

    value: str
    label: str | Promise
    estimate: depth.DepthEstimate
    cost: str | None
    minutes: int


@require_http_methods(["GET", "POST"])
@member_required
def first_sync(request: MemberHttpRequest) -> HttpResponse:
    """Ask how far back the first sync goes, then start it for each Page."""
    permissions.require(request.member, Right.CONFIGURE)
    pages = _pages(request, request.GET if "page" in request.GET else request.POST or request.GET)
    if not pages:
        return redirect("pages")
    choices = list(pipelines.list_pipelines(member=request.member))
    form = FirstSyncForm(request.POST or None, pipelines=choices)
    if request.method == "POST" and form.is_valid():
        return _start_all(request, pages, form)
    status = 422 if request.method == "POST" else 200
    login_id = read_uuid(request.GET.get("login") or request.POST.get("login", ""))
    context = {"pages": pages, "form": form, "login_id": login_id}
    return render(request, "connect/first_sync.html", context, status=status)


@require_GET
@member_required
def outlook(request: MemberHttpRequest) -> HttpResponse:
    """What each depth would take: it asks Meta, so it comes after the page."""
    permissions.require(request.member, Right.CONFIGURE)
    pages = _pages(request, request.GET)
    samples, troubles = depth.look_at(pages, now=clock.now())
    asked = min(len(pages), depth.PAGES_ASKED) - len(troubles)
    estimates = depth.estimate_depths(
        organization=request.member.organization,
        samples=samples,
        share=asked / len(pages) if asked else 1.0,
        now=clock.now(),
    )
    rows = [_row(*pair) for pair in zip(DEPTHS, estimates, strict=True)]
    context = {"rows": rows if asked else [], "troubles": troubles}
    return render(request, "connect/outlook.html", context)


def _row(choice: tuple[str, str | Promise], estimate: depth.DepthEstimate) -> DepthRow:
    cost = estimate.cost_micro_usd
    return DepthRow(
        value=choice[0],
        label=choice[1],
        estimate=estimate,
        cost=None if cost is None else f"${cost / MICRO:.2f}",
        minutes=round(estimate.seconds / 60),
    )


def _pages(request: MemberHttpRequest, given: QueryDict) -> list[Page]:
    """The organization's Pages among those named, or all that a login connected; others are left out."""
    login_id = read_uuid(given.get("login", ""))
    if login_id is not None:
        login = logins.get_login(member=request.member, login_id=login_id, now=clock.now())
        return list(choosing.list_fresh(member=request.member, login=login))
    ids = [found for text in given.getlist("page")[:PAGES_NAMED] if (found := read_uuid(text))]
    rows = queries.list_pages(member=request.member).filter(pk__in=ids).order_by("name", "id")
    return list(rows.exclude(access_token=""))


def _start_all(
    request: MemberHttpRequest, pages: Sequence[Page], form: FirstSyncForm
) -> HttpResponse:
    now = clock.now()
    back = form.cleaned_data["depth"]
    started = first.start_first_syncs(
        pages=pages,
        member=request.member,
        pipeline_id=form.cleaned_data["pipeline"],
        since=None if back == "all" else now - timedelta(days=int(back)),
        now=now,
    )
    for name, sentence in started.refused:
        messages.error(request, f"{name}: {sentence}")
    if started.left:
        words = ngettext(
            "%(count)s more sync starts in a moment.",
            "%(count)s more syncs start in a moment.",
            started.left,
        )
        messages.info(request, words % {"count": started.left})
    if len(started.runs) == 1 and not started.left:
        return redirect("run", started.runs[0].pk)
    return redirect("runs" if started.runs else "pages")
