"""How a Page's webhooks do: since when they come, when the last came, and what they missed."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.models import F

from hirocrm.core.text import clean
from hirocrm.meta.models import Page, WebhookHealth
from hirocrm.meta.webhooks.events import Event, PolicyEnforced

_NOTE = """
INSERT INTO meta_webhookhealth (page_id, organization_id, listening_since, last_event_at)
VALUES (%s, %s, %s, %s)
ON CONFLICT (page_id) DO UPDATE SET
    listening_since = coalesce(meta_webhookhealth.listening_since, EXCLUDED.listening_since),
    last_event_at = greatest(meta_webhookhealth.last_event_at, EXCLUDED.last_event_at)
"""


def note_events(*, page: Page, events: Sequence[tuple[Event, datetime]]) -> None:
    """Remember that webhooks come for this Page, and what Meta says of its policies."""
    received = [received_at for _, received_at in events]
    if not received:
        return
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [page.pk, page.organization_id, min(received), max(received)])
    for event, received_at in events:
        if isinstance(event, PolicyEnforced):
            _note_policy(page, event, event.at or received_at)


def _note_policy(page: Page, event: PolicyEnforced, at: datetime) -> None:
    """The latest word counts; "unblock" takes a block back."""
    action = "" if event.action == "unblock" else clean(event.action)
    rows = WebhookHealth.objects.filter(page=page)
    rows.filter(policy_at__isnull=True).update(policy_at=at, policy_action=action, policy_reason=clean(event.reason))  # fmt: skip
    rows.filter(policy_at__lt=at).update(
        policy_at=at, policy_action=action, policy_reason=clean(event.reason)
    )


def note_missed(*, page: Page, count: int) -> None:
    """Count messages that a sync brought although a webhook should have."""
    if count:
        WebhookHealth.objects.filter(page=page).update(missed_total=F("missed_total") + count)


def note_walk_ended(*, page: Page, missed: int, began_at: datetime | None, now: datetime) -> None:
    """The walk found so many missed messages. `began_at`: all that was to know then is known; None: not all."""
    rows = WebhookHealth.objects.filter(page=page)
    found = {"missed_at": now} if missed else {}
    rows.update(repaired_at=now, missed_count=missed, **found)
    if began_at is not None:
        rows.update(repair_tried_at=None)
        rows.filter(repair_wanted_at__lte=began_at).update(repair_wanted_at=None)
