"""What a contact's page and drawer show, gathered in a constant number of queries."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from hirocrm.analysis import queries as analyses
from hirocrm.contacts import queries as contacts
from hirocrm.contacts.models import Contact
from hirocrm.core import clock
from hirocrm.core.pagination import paginate
from hirocrm.core.text import clean
from hirocrm.organizations import permissions
from hirocrm.organizations import queries as organizations
from hirocrm.organizations.models import Organization
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines import queries as pipelines
from hirocrm.pipelines.models import Suggestion
from hirocrm.web.board.columns import channel_of
from hirocrm.web.board.reasons import LOST_REASONS
from hirocrm.web.contact import opinion, thread, timeline
from hirocrm.web.contact.neighbours import find_neighbours, list_address
from hirocrm.web.filters import STATUSES, Filters, read_filters
from hirocrm.web.inbox.presentation import answer_context, newest_conversation
from hirocrm.web.members import MemberHttpRequest

DRAWER_MESSAGES = 20
TASKS_SHOWN = 50
NOTES_SHOWN = 50
ANALYSES_SHOWN = 20
TABS = ("conversation", "activity", "notes", "analyses")
Context = dict[str, Any]


def page_query(request: MemberHttpRequest) -> dict[str, str]:
    """The parameters of the page one looks at, also when htmx asks for a part of it."""
    current = request.headers.get("HX-Current-URL", "")
    if request.method == "GET" or not current:
        return request.GET.dict()
    return dict(parse_qsl(urlsplit(current).query))


def show(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """The page; its parts, or the drawer's content, where htmx asks for them."""
    target = request.headers.get("HX-Target", "")
    if target == "drawer-body":
        return render(request, "contact/drawer.html", drawer_context(request, contact_id))
    if target == "contact-body":
        return render(request, "contact/page.html#body", body_context(request, contact_id))
    return render(request, "contact/page.html", page_context(request, contact_id))


def shown_anew(request: MemberHttpRequest, contact_id: UUID, back: str) -> HttpResponse:
    """After a change: the part that htmx wants swapped, or the way back for a plain form."""
    if request.headers.get("HX-Request") != "true":
        return redirect(back)
    return show(request, contact_id)


def drawer_context(request: MemberHttpRequest, contact_id: UUID) -> Context:
    """A summary of the contact and its newest messages."""
    return _common(request, contact_id, {}, messages=DRAWER_MESSAGES)


def page_context(request: MemberHttpRequest, contact_id: UUID) -> Context:
    """All of the page: its body, and the ways to the contacts before and after."""
    context = body_context(request, contact_id)
    contact, filters = context["contact"], context["filters"]
    before, after = find_neighbours(member=request.member, contact=contact, filters=filters)
    return context | {"before": before, "after": after, "list_url": list_address(filters)}


def body_context(request: MemberHttpRequest, contact_id: UUID) -> Context:
    """What of the page is drawn anew when something changes, with the tab that is open."""
    query = page_query(request)
    filters = read_filters(query, now=clock.now())
    tab = query.get("tab", "")
    tab = tab if tab in TABS else TABS[0]
    loaded = thread.as_many_as_loaded(query.get("loaded", ""))
    context = _common(request, contact_id, query, messages=loaded)
    contact: Contact = context["contact"]
    context |= {
        "own_url": _own_url(contact_id, query),
        "tab": tab,
        "tabs": _tabs(tab, filters),
        "filters": filters,
        "tasks": contacts.tasks_of(contact).order_by("completed_at", "due_at", "created_at")[
            :TASKS_SHOWN
        ],
    }
    return context | _tab_context(request, contact, tab, query, context)


def _own_url(contact_id: UUID, query: Mapping[str, str]) -> str:
    """Where the page is, whichever form was answered with it."""
    kept = {name: value for name, value in query.items() if name not in {"loaded", "insert"}}
    path = reverse("contact", args=[contact_id])
    return f"{path}?{urlencode(kept)}" if kept else path


