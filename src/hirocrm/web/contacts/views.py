"""The list of contacts."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hirocrm.contacts import queries as contacts
from hirocrm.core import clock
from hirocrm.meta import queries as meta
from hirocrm.pipelines import queries as pipelines
from hirocrm.web.board.reasons import LOST_REASONS
from hirocrm.web.contacts.news import news_address
from hirocrm.web.contacts.rows import (
    HIDDEN_COOKIE,
    columns,
    heads,
    present_rows,
    read_page,
    saved_views,
)
from hirocrm.web.drawer import opened_contact
from hirocrm.web.filters import read_filters
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.rights import rights_of

SUGGESTED_TAGS = 100
COUNTED = 10_000  # of what a search finds: counting further would take longer than finding


@require_GET
@member_required
def list_contacts(request: MemberHttpRequest) -> HttpResponse:
    """Show the contacts that the address asks for, a page at a time."""
    now = clock.now()
    filters = read_filters(request.GET, now=now)
    all_pipelines = list(pipelines.list_pipelines(member=request.member))
    pages = list(meta.list_page_names(member=request.member))
    filters.form.offer(pages=pages, pipelines=all_pipelines)
    rows = contacts.list_contacts(member=request.member, wanted=filters.wanted)
    page = read_page(rows, filters=filters, cursor=request.GET.get("cursor"))
    total = (rows[: COUNTED + 1] if filters.wanted.q else rows).count()
    context = {
        "rows": present_rows(
            page.items,
            filters=filters,
            pipelines=all_pipelines,
            now=now,
        ),
        "total": total,
        "is_more": bool(filters.wanted.q) and total > COUNTED,
        "is_start": "cursor" not in request.GET,
        "views": saved_views(contacts.list_views(member=request.member), filters),
        "here": request.get_full_path(),
        "news_url": news_address(request),
        "may": rights_of(request.member),
        "lost_reasons": LOST_REASONS,
        "heads": heads(filters),
        "columns": columns(request.COOKIES.get(HIDDEN_COOKIE, "")),
        "next_query": filters.query_with(cursor=page.next_cursor) if page.next_cursor else "",
        "filters": filters,
        "pipelines": all_pipelines,
        "opened": opened_contact(request, filters.query),
    }
    is_part = request.headers.get("HX-Target") == "list"
    return render(request, "contacts/page.html#list" if is_part else "contacts/page.html", context)


@require_GET
@member_required
def suggest_tags(request: MemberHttpRequest) -> HttpResponse:
    """Show the tags in use as options, the most used first."""
    found = contacts.list_tags(member=request.member)[:SUGGESTED_TAGS]
    return render(request, "contacts/tag_options.html", {"tags": [tag for tag, _count in found]})
