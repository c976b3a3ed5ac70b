"""Which conversations an inbox shows.

States are conditions, not columns, so that nothing has to be written when a message comes:
closed: put away and the customer hasn't written since; waiting: they wrote last; unread: they wrote last, and
after a member last looked (an answer from Meta's own apps reads it too). Every folder but "all" and "closed" ends two weeks ago, so that the old threads
of a first sync don't flood it; Meta lets nobody answer those anyway.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import F, Q, QuerySet

from hirocrm.contacts.models import Conversation, Message
from hirocrm.contacts.queries import page_reference
from hirocrm.contacts.search import search_query
from hirocrm.core.pagination import Order
from hirocrm.inbox import windows
from hirocrm.inbox.errors import ConversationNotFound
from hirocrm.inbox.queries.settings import uses_human_agent
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right

FRESH = timedelta(days=14)
COUNTED_MAX = 100  # a folder's count goes no further: "99+"

SORTS: Mapping[str, tuple[Order, ...]] = {
    "-lastMessage": (Order("last_message_at", descending=True), Order("id", descending=True)),
    "windowCloses": (Order("window_opened_at"), Order("id")),
}


class Folder(StrEnum):
    """A part of the inbox."""

    OPEN = "open"
    WAITING = "waiting"
    UNREAD = "unread"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    CLOSING = "closing"
    CLOSED = "closed"
    ALL = "all"


FOLDERS = tuple(Folder)
COUNTED = (Folder.WAITING, Folder.UNREAD, Folder.MINE, Folder.CLOSING)

_CLOSED = Q(closed_at__isnull=False) & (
    Q(last_customer_message_at__isnull=True) | Q(last_customer_message_at__lte=F("closed_at"))
)
_WAITING = Q(last_customer_message_at__gte=F("last_message_at"))
_UNREAD = _WAITING & (Q(seen_at__isnull=True) | Q(last_customer_message_at__gt=F("seen_at")))


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxFilter:
    """Conditions that a conversation must all meet; None asks for nothing."""

    folder: Folder = Folder.ALL
    page_id: str | None = None  # HiroCRM's id of the Page, or Facebook's
    platform: str | None = None
    contact_id: UUID | None = None
    window: str | None = None  # a WindowState
    q: str | None = None


def list_conversations(
    *, member: Member, wanted: InboxFilter | None = None, now: datetime
) -> QuerySet[Conversation]:
    """The organization's conversations that meet the filter, each with contact, Page and assignee, in no order."""
    permissions.require(member, Right.READ)
    wanted = wanted or InboxFilter()
    rows = Conversation.objects.filter(organization_id=member.organization_id)
    rows = rows.filter(_folder(wanted.folder, member, now), _columns(wanted))
    if wanted.window:
        human = uses_human_agent(member.organization_id)
        rows = rows.filter(_window(windows.WindowState(wanted.window), now, human_agent=human))
    if wanted.q and wanted.q.strip():
        query = search_query(wanted.q)
        rows = rows.filter(contact__search=query) if query is not None else rows.none()
    return rows.select_related("contact", "page", "assignee__user").defer(
        "contact__search", "contact__search_text", "contact__ai_context"
    )


def count_folders(*, member: Member, now: datetime) -> dict[str, int]:
    """How many conversations the counted folders hold, up to COUNTED_MAX each."""
    permissions.require(member, Right.READ)
    rows = Conversation.objects.filter(organization_id=member.organization_id)
    return {
        folder.value: rows.filter(_folder(folder, member, now)).order_by()[:COUNTED_MAX].count()
        for folder in COUNTED
    }


def get_conversation(
    *, member: Member, conversation_id: UUID, for_update: bool = False
) -> Conversation:
    """One conversation with its contact and Page, or locked until the transaction ends if asked for.

    Raises:
        ConversationNotFound: no such conversation in the member's organization.
    """
    permissions.require(member, Right.READ)
    rows = Conversation.objects.filter(organization_id=member.organization_id, id=conversation_id)
    rows = rows.select_related("contact", "page__webhook_health", "assignee__user")
    found = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if found is None:
        raise ConversationNotFound("There is no such conversation.")
    return found


def window_of(conversation: Conversation, now: datetime, *, human_agent: bool) -> windows.Window:
    """What may be sent in this conversation at `now`."""
    return windows.window_at(
        opened_at=conversation.window_opened_at,
        wrote_at=conversation.last_customer_message_at,
        now=now,
        human_agent=human_agent,
    )


def list_messages(*, member: Member, conversation_id: UUID) -> QuerySet[Message]:
    """The conversation's messages, each with the conversation, in no order.

    Raises:
        ConversationNotFound: no such conversation in the member's organization.
    """
    get_conversation(member=member, conversation_id=conversation_id)
    return Message.objects.select_related("conversation").filter(
        organization_id=member.organization_id, conversation_id=conversation_id
    )


def _folder(folder: Folder, member: Member, now: datetime) -> Q:
    if folder is Folder.ALL:
        return Q()
    if folder is Folder.CLOSED:
        return _CLOSED
    fresh = Q(last_message_at__gte=now - FRESH) & ~_CLOSED
    if folder is Folder.CLOSING:
        return fresh & _WAITING & _closing(now)
    more = {
        Folder.WAITING: _WAITING,
        Folder.UNREAD: _UNREAD,
        Folder.MINE: Q(assignee=member),
        Folder.UNASSIGNED: Q(assignee__isnull=True),
    }
    return fresh & more.get(folder, Q())


def _closing(now: datetime) -> Q:
    return Q(
        window_opened_at__gt=windows.opened_since(now=now),
        window_opened_at__lte=windows.closes_before(now=now),
    )


def _columns(wanted: InboxFilter) -> Q:
    condition = Q()
    if wanted.platform:
        condition &= Q(platform=wanted.platform)
    if wanted.contact_id:
        condition &= Q(contact_id=wanted.contact_id)
    if wanted.page_id:
        condition &= page_reference(wanted.page_id, prefix="page__")
    return condition


def _window(state: windows.WindowState, now: datetime, *, human_agent: bool) -> Q:
    """As `windows.window_at` says of one conversation."""
    is_open = Q(window_opened_at__gt=windows.opened_since(now=now))
    within_days = windows.opened_since(now=now, within=windows.HUMAN)
    may_person = Q(last_customer_message_at__gt=within_days) if human_agent else Q(pk__in=())
    if state is windows.WindowState.OPEN:
        return is_open
    if state is windows.WindowState.HUMAN:
        return may_person & ~is_open
    return ~may_person & ~is_open
