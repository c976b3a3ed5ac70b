"""The list of Pages: some at a time, searched by name, who needs somebody first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from hirocrm.contacts.queries.coverage import list_coverage
from hirocrm.core import clock
from hirocrm.core.pagination import paginate
from hirocrm.core.text import clean
from hirocrm.meta import overview
from hirocrm.meta.models import Page
from hirocrm.meta.overview import Group, PageFilter
from hirocrm.sync import queries as runs
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.pages.presentation import PageCard, card_of
from hirocrm.web.rights import rights_of

CARDS = 24  # at a time
SEARCHABLE = 7  # so many Pages can't be taken in at a glance
SEARCH_LENGTH = 100
GROUPS: Mapping[str, tuple[Group, str | Promise]] = {
    "attention": (Group.ATTENTION, _("Need attention")),
    "paused": (Group.PAUSED, _("Paused by Meta")),
    "working": (Group.WORKING, _("Working")),
    "archives": (Group.ARCHIVE, _("Archives")),
}


@dataclass(frozen=True, slots=True)
class Chip:
    """One group to choose, with how many Pages it holds."""

    label: str | Promise
    count: int
    query: str
    is_current: bool


@require_GET
@member_required
def page_list(request: MemberHttpRequest) -> HttpResponse:
    """A card for each Page that the address asks for; a fragment of more of them for who scrolls."""
    now = clock.now()
    search = clean(request.GET.get("q", "")).strip()[:SEARCH_LENGTH]
    chosen = request.GET.get("state", "")
    group = GROUPS[chosen][0] if chosen in GROUPS else None
    cursor = request.GET.get("cursor") or None
    rows = overview.list_grouped(member=request.member, wanted=PageFilter(search, group), now=now)
    found = paginate(rows, order=overview.ORDER, limit=CARDS, cursor=cursor)
    query = {"q": search, "state": chosen if group else ""}
    context = {
        "cards": _cards(request, found.items, now),
        "next_query": _query(query, cursor=found.next_cursor) if found.next_cursor else "",
        "here": request.get_full_path(),
        "may": rights_of(request.member),
    }
    if request.headers.get("HX-Request") == "true" and cursor:
        return render(request, "pages/list.html#cards", context)
    return render(request, "pages/list.html", context | _around(request, query, now))


def _cards(request: MemberHttpRequest, pages: Sequence[Page], now: datetime) -> list[PageCard]:
    ids = [page.id for page in pages]
    coverage = list_coverage(member=request.member, page_ids=ids)
    open_runs = runs.list_open_runs(organization_id=request.member.organization_id)
    by_page = {run.page_id: run for run in open_runs.filter(page_id__in=ids)}
    return [
        card_of(page, coverage=coverage.get(page.id), open_run=by_page.get(page.id), now=now)
        for page in pages
    ]


def _around(request: MemberHttpRequest, query: dict[str, str], now: datetime) -> dict[str, Any]:
    """What stands above the cards."""
    counts = overview.count_groups(member=request.member, search=query["q"], now=now)
    total = sum(counts.values())
    is_narrow = bool(query["q"] or query["state"])
    return {
        "chips": _chips(query, counts),
        "search": query["q"],
        "state": query["state"],
        "total": total,
        "matching": counts.get(GROUPS[query["state"]][0], 0) if query["state"] else total,
        "is_narrow": is_narrow,
        "is_searchable": is_narrow or total >= SEARCHABLE,
        "is_start": "cursor" not in request.GET,
        "start_query": _query(query),
    }


def _chips(query: dict[str, str], counts: Mapping[Group, int]) -> list[Chip]:
    """The groups that hold Pages, and the one that is chosen."""
    chosen = query["state"]
    everything = Chip(_("All"), sum(counts.values()), _query(query, state=""), not chosen)
    groups = [
        Chip(label, counts.get(group, 0), _query(query, state=name), chosen == name)
        for name, (group, label) in GROUPS.items()
        if counts.get(group) or chosen == name
    ]
    return [everything, *groups]


def _query(query: dict[str, str], **changes: str | None) -> str:
    return urlencode({name: value for name, value in (query | changes).items() if value})
