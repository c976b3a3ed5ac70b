"""What the inbox shows of a conversation: its row, its window, what is on its way, and the composer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from hirocrm.contacts.models import Contact, Conversation, Message
from hirocrm.core.ids import new_id
from hirocrm.core.platforms import Platform
from hirocrm.inbox import limits, queries
from hirocrm.inbox.models import OutgoingMessage
from hirocrm.inbox.services import fill_in, is_answerable
from hirocrm.inbox.services.permission import why_page_cannot
from hirocrm.inbox.windows import CLOSES_SOON, Window, WindowState
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.web.parameters import read_uuid

QUICK_REPLIES_SHOWN = 100
# Of Page inbox and Business Suite: the first in the field, the second in Meta's documentation of echoes.
PAGE_INBOX_APPS = frozenset({"263902037430900", "26390203743090"})


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation in the list."""

    conversation: Conversation
    url: str
    window: Window
    is_current: bool
    is_unread: bool
    is_waiting: bool
    closes_soon: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """A message on its way, or one that didn't get there (components/outgoing.html)."""

    id: UUID
    text: str
    file_name: str
    preview: str  # the address of the picture, if it is one
    state: str
    at: datetime
    author: str
    reason: str
    wait_until: datetime | None
    is_ours_to_retry: bool


@dataclass(frozen=True, slots=True)
class ReadyReply:
    """A quick reply with the customer's name in it."""

    id: UUID
    shortcut: str
    text: str


@dataclass(frozen=True, slots=True)
class Composer:
    """The box to answer in; `why_not` says why there is none."""

    conversation: Conversation
    window: Window
    why_not: str
    may_answer: bool
    key: UUID
    limit: int
    in_bytes: bool
    replies: Sequence[ReadyReply]
    text: str = ""
    answered: Message | None = None  # the message that is answered in particular

    @property
    def is_open(self) -> bool:
        """Whether something can be sent now."""
        return self.may_answer and not self.why_not and self.window.state is not WindowState.CLOSED

    @property
    def thread_owner(self) -> str:
        """The app that Meta lets answer, if it isn't us."""
        return owner_of(self.conversation)

    @property
    def accepts(self) -> str:
        """What the file chooser offers."""
        if self.conversation.platform == Platform.INSTAGRAM:
            return "image/png,image/jpeg,video/*,audio/*,application/pdf"
        return ""


def owner_of(conversation: Conversation) -> str:
    """Which app owns the thread, for people; nothing if it is ours."""
    owner = conversation.thread_owner
    if not owner:
        return ""
    if owner in PAGE_INBOX_APPS:
        return _("Meta's own inbox")
    if owner.isdecimal():
        return _("Another app (%(app)s)") % {"app": owner}
    return _("Another app")


def present_row(
    conversation: Conversation, *, now: datetime, query: str, current: UUID | None, human: bool
) -> Row:
    """A conversation as the list shows it."""
    window = queries.window_of(conversation, now, human_agent=human)
    waits = is_waiting(conversation)
    until = window.until
    path = reverse("inbox-conversation", args=[conversation.id])
    return Row(
        conversation=conversation,
        url=f"{path}?{query}" if query else path,
        window=window,
        is_current=conversation.id == current,
        is_unread=is_unread(conversation),
        is_waiting=waits,
        closes_soon=waits
        and window.state is WindowState.OPEN
        and until is not None
        and until - now <= CLOSES_SOON,
    )


def is_unread(conversation: Conversation) -> bool:
    """Whether the customer wrote last, and since a member last looked."""
    wrote, seen = conversation.last_customer_message_at, conversation.seen_at
    return wrote is not None and is_waiting(conversation) and (seen is None or wrote > seen)


def is_waiting(conversation: Conversation) -> bool:
    """Whether the customer wrote last."""
    wrote, last = conversation.last_customer_message_at, conversation.last_message_at
    return wrote is not None and (last is None or wrote >= last)


def is_closed(conversation: Conversation) -> bool:
    """Whether it was put away, and the customer hasn't written since."""
    wrote, closed = conversation.last_customer_message_at, conversation.closed_at
    return closed is not None and (wrote is None or wrote <= closed)


def present_pending(contact: Contact, *, may_answer: bool) -> list[Pending]:
    """What is on its way to the contact, oldest first."""
    return [_pending(row, may_answer) for row in queries.list_pending(contact)]


def _pending(row: OutgoingMessage, may_answer: bool) -> Pending:  # noqa: FBT001  # one of two
    upload = row.upload
    is_image = upload is not None and upload.content_type in limits.INLINE_IMAGES
    return Pending(
        id=row.id,
        text=row.text,
        file_name=upload.name if upload else "",
        preview=reverse("inbox-file", args=[upload.id]) if upload and is_image else "",
        state=row.state,
        at=row.created_at,
        author=str(row.author) if row.author else "",
        reason=row.error,
        wait_until=row.wait_until,
        is_ours_to_retry=may_answer and row.state == "failed",
    )


def build_composer(
    member: Member, conversation: Conversation, *, now: datetime, insert: str = "", reply: str = ""
) -> Composer:
    """The box for a conversation; `insert` is the id of a quick reply to begin with, `reply` of what is answered."""
    limit = limits.TEXT[Platform(conversation.platform)]
    human = getattr(conversation, "human_agent", None)  # of `with_human_agent`
    if human is None:
        human = queries.uses_human_agent(conversation.organization_id)
    replies = _ready_replies(member, conversation.contact)
    return Composer(
        conversation=conversation,
        window=queries.window_of(conversation, now, human_agent=human),
        why_not=why_page_cannot(conversation.page),
        may_answer=permissions.allows(member, Right.WORK),
        key=new_id(),
        limit=limit.most,
        in_bytes=limit.in_bytes,
        replies=replies,
        text=next((one.text for one in replies if str(one.id) == insert), ""),
        answered=_answered(conversation, reply),
    )


def _answered(conversation: Conversation, message_id: str) -> Message | None:
    known_id = read_uuid(message_id)
    found = conversation.messages.filter(pk=known_id).first() if known_id else None
    return found if found is not None and is_answerable(found) else None


def _ready_replies(member: Member, contact: Contact) -> list[ReadyReply]:
    found = queries.list_quick_replies(member=member)[:QUICK_REPLIES_SHOWN]
    return [
        ReadyReply(row.id, row.shortcut, fill_in(row.text, contact=contact, member=member))
        for row in found
    ]


def newest_conversation(member: Member, contact: Contact, now: datetime) -> Conversation | None:
    """The contact's conversation that an answer goes to: the one with the newest message."""
    wanted = queries.InboxFilter(contact_id=contact.id)
    rows = queries.list_conversations(member=member, wanted=wanted, now=now)
    return queries.with_human_agent(rows).order_by("-last_message_at", "-id").first()


def answer_context(
    member: Member,
    conversation: Conversation | None,
    *,
    now: datetime,
    insert: str = "",
    reply: str = "",
) -> dict[str, Any]:
    """What the composer and the messages on their way need in a template."""
    if conversation is None:
        return {"composer": None, "pending": []}
    composer = build_composer(member, conversation, now=now, insert=insert, reply=reply)
    pending = present_pending(conversation.contact, may_answer=composer.may_answer)
    return {"composer": composer, "pending": pending}
