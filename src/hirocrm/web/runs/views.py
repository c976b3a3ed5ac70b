"""Runs: the list, one run live, and what can be done with it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hirocrm.analysis.asker import asker_for
from hirocrm.core import clock
from hirocrm.core.errors import Conflict, Invalid
from hirocrm.core.pagination import Order, paginate
from hirocrm.meta import queries as pages
from hirocrm.organizations import permissions
from hirocrm.organizations.permissions import Right
from hirocrm.sync import queries, services
from hirocrm.sync.error_groups import group_errors
from hirocrm.sync.models import SyncRun
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.rights import rights_of
from hirocrm.web.runs.presentation import RunView, view_of

RUN_ORDER = (Order("created_at", descending=True), Order("id", descending=True))
RUNS_A_PAGE = 30


@require_GET
@member_required
def run_list(request: MemberHttpRequest) -> HttpResponse:
    """Runs, newest first; `?page=` keeps those of one Page."""
    permissions.require(request.member, Right.READ)
    wanted = request.GET.get("page", "")
    page = pages.get_page(member=request.member, reference=wanted) if wanted else None
    rows = queries.list_runs(organization_id=request.member.organization_id, page=page)
    found = paginate(
        rows, order=RUN_ORDER, limit=RUNS_A_PAGE, cursor=request.GET.get("cursor") or None
    )
    now = clock.now()
    shown = [view_of(run, groups=[], provider="", now=now) for run in found.items]
    context = {"runs": shown, "page": page, "next_cursor": found.next_cursor}
    return render(request, "runs/list.html", context)


@require_GET
@member_required
def run_detail(request: MemberHttpRequest, run_id: UUID) -> HttpResponse:
    """One run: the page, or only its state when htmx asks."""
    view = _view(request, _get(request, run_id, Right.READ))
    template = "runs/state.html" if request.headers.get("HX-Request") else "runs/page.html"
    context = {"view": view, "run": view.run, "may": rights_of(request.member)}
    return render(request, template, context)


def _get(request: MemberHttpRequest, run_id: UUID, right: Right) -> SyncRun:
    permissions.require(request.member, right)
    return queries.get_run(organization_id=request.member.organization_id, run_id=run_id)


def _view(request: MemberHttpRequest, run: SyncRun) -> RunView:
    return view_of(
        run,
        groups=group_errors(run),
        provider=asker_for(request.member.organization).provider,
        now=clock.now(),
    )


@require_POST
@member_required
def cancel(request: MemberHttpRequest, run_id: UUID) -> HttpResponse:
    """Stop a run; what it saved stays."""
    run = _get(request, run_id, Right.RUN)
    try:
        services.cancel_run(run=run, now=clock.now())
    except Conflict as exc:
        messages.error(request, exc.sentence)
    return redirect("run", run_id)


@require_POST
@member_required
def retry(request: MemberHttpRequest, run_id: UUID) -> HttpResponse:
    """Try the contacts again that failed: a new run, whose page is shown."""
    run = _get(request, run_id, Right.RUN)
    try:
        retried = services.retry_failed(run=run, member=request.member, now=clock.now())
    except (Conflict, Invalid) as exc:
        messages.error(request, exc.sentence)
        return redirect("run", run_id)
    return redirect("run", retried.id)


@require_http_methods(["GET", "POST"])
@member_required
def undo(request: MemberHttpRequest, run_id: UUID) -> HttpResponse:
    """Ask, then put back every contact that is still where the run put it."""
    run = _get(request, run_id, Right.ERASE)
    view = _view(request, run)
    if request.method == "GET":
        return render(request, "runs/undo.html", {"view": view, "run": run})
    try:
        count = services.undo_run(run=run, member=request.member, now=clock.now())
    except Conflict as exc:
        messages.error(request, exc.sentence)
        return redirect("run", run_id)
    words = ngettext("%(n)s contact was put back.", "%(n)s contacts were put back.", count)
    messages.success(request, words % {"n": count})
    return redirect("run", run_id)
