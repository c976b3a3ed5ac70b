"""/inbox: the list, and the conversation that is open."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from hirocrm.contacts.models import Conversation
from hirocrm.core import clock
from hirocrm.core.pagination import paginate
from hirocrm.inbox import queries, services
from hirocrm.inbox.queries import Folder, InboxFilter
from hirocrm.inbox.windows import WindowState
from hirocrm.meta import queries as meta
from hirocrm.organizations import permissions
from hirocrm.organizations import queries as organizations
from hirocrm.organizations.permissions import Right
from hirocrm.web.contact import thread
from hirocrm.web.contact.page import zone_of
from hirocrm.web.enforcement import enforcement_of
from hirocrm.web.filters import encode
from hirocrm.web.inbox import presentation
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.parameters import read_uuid

SHOWN = 40
DEFAULT_SORT = "-lastMessage"
FOLDERS: Mapping[Folder, tuple[str | Promise, str]] = {
    Folder.OPEN: (_("Open"), "inbox"),
    Folder.WAITING: (_("Waiting for reply"), "message-circle"),
    Folder.UNREAD: (_("Unread"), "mail"),
    Folder.CLOSING: (_("Window closes soon"), "hourglass"),
    Folder.MINE: (_("Mine"), "user"),
    Folder.UNASSIGNED: (_("Unassigned"), "circle-dashed"),
    Folder.CLOSED: (_("Closed"), "archive"),
    Folder.ALL: (_("All"), "list"),
}
WINDOWS = (
    (WindowState.OPEN.value, _("Window open")),
    (WindowState.HUMAN.value, _("People only")),
    (WindowState.CLOSED.value, _("Window closed")),
)
SORTS = (("-lastMessage", _("Newest first")), ("windowCloses", _("Window closes soon")))


@require_GET
@member_required
def inbox(request: MemberHttpRequest) -> HttpResponse:
    """Show the conversations that the address asks for."""
    context = _list_context(request, current=None)
    name = "inbox/page.html#list" if _is_for(request, "inbox-list") else "inbox/page.html"
    if request.GET.get("cursor") and request.headers.get("HX-Request") == "true":
        name = "inbox/page.html#rows"
    return render(request, name, context)


@require_GET
@member_required
def conversation(request: MemberHttpRequest, conversation_id: UUID) -> HttpResponse:
    """Show one conversation beside the list; its parts where htmx asks for them."""
    found = queries.get_conversation(member=request.member, conversation_id=conversation_id)
    context = thread_context(request, found)
    if _is_for(request, "thread-live"):
        return render(request, "inbox/page.html#live", context)
    if _is_for(request, "inbox-thread"):
        return render(request, "inbox/page.html#thread", context)
    context |= _list_context(request, current=found)
    return render(request, "inbox/page.html", context)


def thread_context(request: MemberHttpRequest, found: Conversation) -> dict[str, Any]:
    """The open conversation; looking at it makes it read."""
    member, now = request.member, clock.now()
    may_work = permissions.allows(member, Right.WORK)
    if may_work and presentation.is_unread(found) and not _is_kept_unread(request, found):
        found = services.mark_seen(member=member, conversation_id=found.id, now=now)
    shown = thread.read_thread(
        found.contact,
        quotes={},
        zone=zone_of(member.organization),
        limit=thread.as_many_as_loaded(request.GET.get("loaded", "")),
    )
    insert, reply = request.GET.get("insert", ""), request.GET.get("reply", "")
    answering = presentation.answer_context(member, found, now=now, insert=insert, reply=reply)
    return {
        "conversation": found,
        "contact": found.contact,
        "thread": shown,
        "is_closed": presentation.is_closed(found),
        "enforcement": enforcement_of(found.page),
        "members": organizations.list_members(member=member) if may_work else [],
        "may_work": may_work,
        "list_query": _query(request),
        # The conversation in which a message can be answered in particular.
        "talk": str(found.id) if answering["composer"].is_open else "",
        **answering,
    }


def _is_kept_unread(request: MemberHttpRequest, found: Conversation) -> bool:
    """Whether "Mark as unread" was said: news in a page that is still open doesn't take that back."""
    return found.seen_at is None and _is_for(request, "thread-live")


def _list_context(request: MemberHttpRequest, current: Conversation | None) -> dict[str, Any]:
    member, now = request.member, clock.now()
    wanted, sort = _wanted(request)
    rows = queries.list_conversations(member=member, wanted=wanted, now=now)
    page = paginate(rows, order=queries.SORTS[sort], limit=SHOWN, cursor=request.GET.get("cursor"))
    query = _query(request)
    human = queries.uses_human_agent(member.organization_id)
    current_id = current.id if current else None
    return {
        "rows": [
            presentation.present_row(row, now=now, query=query, current=current_id, human=human)
            for row in page.items
        ],
        "next_query": _query(request, cursor=page.next_cursor) if page.next_cursor else "",
        "folders": _folders(request, wanted.folder, queries.count_folders(member=member, now=now)),
        "folder": wanted.folder.value,
        "folder_label": FOLDERS[wanted.folder][0],
        "pages": list(meta.list_page_names(member=member)),
        "page_id": wanted.page_id or "",
        "windows": WINDOWS if human else (WINDOWS[0], WINDOWS[2]),
        "window": wanted.window or "",
        "sorts": SORTS,
        "sort": sort,
        "list_query": query,
    }


def _wanted(request: MemberHttpRequest) -> tuple[InboxFilter, str]:
    """The filter that the address names; what can't be read is left out."""
    given = request.GET
    folder = given.get("folder", "")
    sort = given.get("sort", "")
    sort = sort if sort in queries.SORTS else DEFAULT_SORT
    page_id = given.get("page", "")
    window = given.get("window", "")
    wanted = InboxFilter(
        folder=Folder(folder) if folder in set(Folder) else Folder.OPEN,
        page_id=page_id if read_uuid(page_id) else None,
        # A window that has closed can't close soon.
        window=WindowState.OPEN.value if sort == "windowCloses" else _window(window),
    )
    return wanted, sort


def _window(given: str) -> str | None:
    return given if given in set(WindowState) else None


def _query(request: MemberHttpRequest, **more: Any) -> str:
    wanted, sort = _wanted(request)
    values = {
        "folder": wanted.folder.value if wanted.folder is not Folder.OPEN else None,
        "page": wanted.page_id,
        "window": _window(request.GET.get("window", "")),
        "sort": sort if sort != DEFAULT_SORT else None,
    }
    return encode({**values, **more})


def _folders(
    request: MemberHttpRequest, current: Folder, counts: Mapping[str, int]
) -> list[dict[str, Any]]:
    return [
        {
            "key": folder.value,
            "label": label,
            "icon": icon,
            "query": _query(request, folder=folder.value),
            "count": _count(counts.get(folder.value, 0)),
            "is_current": folder is current,
        }
        for folder, (label, icon) in FOLDERS.items()
    ]


def _count(count: int) -> str:
    if count >= queries.conversations.COUNTED_MAX:
        return f"{count - 1}+"
    return str(count or "")


def _is_for(request: MemberHttpRequest, target: str) -> bool:
    return request.headers.get("HX-Target") == target
