"""What has changed in a list that somebody looks at: its rows anew, and how many others would come in.

The rows stay where they are, so that nobody clicks or ticks what has just slid under the pointer.
"""

from collections.abc import Sequence
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from hirocrm.contacts import queries as contacts
from hirocrm.contacts.models import Contact
from hirocrm.contacts.queries import ContactFilter
from hirocrm.core import clock
from hirocrm.organizations.models import Member
from hirocrm.pipelines import queries as pipelines
from hirocrm.web.contacts.rows import SHOWN, present_rows, read_page, spare
from hirocrm.web.filters import read_filters
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.parameters import read_uuid


@require_GET
@member_required
def show_news(request: MemberHttpRequest) -> HttpResponse:
    """Show the rows that `?ids=` names as they are now, and what the list would hold beside them."""
    now = clock.now()
    filters = read_filters(request.GET, now=now)
    shown = _ids(request.GET.get("ids", ""))
    found = contacts.list_contacts(member=request.member, wanted=filters.wanted)
    page = read_page(found, filters=filters, cursor=request.GET.get("cursor"))
    rows = _rows(request.member, shown, page.items)
    fresh = [one.id for one in page.items]
    context = {
        "rows": present_rows(
            rows,
            filters=filters,
            pipelines=list(pipelines.list_pipelines(member=request.member)),
            now=now,
        ),
        "new": count_new(shown, fresh),
        "is_moved": is_moved([one.id for one in rows], fresh),
        "here": _address("contacts", request.GET),
    }
    return render(request, "contacts/news.html", context)


def news_address(request: HttpRequest) -> str:
    """Where a list asks for its news."""
    return _address("contacts-news", request.GET)


def count_new(shown: Sequence[UUID], fresh: Sequence[UUID]) -> int:
    """How many contacts of the fresh page came in; those that moved up at the end of a full page didn't."""
    known = set(shown)
    last = max((place for place, one in enumerate(fresh) if one in known), default=len(fresh))
    until = last if len(shown) >= SHOWN else len(fresh)
    return sum(one not in known for one in fresh[:until])


def is_moved(shown: Sequence[UUID], fresh: Sequence[UUID]) -> bool:
    """Whether contacts that are shown would stand otherwise, or not in the list at all."""
    known = set(shown)
    return [one for one in fresh if one in known] != list(shown)


def _rows(member: Member, shown: Sequence[UUID], fresh: Sequence[Contact]) -> list[Contact]:
    """The contacts that are shown, in the order they stand in, also those the filters no longer find."""
    found = {one.id: one for one in fresh}
    missing = tuple(one for one in shown if one not in found)
    if missing:
        rest = contacts.list_contacts(member=member, wanted=ContactFilter(ids=missing))
        found |= {one.id: one for one in spare(rest)}
    return [found[one] for one in shown if one in found]


def _ids(given: str) -> list[UUID]:
    """The ids that are ones, at most a page of them."""
    return [found for one in given.split(",")[:SHOWN] if (found := read_uuid(one))]


def _address(name: str, given: QueryDict) -> str:
    query = given.copy()
    query.pop("ids", None)
    return f"{reverse(name)}?{query.urlencode()}" if query else reverse(name)
