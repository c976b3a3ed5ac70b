"""A conversation as bubbles, a part at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse

from hirocrm.contacts import queries as contacts
from hirocrm.contacts.models import Contact, Message
from hirocrm.contacts.snapshots import Sender
from hirocrm.core import clock
from hirocrm.core.pagination import Order, cursor_of, paginate
from hirocrm.core.text import shorten, web_address
from hirocrm.inbox.services import is_answerable
from hirocrm.web.components import Attachment, Bubble
from hirocrm.web.contact.expiry import is_expired
from hirocrm.web.contact.sent import marks_of

SHOWN = 40
LOADED_MAX = 200  # drawn anew when something changed
DRAWN = 5_000  # characters of one message; the page that is asked for it shows all of them
QUOTED = 300  # of the message that is answered: two lines are shown
AFTER = 15  # how many messages are shown after the one that was asked for
ORDER = (Order("created_time", descending=True), Order("id", descending=True))
ASCENDING = (Order("created_time"), Order("id"))


@dataclass(frozen=True, slots=True)
class Entry:
    """A bubble; `day` is set where a new day begins, `starts` where someone begins to speak."""

    bubble: Bubble
    day: date | None
    starts: bool


@dataclass(frozen=True, slots=True)
class Thread:
    """A part of a conversation, oldest first. `earlier` asks for what came before; None: that is the beginning."""

    entries: list[Entry]
    earlier: str | None
    is_newest: bool

    @property
    def ids(self) -> set[str]:
        """The messages in it, by Meta's ids."""
        return {entry.bubble.remote_id for entry in self.entries}


def as_many_as_loaded(given: str) -> int:
    """How many messages to draw anew for a page that holds so many, so that one's place is kept."""
    wanted = int(given) if given.isdecimal() and len(given) < 5 else SHOWN
    return max(SHOWN, min(wanted, LOADED_MAX))


def read_thread(
    contact: Contact,
    *,
    quotes: Mapping[str, Sequence[str]],
    zone: ZoneInfo,
    cursor: str | None = None,
    message_id: str = "",
    limit: int = SHOWN,
) -> Thread:
    """The newest messages, those before `cursor`, or those around a message (Meta's id of it).

    Raises:
        InvalidCursor: the cursor can't be read.
    """
    rows = contacts.messages_of(contact).select_related("conversation")
    start = _cursor_after(rows, message_id) if message_id and not cursor else cursor
    page = paginate(rows, order=ORDER, limit=limit, cursor=start)
    found = list(reversed(page.items))
    by_remote_id = {row.remote_id: row for row in found}
    marks = marks_of(found, contact)
    entries: list[Entry] = []
    now = clock.now()
    last: Message | None = None
    for row in found:
        answered = by_remote_id.get(row.reply_to)
        bubble = _bubble(row, contact, answered, quotes.get(row.remote_id, ()), now=now)
        if row.remote_id != message_id:
            bubble = _shortened(bubble, contact)
        bubble = replace(bubble, **marks.get(row.id, {}))
        day = _day_of(row, zone)
        is_new_day = last is None or _day_of(last, zone) != day
        starts = is_new_day or last is None or last.sender != row.sender
        entries.append(Entry(bubble, day if is_new_day else None, starts))
        last = row
    return Thread(entries, page.next_cursor, is_newest=start is None)


def _day_of(row: Message, zone: ZoneInfo) -> date:
    """The day in that zone; at the ends of the calendar, where the zone has none, that of UTC."""
    try:
        return row.created_time.astimezone(zone).date()
    except OverflowError:
        return row.created_time.date()


def _cursor_after(rows: Any, message_id: str) -> str | None:
    """The cursor of the message a few after this one, so that reading back from there shows it."""
    found = rows.filter(remote_id=message_id).first()
    if found is None:
        return None
    later = paginate(rows, order=ASCENDING, limit=AFTER + 1, cursor=cursor_of(found, ASCENDING))
    if len(later.items) <= AFTER:
        return None
    return cursor_of(later.items[-1], ORDER)


def _attachment(stored: Mapping[str, Any], row: Message, now: datetime) -> Attachment:
    """With its address only as long as that leads somewhere."""
    kind, url = stored.get("type", ""), web_address(stored.get("url")) or ""
    is_gone = is_expired(kind, url, sent_at=row.created_time, now=now)
    return Attachment(kind, "" if is_gone else url, stored.get("title") or "", is_expired=is_gone)


def _bubble(
    row: Message,
    contact: Contact,
    answered: Message | None,
    quotes: Sequence[str],
    *,
    now: datetime,
) -> Bubble:
    is_customer = row.sender == Sender.CUSTOMER
    return Bubble(
        id=str(row.id),
        remote_id=row.remote_id,
        sender=row.sender,
        at=row.created_time,
        name=contact.name if is_customer else contact.page.name,
        text=row.text or "",
        attachments=tuple(_attachment(one, row, now) for one in row.attachments),
        reactions=tuple(one.get("emoji", "") for one in row.reactions),
        reply_to=shorten(answered.text or "", QUOTED) if answered else "",
        quotes=tuple(quotes),
        is_deleted=row.deleted_time is not None,
        is_edited=row.edited_time is not None,
        is_expired=row.expired_at is not None,
        talk=str(row.conversation_id) if is_answerable(row) else "",
    )


def _shortened(bubble: Bubble, contact: Contact) -> Bubble:
    """The beginning of a very long message, and where all of it is: a page holds dozens."""
    if len(bubble.text) <= DRAWN:
        return bubble
    url = reverse(
        "contact",
        args=[contact.id],
        query={"message": bubble.anchor},
        fragment=f"message-{bubble.anchor}",
    )
    return replace(bubble, text=shorten(bubble.text, DRAWN), rest_url=url)
