"""What nothing else does in time: jobs that got lost, events whose message a sync brought, old deliveries."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, Subquery

from hirocrm.contacts.models import Contact, Message
from hirocrm.core import jobs
from hirocrm.core.platforms import Platform
from hirocrm.meta.health import IDLE_STATES
from hirocrm.meta.models import Page, UnreadableEntry, WebhookDelivery
from hirocrm.sync.models import ParkedEvent
from hirocrm.sync.webhooks import gaps
from hirocrm.sync.webhooks.apply import apply_parked
from hirocrm.sync.webhooks.parking import ANNOUNCED, ANNOUNCED_FOR, REREAD, person_key

log = structlog.get_logger(__name__)

LOOKED_AT = 500
FORGOTTEN_AT_ONCE = 2_000
UNREADABLE_KEPT_DAYS = 30


def wake_taker() -> bool:
    """Queue the job that takes deliveries if any wait; the intake has done so, unless it was cut off."""
    if not WebhookDelivery.objects.filter(handled_at__isnull=True).exists():
        return False
    return jobs.defer_once(
        "webhooks.take_deliveries", key="webhooks", queue="webhooks", lock="webhooks"
    )


@transaction.atomic
def settle_parked(*, now: datetime) -> int:
    """Apply parked events whose message or person a sync has brought meanwhile; returns how many keys."""
    here = Message.objects.filter(page=OuterRef("page"), remote_id=OuterRef("mid")).values("id")[:1]
    parked = ParkedEvent.objects.select_for_update(of=("self",), skip_locked=True).order_by("id")
    parked = parked.exclude(kind=REREAD)
    rows = parked.annotate(message_id=Subquery(here)).filter(message_id__isnull=False)[:LOOKED_AT]
    keys: defaultdict[UUID, set[str]] = defaultdict(set)
    for row in rows:
        keys[row.page_id].add(row.mid)
    for page_id, person in _known_people(parked.filter(mid__startswith="person:")[:LOOKED_AT]):
        keys[page_id].add(person)
    for page in Page.objects.filter(pk__in=keys).order_by("id"):
        apply_parked(page=page, keys=keys[page.pk], now=now)
    return sum(len(found) for found in keys.values())


def _known_people(rows: Iterable[ParkedEvent]) -> list[tuple[UUID, str]]:
    """The parked keys of people who are contacts of that Page by now."""
    wanted = {(row.page_id, row.mid) for row in rows}
    ids = [key.rsplit(":", 1)[-1] for _, key in wanted]
    contacts = Contact.objects.filter(
        Q(messenger_psid__in=ids) | Q(instagram_sid__in=ids),
        page_id__in={page for page, _ in wanted},
    )
    known = set()
    for page_id, psid, sid in contacts.values_list("page_id", "messenger_psid", "instagram_sid"):
        known |= {(page_id, person_key(Platform.MESSENGER, psid or "")), (page_id, person_key(Platform.INSTAGRAM, sid or ""))}  # fmt: skip
    return sorted(wanted & known, key=str)


def look_for_announced(*, now: datetime) -> int:
    """Start a walk on Pages where an announced message never came; returns how many.

    Where nobody has started the first sync, no walk does: `announced` asks for the messages alone.
    The announcement stays until a walk that began after it is done: this one may have to wait, or fail.
    """
    overdue = ParkedEvent.objects.filter(
        page=OuterRef("pk"), kind=ANNOUNCED, created_at__lte=now - ANNOUNCED_FOR
    )
    pages = Page.objects.filter(
        Exists(overdue), last_synced_at__isnull=False, webhook_health__repair_wanted_at__isnull=True
    )
    gaps.want(pages.exclude(state__in=IDLE_STATES)[:LOOKED_AT], now=now)
    return gaps.start_wanted(now=now)


def forget_old(*, now: datetime) -> int:
    """Drop deliveries that were taken and are older than the retention setting, and what never found its message."""
    before = now - timedelta(days=settings.WEBHOOK_RETENTION_DAYS)
    count = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM meta_webhookdelivery WHERE id IN (SELECT id FROM meta_webhookdelivery"
                " WHERE received_at < %s AND handled_at IS NOT NULL ORDER BY id LIMIT %s)",
                [before, FORGOTTEN_AT_ONCE],
            )
            forgotten = int(cursor.rowcount)
        count += forgotten
        if forgotten < FORGOTTEN_AT_ONCE:
            break
    ParkedEvent.objects.filter(created_at__lt=before).delete()
    aside = UnreadableEntry.objects.filter(
        received_at__lt=now - timedelta(days=UNREADABLE_KEPT_DAYS)
    )
    aside.delete()
    if count:
        log.info("webhook.deliveries_forgotten", deliveries=count)
    return count
