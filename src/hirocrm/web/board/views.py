"""The board, its columns anew, and more cards of a column."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from hirocrm.contacts import queries as contacts
from hirocrm.core import clock
from hirocrm.meta import queries as meta
from hirocrm.organizations import permissions
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines import queries as pipelines
from hirocrm.pipelines.models import Pipeline
from hirocrm.web.board.columns import CURSOR, REASON_DIALOG, BoardView
from hirocrm.web.board.reasons import LOST_REASONS
from hirocrm.web.drawer import opened_contact
from hirocrm.web.filters import Filters, read_filters
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.rights import rights_of


@require_GET
@member_required
def home(request: MemberHttpRequest) -> HttpResponseBase:
    """Lead to the board, or to the first steps while there is nothing to show on it."""
    if not contacts.list_contacts(member=request.member).exists():
        return redirect("onboarding")
    return _show_board(request)


@require_GET
@member_required
def board(request: MemberHttpRequest) -> HttpResponse:
    """Show a pipeline's stages with their first cards."""
    return _show_board(request)


@require_GET
@member_required
def column(request: MemberHttpRequest, pipeline_id: UUID, stage_id: UUID) -> HttpResponse:
    """Show a column anew, with as many cards as were loaded; a folded one may hold none."""
    view = _view(request, read_filters(request.GET, now=clock.now()))
    stage = pipelines.get_stage(member=request.member, stage_id=stage_id, pipeline_id=pipeline_id)
    loaded = _loaded(request)
    found = pipelines.get_column(
        member=request.member,
        pipeline_id=pipeline_id,
        stage_id=stage_id,
        wanted=view.filters.wanted,
        cards=loaded if view.is_folded(stage) else max(loaded, pipelines.CARDS),
    )
    return render(request, "components/board_column.html", {"column": view.column(found)})


@require_GET
@member_required
def cards(request: MemberHttpRequest, pipeline_id: UUID, stage_id: UUID) -> HttpResponse:
    """Show the cards after a cursor: the rows themselves, or a page of them without JavaScript."""
    view = _view(request, read_filters(request.GET, now=clock.now()))
    stage = pipelines.get_stage(member=request.member, stage_id=stage_id, pipeline_id=pipeline_id)
    found = pipelines.list_cards(
        member=request.member,
        pipeline_id=pipeline_id,
        stage_id=stage_id,
        wanted=view.filters.wanted,
        cursor=request.GET.get(CURSOR),
    )
    context = {
        "cards": [view.card(contact, stage) for contact in found.items],
        "next_url": view.next_url(stage, found.next_cursor),
        "stage": stage,
    }
    is_fragment = request.headers.get("HX-Request") == "true"
    return render(request, "board/cards.html#rows" if is_fragment else "board/cards.html", context)


@require_GET
@member_required
def unplaced(request: MemberHttpRequest) -> HttpResponse:
    """Say anew how many contacts are in no stage."""
    filters = read_filters(request.GET, now=clock.now())
    return render(request, "board/unplaced.html", _unplaced(request, filters))


def _unplaced(request: MemberHttpRequest, filters: Filters) -> dict[str, Any]:
    return {
        "unplaced": pipelines.count_unplaced(member=request.member, wanted=filters.wanted),
        "unplaced_query": filters.query_with(pipeline=None, unplaced=True),
        "filters": filters,
    }


def _show_board(request: MemberHttpRequest) -> HttpResponse:
    filters = read_filters(request.GET, now=clock.now())
    all_pipelines = list(pipelines.list_pipelines(member=request.member))
    chosen = _choose(all_pipelines, filters)
    view = _view(request, filters)
    filters.form.offer(pages=list(view.pages.values()), pipelines=all_pipelines)
    found = _columns(request, chosen, view) if chosen else []
    shown = _unplaced(request, filters)
    placed = sum(one.count for one in found)
    context = {
        "pipeline": chosen,
        "pipelines": all_pipelines,
        "columns": [view.column(one) for one in found],
        **shown,
        "lost_reasons": LOST_REASONS,
        "reason_dialog": REASON_DIALOG,
        "opened": opened_contact(request),
        "has_demo": any(page.is_demo for page in view.pages.values()),
        "is_empty": not (filters.is_narrow or placed or shown["unplaced"].count),
        "may": rights_of(request.member),
        "is_fixed": not permissions.allows(request.member, Right.WORK),
    }
    return render(request, "board/page.html", context)


def _columns(
    request: MemberHttpRequest, pipeline: Pipeline, view: BoardView
) -> list[pipelines.Column]:
    return pipelines.get_columns(
        member=request.member,
        pipeline=pipeline,
        wanted=view.filters.wanted,
        figures_only=view.folded_of(pipeline.stages.all()),
    )


def _choose(rows: list[Pipeline], filters: Filters) -> Pipeline | None:
    """The pipeline that the address names, else the default one, else the oldest."""
    wanted = filters.values.get("pipeline")
    ranked = sorted(rows, key=lambda row: (row.id != wanted, not row.is_default))
    return ranked[0] if ranked else None


def _view(request: MemberHttpRequest, filters: Filters) -> BoardView:
    pages = meta.list_pages(member=request.member).prefetch_related(None).select_related(None)
    pages = pages.only("id", "name", "is_demo", "keep_manual_moves_days").order_by("name", "id")
    return BoardView(
        filters=filters,
        pages={page.id: page for page in pages},
        now=clock.now(),
        folds=request.COOKIES.get("board_folds", ""),
        may_move=permissions.allows(request.member, Right.WORK),
    )


def _loaded(request: MemberHttpRequest) -> int:
    """How many cards the column holds on the screen."""
    try:
        return max(0, int(request.GET.get("loaded", "")))
    except ValueError:
        return pipelines.CARDS
