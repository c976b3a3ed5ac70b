"""Finding what webhooks missed: a walk from a Page's newest conversations, as long as there is news.

It is an ordinary incremental sync, so it stops at the first page of conversations that holds nothing new and
lies before what the last whole walk saw. What it brings that a webhook should have brought is counted.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import Q, QuerySet

from hirocrm.contacts.ingest import Ingested
from hirocrm.core import jobs
from hirocrm.meta.models import ConnectionState, Page, WebhookHealth
from hirocrm.sync import services
from hirocrm.sync.errors import PageNotConnected

log = structlog.get_logger(__name__)

REPAIRED_AT_ONCE = 200
SELDOM = timedelta(minutes=5)  # a Page that was walked a moment ago isn't walked again
STILL_ON_ITS_WAY = timedelta(minutes=2)  # a webhook may be this late without having been missed


def ask_for_repair() -> None:
    """Have a worker look for gaps on all Pages, once."""
    jobs.defer_once("webhooks.repair_gaps", key="webhooks.repair_gaps", queue="webhooks")


def repair_all(*, now: datetime) -> int:
    """Start a walk on every Page whose webhooks may have been missed, as after a downtime; returns how many.

    The first sync of a Page is a person's: its depth and cost are theirs to choose.
    """
    listening = Q(webhook_health__listening_since__isnull=False) | ~Q(subscribed_fields=[])
    return repair_pages(Page.objects.filter(listening), now=now)


def repair_page(*, page_id: UUID, now: datetime) -> int:
    """Start a walk on a Page that was reconnected; 1 if it was started."""
    return repair_pages(Page.objects.filter(pk=page_id), seldom=timedelta(0), now=now)


def repair_pages(pages: QuerySet[Page], *, seldom: timedelta = SELDOM, now: datetime) -> int:
    """Start a walk on these Pages, except where one is under way or was a moment ago."""
    due = (
        pages.filter(
            Q(webhook_health__repaired_at__isnull=True)
            | Q(webhook_health__repaired_at__lt=now - seldom),
            last_synced_at__isnull=False,
            state__in=[ConnectionState.HEALTHY, ConnectionState.LIMITED],
        )
        .exclude(access_token="")
        .order_by("last_synced_at")[:REPAIRED_AT_ONCE]
    )
    count = 0
    for page in due:
        try:
            services.start_sync(page=page, now=now)
        except PageNotConnected:
            continue
        count += 1
    if count:
        log.info("webhook.repair_started", pages=count)
    return count


def count_missed(*, page: Page, ingested: Sequence[Ingested], now: datetime) -> int:
    """How many messages a sync has just brought that a webhook should have brought before."""
    if not any(item.new for item in ingested):
        return 0
    health = WebhookHealth.objects.filter(page=page, listening_since__isnull=False).first()
    if health is None or health.listening_since is None:
        return 0
    return sum(_between(item, health.listening_since, now - STILL_ON_ITS_WAY) for item in ingested)


def _between(item: Ingested, since: datetime, until: datetime) -> int:
    return sum(since <= message.created_at <= until for message in item.new)
