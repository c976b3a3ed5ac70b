"""From events to the snapshots that ingest takes: what a person and the business wrote to each other."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from hirocrm.contacts.snapshots import (
    AttachmentSnapshot,
    ConversationSnapshot,
    MessageSnapshot,
    ParticipantSnapshot,
    Platform,
    Sender,
)
from hirocrm.meta.webhooks.events import Attachment, ButtonPressed, Event, MessageCame
from hirocrm.sync.sources.graph_attachments import KINDS
from hirocrm.sync.sources.graph_snapshots import AHEAD


def happened_at(event: Event, received_at: datetime) -> datetime:
    """When the event happened: never after its arrival, beyond what clocks may differ."""
    if event.at is None or event.at > received_at + AHEAD:
        return received_at
    return event.at


def to_snapshots(events: Iterable[tuple[Event, datetime]]) -> list[ConversationSnapshot]:
    """One snapshot for each person who wrote, or was written to; messages in order, each once.

    Args:
        events: each with when we got it.
    """
    threads: defaultdict[tuple[Platform, str], dict[str, MessageSnapshot]] = defaultdict(dict)
    for event, received_at in events:
        message = to_message(event, happened_at(event, received_at))
        if message is not None:
            threads[event.platform, event.customer_id].setdefault(message.remote_id, message)
    return [
        _to_snapshot(platform, customer_id, list(messages.values()))
        for (platform, customer_id), messages in threads.items()
    ]


def _to_snapshot(
    platform: Platform, customer_id: str, messages: Sequence[MessageSnapshot]
) -> ConversationSnapshot:
    ordered = sorted(messages, key=lambda message: (message.created_at, message.remote_id))
    return ConversationSnapshot(
        platform=platform,
        remote_id=None,
        participant=ParticipantSnapshot(customer_id),
        messages=tuple(ordered),
        updated_at=ordered[-1].created_at,
    )


def to_message(event: Event, at: datetime) -> MessageSnapshot | None:
    """The message that an event tells of; None for other events."""
    if isinstance(event, ButtonPressed):
        return MessageSnapshot(event.mid, Sender.CUSTOMER, at, text=event.title)
    if not isinstance(event, MessageCame):
        return None
    return MessageSnapshot(
        remote_id=event.mid,
        sender=Sender.BUSINESS if event.is_echo else Sender.CUSTOMER,
        created_at=at,
        text=event.text,
        attachments=tuple(_attachment(attachment) for attachment in event.attachments),
        reply_to=event.reply_to,
        sent_by_app=event.app_id if event.is_echo else "",
    )


def _attachment(attachment: Attachment) -> AttachmentSnapshot:
    """Meta's word becomes ours; one we don't know is a file if there is something to fetch."""
    kind = KINDS.get(attachment.type) or ("file" if attachment.url else "unsupported")
    return AttachmentSnapshot(kind, attachment.url, attachment.title)
