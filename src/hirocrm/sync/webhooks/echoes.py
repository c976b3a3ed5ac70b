"""Echoes: what the business sent, told back to us, whether we sent it or somebody in Meta's own apps did."""

from collections.abc import Iterable
from datetime import datetime

from hirocrm.contacts.snapshots import Sender
from hirocrm.inbox import services as inbox
from hirocrm.inbox.services.settling import Echo
from hirocrm.meta.models import Page
from hirocrm.meta.webhooks.events import Event, MessageCame
from hirocrm.sync.webhooks.snapshots import happened_at, to_message


def settle_echoes(
    *, page: Page, events: Iterable[tuple[Event, datetime]], now: datetime
) -> set[str]:
    """Let messages that were sent from here know that Meta has them; returns the ids of those that are ours.

    Called when the messages are written, in the same transaction. What isn't ours stays a message "sent
    from elsewhere": `source` webhook, `sent_by_app` the app it was sent with.
    """
    echoes = [_echo(event, received_at) for event, received_at in events if _is_echo(event)]
    return inbox.settle_echoes(
        page=page, echoes=[echo for echo in echoes if echo is not None], now=now
    )


def _is_echo(event: Event) -> bool:
    return isinstance(event, MessageCame) and event.is_echo


def _echo(event: Event, received_at: datetime) -> Echo | None:
    message = to_message(event, happened_at(event, received_at))
    if message is None or message.sender is not Sender.BUSINESS:
        return None
    return Echo(
        remote_id=message.remote_id,
        recipient_id=event.customer_id,
        created_at=message.created_at,
        text=message.text,
        attachments=message.attachments,
        metadata=(event.metadata or None) if isinstance(event, MessageCame) else None,
    )
