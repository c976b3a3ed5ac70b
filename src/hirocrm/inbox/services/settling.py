"""Joining what Meta shows as sent to what was sent from here: by echo, by sync, by looking.

An echo carries our metadata on Messenger. Instagram's echoes and every sync show only text and time, so
there a message is ours when an unsettled one of the same conversation says the same.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from hirocrm.contacts.models import Activity, ActivityType, Message
from hirocrm.contacts.snapshots import (
    AttachmentSnapshot,
    ConversationSnapshot,
    MessageSource,
    Sender,
)
from hirocrm.core.text import clean, fold
from hirocrm.inbox.models import OutgoingMessage, OutgoingState
from hirocrm.inbox.services.sending import queue_sending, tell
from hirocrm.meta.models import Page

METADATA_PREFIX = "hirocrm:"
NOT_ARRIVED = "not_arrived"
# Meta's clock and ours differ; conversations show times to the second only.
EARLIEST = timedelta(minutes=2)
LATEST = timedelta(minutes=15)
STILL_OPEN = timedelta(days=7)  # an echo as late as this proves nothing useful any more
_OPEN = (OutgoingState.SENDING, OutgoingState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Echo:
    """A message of the business as Meta shows it. `recipient_id` is the customer's PSID or Instagram id."""

    remote_id: str
    recipient_id: str
    created_at: datetime
    text: str | None = None
    attachments: tuple[AttachmentSnapshot, ...] = ()
    metadata: str | None = None


def metadata_of(row: OutgoingMessage) -> str:
    """What goes along with the message and comes back in its echo."""
    return f"{METADATA_PREFIX}{row.pk}"


@transaction.atomic
def settle_echoes(*, page: Page, echoes: Sequence[Echo], now: datetime) -> set[str]:
    """Mark what the echoes prove as sent; returns the ids of those that were sent from here.

    Call it after `ingest` wrote the messages, in the same transaction. One query where nothing is open.
    """
    rows = _open_rows(page, now) if echoes else []
    if not rows:
        return set()
    messages = _messages(page, echoes)
    ours: set[str] = set()
    for echo in _unclaimed(page, echoes):
        message = messages.get(echo.remote_id)
        row = find_row(rows, echo, stored_at=message.stored_at if message else None)
        if row is not None:
            rows.remove(row)
            ours.add(echo.remote_id)
            mark_sent(row, remote_id=echo.remote_id, message=message, now=now)
    return ours


def find_unclaimed(row: OutgoingMessage, echoes: Sequence[Echo]) -> Echo | None:
    """The one among a conversation's newest messages that is this message of ours, if any."""
    page = row.conversation.page
    messages = _messages(page, echoes)
    for echo in sorted(_unclaimed(page, echoes), key=lambda echo: echo.created_at):
        message = messages.get(echo.remote_id)
        if find_row([row], echo, stored_at=message.stored_at if message else None):
            return echo
    return None


def _messages(page: Page, echoes: Sequence[Echo]) -> dict[str, Message]:
    rows = Message.objects.filter(page=page, remote_id__in=[echo.remote_id for echo in echoes])
    return {row.remote_id: row for row in rows.only("id", "remote_id", "source", "stored_at")}


def _unclaimed(page: Page, echoes: Sequence[Echo]) -> list[Echo]:
    """The echoes of messages that no message of ours is known as."""
    claimed = set(
        OutgoingMessage.objects.filter(
            message__page=page, message__remote_id__in=[echo.remote_id for echo in echoes]
        ).values_list("message__remote_id", flat=True)
    )
    return [echo for echo in echoes if echo.remote_id not in claimed]


def settle_snapshots(
    *, page: Page, snapshots: Iterable[ConversationSnapshot], now: datetime
) -> set[str]:
    """The same for what a source of conversations brought."""
    echoes = [
        Echo(
            remote_id=message.remote_id,
            recipient_id=snapshot.participant.remote_id,
            created_at=message.created_at,
            text=message.text,
            attachments=message.attachments,
        )
        for snapshot in snapshots
        for message in snapshot.messages
        if message.sender is Sender.BUSINESS and message.deleted_at is None
    ]
    return settle_echoes(page=page, echoes=echoes, now=now)


