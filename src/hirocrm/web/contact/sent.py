"""Who sent a message of the business, from where, and how far it got."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from hirocrm.contacts.models import Contact, Message
from hirocrm.contacts.snapshots import MessageSource, Sender
from hirocrm.core import clock
from hirocrm.core.text import web_address
from hirocrm.inbox import queries
from hirocrm.inbox.limits import INLINE_IMAGES
from hirocrm.inbox.models import OutgoingMessage
from hirocrm.web.components import Attachment
from hirocrm.web.contact.expiry import is_expired

Marks = dict[str, Any]


def marks_of(rows: Sequence[Message], contact: Contact) -> Mapping[UUID, Marks]:
    """What bubbles of the business say beside their words, by message; `rows` are in order."""
    ours = [row for row in rows if row.sender == Sender.BUSINESS]
    sent = [row.id for row in ours if row.source == MessageSource.SENT]
    outgoing = {row.message_id: row for row in queries.list_sent(contact, sent)} if sent else {}
    marks = {row.id: _marks(row, outgoing.get(row.id), contact) for row in ours}
    for receipt in ("delivered", "read"):
        reached = [row for row in ours if _has(row, receipt)]
        if reached:
            marks[reached[-1].id]["receipt"] = receipt
    return marks


def _marks(row: Message, outgoing: OutgoingMessage | None, contact: Contact) -> Marks:
    if outgoing is None:
        return {"is_outside": _is_from_elsewhere(row, contact)}
    marks: Marks = {"by": str(outgoing.author) if outgoing.author else ""}
    if outgoing.upload is not None and not row.deleted_time:
        marks["attachments"] = (_attachment(row, outgoing),)
    return marks


def _is_from_elsewhere(row: Message, contact: Contact) -> bool:
    """Whether it was sent by other means while HiroCRM knew the Page; what is older is simply history.

    An echo tells of a message as it is sent, so it is decided by how the message came; one that a sync
    found, by when HiroCRM first met the Page. Connecting again changes neither.
    """
    if row.source == MessageSource.WEBHOOK:
        return row.sent_by_app not in {settings.FACEBOOK_APP_ID, settings.INSTAGRAM_APP_ID} - {""}
    return row.source == MessageSource.SYNC and row.created_time > contact.page.created_at


def _attachment(row: Message, outgoing: OutgoingMessage) -> Attachment:
    """Our own copy of the file as long as it is kept, else Meta's."""
    upload = outgoing.upload
    assert upload is not None  # noqa: S101  # asked before
    stored = row.attachments[0] if row.attachments else {}
    ours = reverse("inbox-file", args=[upload.id]) if upload.is_kept else ""  # type: ignore[attr-defined]  # annotated
    is_image = upload.content_type in INLINE_IMAGES
    theirs = web_address(stored.get("url")) or ""
    is_gone = is_expired(upload.kind, theirs, sent_at=row.created_time, now=clock.now())
    return Attachment(
        type=upload.kind,
        url=ours or ("" if is_gone else theirs),
        title=upload.name,
        preview=ours if is_image else "",
        is_expired=is_gone and not ours,
    )


def _has(row: Message, receipt: str) -> bool:
    until = row.conversation.read_until if receipt == "read" else row.conversation.delivered_until
    return until is not None and row.created_time <= until
