"""Which Pages' time for a sync has come, and how long to leave one alone whose syncs come to nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from hirocrm.meta.models import ConnectionState, Page, SyncSchedule
from hirocrm.sync import first, queries
from hirocrm.sync.errors import PageNotConnected
from hirocrm.sync.models import RunKind, RunStatus, SyncRun
from hirocrm.sync.services import start_sync

INTERVALS = {
    SyncSchedule.EVERY_15_MINUTES: timedelta(minutes=15),
    SyncSchedule.HOURLY: timedelta(hours=1),
    SyncSchedule.DAILY: timedelta(days=1),
}
SCHEDULED_AT_ONCE = 200
FIRST_REST = timedelta(minutes=5)  # after one failed run; doubled by each further one
REST_DOUBLED_AT_MOST = 16  # far past the longest interval


@dataclass(frozen=True, slots=True)
class Tries:
    """What became of a Page's syncs since the last that brought something. `failed` are in a row."""

    failed: int
    failed_at: datetime | None
    cancelled_at: datetime | None

    def is_over(self, interval: timedelta, now: datetime) -> bool:
        """Whether the rest is over: a failed try's grows up to the interval, a cancelled one's is the interval."""
        if self.cancelled_at is not None and self.cancelled_at > now - interval:
            return False
        if self.failed_at is None:
            return True
        rest: timedelta = FIRST_REST * 2 ** min(self.failed - 1, REST_DOUBLED_AT_MOST)
        return self.failed_at <= now - min(rest, interval)


def start_due_syncs(*, now: datetime) -> int:
    """Start the syncs whose time has come; returns how many.

    A Page's first sync is begun by a person; one that was cut off goes on (`first`).
    """
    started = 0
    for schedule, interval in INTERVALS.items():
        for page in _due(schedule, interval, now):
            try:
                _start(page, now)
            except PageNotConnected:
                continue
            started += 1
    return started


def _start(page: Page, now: datetime) -> None:
    if page.last_synced_at is None:
        first.resume(page=page, now=now)
    else:
        start_sync(page=page, now=now)


def _due(schedule: SyncSchedule, interval: timedelta, now: datetime) -> QuerySet[Page]:
    """The Pages to sync now, those first that wait longest."""
    latest = SyncRun.objects.filter(
        organization=OuterRef("organization"), page=OuterRef("pk"), kind=RunKind.SYNC
    ).order_by("-created_at", "-id")
    pages = Page.objects.annotate(ended=Subquery(latest.values("status")[:1])).filter(
        Q(last_synced_at__lte=now - interval) | Q(last_synced_at=None, ended__in=queries.CUT_OFF),
        sync_schedule=schedule,
        state__in=[ConnectionState.HEALTHY, ConnectionState.LIMITED],
    )
    pages = pages.exclude(sync_runs__finished_at=None, sync_runs__created_at__isnull=False)
    failed, cancelled = _runs_since(*queries.CUT_OFF), _runs_since(RunStatus.CANCELLED)
    longest = F("last_synced_at").asc(nulls_first=True)
    rows = pages.order_by(longest).values_list(
        "pk",
        Coalesce(Subquery(failed.annotate(n=Count("pk")).values("n")), 0),
        Subquery(failed.annotate(at=Max("finished_at")).values("at")),
        Subquery(cancelled.annotate(at=Max("finished_at")).values("at")),
    )
    rested = (pk for pk, *tries in rows if Tries(*tries).is_over(interval, now))
    ids = list(islice(rested, SCHEDULED_AT_ONCE))
    return Page.objects.filter(pk__in=ids).order_by(longest)


def _runs_since(*statuses: RunStatus) -> QuerySet[SyncRun, Any]:
    """A Page's syncs that ended so since one brought something, as a group to aggregate."""
    never = Value(datetime.min.replace(tzinfo=UTC))
    runs = SyncRun.objects.filter(
        organization=OuterRef("organization"),
        page=OuterRef("pk"),
        kind=RunKind.SYNC,
        status__in=statuses,
        created_at__gt=Coalesce(OuterRef("last_synced_at"), never),
    )
    return runs.order_by().values("page")