def forget_words(*, message_ids: Collection[UUID]) -> None:
    """Drop what we kept of messages that were unsent, in Meta's own apps."""
    if message_ids:
        OutgoingMessage.objects.filter(message_id__in=message_ids).update(text="", upload=None)


def _open_rows(page: Page, now: datetime) -> list[OutgoingMessage]:
    rows = (
        OutgoingMessage.objects.select_for_update(of=("self",))
        .filter(page=page, sending_at__gte=now - STILL_OPEN)
        .exclude(state=OutgoingState.SENT)
        .select_related("conversation__contact", "upload")
        .defer("upload__content", "conversation__contact__search")
    )
    return list(rows.order_by("sending_at", "id"))


def find_row(
    rows: Iterable[OutgoingMessage], echo: Echo, *, stored_at: datetime | None = None
) -> OutgoingMessage | None:
    """The message of ours that an echo is of, or None: it was sent elsewhere.

    What was `stored_at` a time before we sent can't be ours, whatever it says.
    """
    rows = list(rows)
    for row in rows:
        if echo.remote_id == row.remote_id or echo.metadata == metadata_of(row):
            return row
    if echo.metadata:
        return None  # another app's own, or one that was settled
    return next(
        (
            row
            for row in rows
            if _says_the_same(row, echo)
            and (stored_at is None or row.sending_at is None or stored_at >= row.sending_at)
        ),
        None,
    )


def _says_the_same(row: OutgoingMessage, echo: Echo) -> bool:
    is_unsettled = row.state in _OPEN or row.error_code == NOT_ARRIVED
    contact = row.conversation.contact
    if not is_unsettled or row.sending_at is None:
        return False
    if echo.recipient_id not in {contact.messenger_psid, contact.instagram_sid}:
        return False
    if not -EARLIEST <= echo.created_at - row.sending_at <= LATEST:
        return False
    if row.upload is not None:
        return row.upload.kind in {attachment.type for attachment in echo.attachments}
    return fold(clean(echo.text)) == fold(row.text)


def mark_sent(
    row: OutgoingMessage, *, remote_id: str, message: Message | None, now: datetime
) -> None:
    """Note that Meta has the message, and as which one. Safe to repeat."""
    is_news = row.state != OutgoingState.SENT
    if not is_news and row.remote_id == remote_id and row.message_id is not None:
        return
    row.state, row.remote_id, row.message = OutgoingState.SENT, remote_id, message
    row.error = row.error_code = ""
    row.settled_at, row.wait_until = now, None
    row.save(
        update_fields=[
            "state", "remote_id", "message", "error", "error_code", "settled_at", "wait_until",
        ]
    )  # fmt: skip
    if message is not None and message.source != MessageSource.SENT:
        Message.objects.filter(pk=message.pk).update(source=MessageSource.SENT.value)
    if is_news:
        _activity(row, now).save()
        _wake_rest(row)
    tell(row.conversation)


def _activity(row: OutgoingMessage, now: datetime) -> Activity:
    """Says that a message went, never what it says: activities stay when a message is unsent."""
    return Activity(
        organization_id=row.organization_id,
        contact_id=row.conversation.contact_id,
        type=ActivityType.MESSAGE_SENT,
        title="Message sent",
        user_id=row.author_id,
        metadata={
            "messageId": row.remote_id,
            "outgoingId": str(row.pk),
            "platform": row.conversation.platform,
            **({"tag": row.tag} if row.tag else {}),
        },
        created_at=now,
    )


def _wake_rest(row: OutgoingMessage) -> None:
    """Later parts of the same submission may have waited for this one."""
    waiting = OutgoingMessage.objects.filter(
        organization_id=row.organization_id,
        client_key=row.client_key,
        part__gt=row.part,
        state=OutgoingState.QUEUED,
    )
    if waiting.exists():
        queue_sending(row.conversation_id, row.organization_id)