def _common(
    request: MemberHttpRequest,
    contact_id: UUID,
    query: Mapping[str, str],
    messages: int = thread.SHOWN,
) -> Context:
    contact = contacts.get_contact(member=request.member, contact_id=contact_id)
    all_pipelines = list(pipelines.list_pipelines(member=request.member))
    latest = analyses.analyses_of(contact).order_by("-created_at", "-id").first()
    suggestion = pipelines.list_suggestions(member=request.member, contact_id=contact_id).first()
    shown = thread.read_thread(
        contact,
        quotes=opinion.quotes_of(latest.evidence if latest else []),
        zone=zone_of(request.member.organization),
        message_id=clean(query.get("message", "")),
        limit=messages,
    )
    offered = opinion.pipeline_of(contact, suggestion, all_pipelines)
    return {
        "contact": contact,
        "channel": channel_of(contact),
        "pipelines": all_pipelines,
        "pipeline": offered,
        "stage": _stage_of(contact, all_pipelines),
        "thread": shown,
        "opinion": opinion.present(latest, pipeline=offered, shown=shown.ids) if latest else None,
        "suggestion": suggestion,
        "agrees": _agrees(contact, latest.recommended_stage if latest else "", all_pipelines),
        "statuses": STATUSES,
        "lost_reasons": LOST_REASONS,
        "may_work": permissions.allows(request.member, Right.WORK),
        "may_erase": permissions.allows(request.member, Right.ERASE),
        "today": clock.now(),
        "zone": zone_of(request.member.organization),  # the day that a task is due is meant there
    }


def _tab_context(
    request: MemberHttpRequest, contact: Contact, tab: str, query: Mapping[str, str], found: Context
) -> Context:
    if tab == "activity":
        return timeline_context(request, contact, query, found["pipelines"])
    if tab == "notes":
        return {"notes": contacts.notes_of(contact).order_by("-created_at", "-id")[:NOTES_SHOWN]}
    if tab == "analyses":
        rows = analyses.analyses_of(contact).order_by("-created_at", "-id")[:ANALYSES_SHOWN]
        shown = found["thread"].ids
        return {
            "history": [
                opinion.present(row, pipeline=found["pipeline"], shown=shown) for row in rows
            ]
        }
    now = clock.now()
    talk = newest_conversation(request.member, contact, now)
    return answer_context(request.member, talk, now=now, insert=query.get("insert", ""))


def timeline_context(
    request: MemberHttpRequest, contact: Contact, query: Mapping[str, str], all_pipelines: Any
) -> Context:
    """The timeline under its own filters."""
    kind, actor = query.get("kind", ""), query.get("actor", "")
    rows = timeline.narrow(contacts.activities_of(contact), kind=kind, actor=actor)
    page = paginate(rows, order=timeline.ORDER, limit=timeline.SHOWN, cursor=query.get("cursor"))
    members = organizations.list_members(member=request.member)
    names = {row.user_id: str(row.user) for row in members}
    return {
        "rows": timeline.present(page.items, pipelines=all_pipelines, names=names),
        "next_cursor": page.next_cursor,
        "kind": kind,
        "actor": actor,
        "kinds": [(key, label) for key, (label, _types) in timeline.KINDS.items()],
        "actors": list(timeline.ACTORS.items()),
    }


def zone_of(organization: Organization) -> ZoneInfo:
    """The organization's time zone, in which days begin and dates are meant."""
    try:
        return ZoneInfo(organization.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _tabs(current: str, filters: Filters) -> list[dict[str, object]]:
    labels = (_("Conversation"), _("Activity"), _("Notes"), _("Analyses"))
    return [
        {"label": label, "url": f"?{filters.query_with(tab=tab)}#tabs", "current": tab == current}
        for tab, label in zip(TABS, labels, strict=True)
    ]


def _stage_of(contact: Contact, all_pipelines: Any) -> Any:
    stages = (stage for row in all_pipelines for stage in row.stages.all())
    return next((stage for stage in stages if stage.id == contact.stage_id), None)


def _agrees(contact: Contact, recommended: str, all_pipelines: Any) -> bool:
    """Whether the contact is where the AI's latest word would have it."""
    stage = _stage_of(contact, all_pipelines)
    return stage is not None and stage.name.strip().casefold() == recommended.strip().casefold()


def suggestion_of(request: MemberHttpRequest, contact_id: UUID) -> Suggestion | None:
    """What waits for an answer about this contact."""
    return pipelines.list_suggestions(member=request.member, contact_id=contact_id).first()
