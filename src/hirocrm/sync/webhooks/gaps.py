"""Finding what webhooks missed: a walk from a Page's newest conversations, as long as there is news.

It is an ordinary incremental sync, so it stops at the first page of conversations that holds nothing new and
lies before what the last whole walk saw. What it brings that a webhook should have brought is counted.

That a walk is wanted stands in the database until one that began later has got to its end, so none is lost to
a crash, a limit of Meta's, or the number of Pages; `start_wanted` starts those that may start, every minute.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from hirocrm.contacts.ingest import Ingested
from hirocrm.core import jobs
from hirocrm.core.bulk import insert_rows
from hirocrm.meta.models import ConnectionState, Page, SyncSchedule, WebhookHealth
from hirocrm.sync import first, services
from hirocrm.sync.errors import PageNotConnected
from hirocrm.sync.models import RunKind, SyncRun

log = structlog.get_logger(__name__)

REPAIRED_AT_ONCE = 200
# After a downtime a Page is walked at once, unless it was a moment ago. Where walks are wanted often, as by a web
# process that restarts again and again, they become seldom.
A_MOMENT, SELDOM = timedelta(seconds=30), timedelta(minutes=5)
OFTEN, OFTEN_WITHIN = 3, timedelta(minutes=15)  # so many walks in so long
TRIED_EVERY = timedelta(minutes=15)  # a walk that didn't get to its end
STILL_ON_ITS_WAY = timedelta(minutes=2)  # a webhook may be this late without having been missed
# Pages that nobody syncs on schedule are looked at too: a proxy that is down tells nobody.
LOOKED_AT_EVERY, LOOKED_AT_JITTER = timedelta(hours=6), timedelta(hours=1)
LOOKED_AT_ONCE, LOOKED_FOR = 3, 200


def ask_for_repair() -> None:
    """Have a worker look for gaps on all Pages, once."""
    jobs.defer_once("webhooks.repair_gaps", key="webhooks.repair_gaps", queue="webhooks")


def repair_all(*, now: datetime) -> int:
    """Want a walk on every Page whose webhooks may have been missed, as after a downtime; returns how many started.

    The first sync of a Page is a person's: its depth and cost are theirs to choose.
    """
    want(_listening(), now=now)
    return start_wanted(now=now)


def repair_page(*, page_id: UUID, now: datetime) -> int:
    """Start a walk on a Page that was reconnected, or go on with its first sync; 1 if it was started."""
    pages = Page.objects.filter(pk=page_id)
    usable = [ConnectionState.HEALTHY, ConnectionState.LIMITED]
    for page in pages.filter(last_synced_at=None, state__in=usable).exclude(access_token=""):
        return int(first.resume(page=page, now=now) is not None)
    want(pages, now=now)
    return _start(_ready(pages, seldom=timedelta(0), now=now)[:1], now=now)


def want(pages: QuerySet[Page], *, now: datetime) -> None:
    """Note that these Pages' webhooks may have missed something until now."""
    rows = [(*ids, now) for ids in sorted(pages.values_list("pk", "organization_id"))]
    insert_rows(
        WebhookHealth,
        ["page", "organization", "repair_wanted_at"],
        rows,
        on_conflict="(page_id) DO UPDATE SET repair_wanted_at = EXCLUDED.repair_wanted_at",
    )


def start_wanted(*, now: datetime) -> int:
    """Start the walks that are wanted and may start now; returns how many. Those that wait longest come first."""
    wanted = Page.objects.filter(webhook_health__repair_wanted_at__isnull=False)
    ready = _ready(wanted, seldom=A_MOMENT, now=now).filter(_is_walked_seldom(now))
    first = F("webhook_health__repair_tried_at").asc(nulls_first=True)
    return _start(ready.order_by(first, "last_synced_at")[:REPAIRED_AT_ONCE], now=now)


def _is_walked_seldom(now: datetime) -> Q:
    """The condition that a Page wasn't walked often of late, or not for some minutes."""
    walks = SyncRun.objects.filter(
        organization_id=OuterRef("organization_id"),
        page=OuterRef("pk"),
        kind=RunKind.SYNC,
        created_at__gt=now - OFTEN_WITHIN,
    )
    has_rested = Q(webhook_health__repaired_at__isnull=True) | Q(
        webhook_health__repaired_at__lte=now - SELDOM
    )
    return Q(~Exists(walks[OFTEN - 1 : OFTEN])) | has_rested


def look_at_unscheduled(*, now: datetime) -> int:
    """Start a light walk on some Pages without a schedule that were long not looked at; returns how many.

    A few in a minute, each at an hour of its own, so that hundreds of Pages don't ask Meta all at once.
    """
    pages = _listening().filter(
        sync_schedule=SyncSchedule.OFF, last_synced_at__lte=now - LOOKED_AT_EVERY
    )
    found = _ready(pages, seldom=LOOKED_AT_EVERY, now=now).order_by("last_synced_at")[:LOOKED_FOR]
    due = [page for page in found if _is_due(page, now)]
    return _start(due[:LOOKED_AT_ONCE], light=True, now=now)


def _is_due(page: Page, now: datetime) -> bool:
    jitter = LOOKED_AT_JITTER * (page.pk.int % 3600 / 3600)
    assert page.last_synced_at is not None  # noqa: S101  # by the query
    return page.last_synced_at <= now - LOOKED_AT_EVERY - jitter


def _listening() -> QuerySet[Page]:
    """Pages whose events Meta delivers, or did."""
    listens = Q(webhook_health__listening_since__isnull=False) | ~Q(subscribed_fields=[])
    return Page.objects.filter(listens)


def _ready(pages: QuerySet[Page], *, seldom: timedelta, now: datetime) -> QuerySet[Page]:
    """Those where a walk may start: Meta allows it, none is under way or was a moment ago."""
    walked, tried = now - seldom, now - (max(TRIED_EVERY, seldom / 6) if seldom else seldom)
    under_way = SyncRun.objects.filter(page=OuterRef("pk"), kind=RunKind.SYNC, finished_at=None)
    return (
        pages.filter(
            Q(webhook_health__repaired_at__isnull=True)
            | Q(webhook_health__repaired_at__lte=walked),
            Q(webhook_health__repair_tried_at__isnull=True)
            | Q(webhook_health__repair_tried_at__lte=tried),
            ~Exists(under_way),
            last_synced_at__isnull=False,
            state__in=[ConnectionState.HEALTHY, ConnectionState.LIMITED],
        )
        .exclude(state=ConnectionState.LIMITED, limited_until__gt=now)
        .exclude(access_token="")
    )


def _start(pages: Sequence[Page] | QuerySet[Page], *, light: bool = False, now: datetime) -> int:
    started = []
    for page in pages:
        try:
            services.start_sync(page=page, light=light, now=now)
        except PageNotConnected:
            continue
        started.append(page.pk)
    if started:
        WebhookHealth.objects.filter(page__in=started).update(repair_tried_at=now)
        log.info("webhook.repair_started", pages=len(started))
    return len(started)


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
