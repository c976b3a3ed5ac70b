"""Looking after messages that a lost job would leave waiting for ever."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from hirocrm.inbox.models import OutgoingMessage, OutgoingState
from hirocrm.inbox.services.delivery import look_later
from hirocrm.inbox.services.sending import queue_sending

FORGOTTEN_AFTER = timedelta(minutes=5)
LOOKED_FOR_AFTER = timedelta(minutes=20)
PORTION = 200


@transaction.atomic
def wake_forgotten(*, now: datetime) -> int:
    """Give a job to messages that are queued, being sent or unknown for longer than any job takes; how many."""
    sending = Q(state=OutgoingState.QUEUED, created_at__lt=now - FORGOTTEN_AFTER) | Q(
        state=OutgoingState.SENDING, sending_at__lt=now - FORGOTTEN_AFTER
    )
    not_resting = Q(wait_until=None) | Q(wait_until__lt=now - FORGOTTEN_AFTER)
    waiting = OutgoingMessage.objects.filter(sending, not_resting)
    conversations = set(waiting.values_list("conversation_id", "organization_id")[:PORTION])
    for conversation_id, organization_id in conversations:
        queue_sending(conversation_id, organization_id)
    lost = OutgoingMessage.objects.filter(
        state=OutgoingState.UNKNOWN, sending_at__lt=now - LOOKED_FOR_AFTER
    )
    rows = list(lost[:PORTION])
    for row in rows:
        look_later(row, now)
    return len(conversations) + len(rows)
