"""How a run begins, waits, goes wrong and ends. Every function here is one short transaction.

Lock order: contacts and conversations before the run's row, which comes last everywhere, so that
the fetching job and the analysing jobs of one run never wait for each other in a circle.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from hirocrm.contacts.models import AnalysisState, Conversation
from hirocrm.core.errors import UpstreamError, UpstreamUnauthorized
from hirocrm.core.events import publish
from hirocrm.core.text import clean, shorten
from hirocrm.meta import health
from hirocrm.meta.models import ConnectionState, Page
from hirocrm.sync.models import (
    AnalysisBatch,
    RunError,
    RunKind,
    RunPhase,
    RunStatus,
    SyncPosition,
    SyncRun,
)
from hirocrm.sync.webhooks import health as webhook_health
from hirocrm.sync.webhooks.parking import forget_announced

ERROR_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that went wrong in a run. `remote_id` "" is for what concerns no single contact."""

    error: str
    code: str = ""
    platform: str = ""
    remote_id: str = ""
    conversation_id: UUID | None = None


@transaction.atomic
def begin(*, run_id: UUID, now: datetime) -> SyncRun | None:
    """Set the run going (again, after a crash or a wait); None if there is nothing left to do."""
    run = (
        SyncRun.objects.select_for_update(of=("self",))
        .select_related("page")
        .filter(pk=run_id)
        .first()
    )
    if run is None or not run.is_open or run.fetched_at is not None:
        return None
    run.status, run.waiting_until, run.waiting_for = RunStatus.RUNNING, None, ""
    run.started_at = run.started_at or now
    run.save(update_fields=["status", "waiting_until", "waiting_for", "started_at"])
    tell(run)
    return run


@transaction.atomic
def wait(
    *, run: SyncRun, page: Page, refusal: UpstreamError, until: datetime, now: datetime
) -> None:
    """Note that the run waits by itself, for what and until when."""
    SyncRun.objects.filter(pk=run.pk, finished_at=None).update(
        status=RunStatus.RATE_LIMITED,
        waiting_until=until,
        waiting_for=shorten(refusal.sentence, 200),
    )
    health.note_trouble(page=page, error=refusal, now=now)
    tell(run)


@transaction.atomic
def connection_refused(
    *, run: SyncRun, page: Page, refusal: UpstreamError, trouble: Trouble, now: datetime
) -> None:
    """Note that Meta refused the token or a permission, on the run and on its Page."""
    record_troubles(run, [trouble])
    if isinstance(refusal, UpstreamUnauthorized):
        SyncRun.objects.filter(pk=run.pk).update(token_expired=True)
    health.note_trouble(page=page, error=refusal, now=now)


def record_troubles(run: SyncRun, troubles: Iterable[Trouble]) -> None:
    """Store what went wrong; the same code for the same item is counted, not repeated."""
    rows = [
        (run.organization_id, run.pk, t.platform, t.remote_id[:255], t.conversation_id,
         shorten(clean(t.error), ERROR_LENGTH), t.code[:60])
        for t in troubles
    ]  # fmt: skip
    if not rows:
        return
    table = RunError._meta.db_table  # noqa: SLF001  # Django documents _meta
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} (organization_id, run_id, platform, remote_id, conversation_id, error, code,"  # noqa: S608
            " count, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, 1, now())"
            f" ON CONFLICT (run_id, code, remote_id) DO UPDATE SET count = {table}.count + 1,"
            " error = EXCLUDED.error",
            rows,
        )


@transaction.atomic
def fetching_ended(*, run_id: UUID, now: datetime) -> None:
    """Note that nothing more will be fetched; the run ends when its last batch does."""
    SyncRun.objects.filter(pk=run_id, fetched_at=None).update(
        fetched_at=now, phase=RunPhase.ANALYSING, platform=""
    )
    finish_if_done(run_id=run_id, now=now)


@transaction.atomic
def finish_if_done(*, run_id: UUID, now: datetime) -> bool:
    """End the run if all is fetched and no batch is open. Whoever comes last ends it."""
    run = SyncRun.objects.select_for_update(of=("self",)).select_related("page").get(pk=run_id)
    if not run.is_open or (run.fetched_at is None and run.cancel_requested_at is None):
        return not run.is_open
    if AnalysisBatch.objects.filter(
        organization_id=run.organization_id, run=run, finished_at=None
    ).exists():
        tell(run)
        return False
    run.status = _final_status(run)
    run.phase, run.finished_at, run.waiting_until, run.waiting_for = RunPhase.DONE, now, None, ""
    run.save(update_fields=["status", "phase", "finished_at", "waiting_until", "waiting_for"])
    _after(run, now)
    tell(run)
    return True


def _final_status(run: SyncRun) -> RunStatus:
    if run.cancel_requested_at is not None:
        return RunStatus.CANCELLED
    if run.token_expired:
        return RunStatus.TOKEN_EXPIRED
    if not run.failed and not run.errors.exists():
        return RunStatus.COMPLETED
    return RunStatus.PARTIAL if run.synced or run.analyzed else RunStatus.FAILED


def _after(run: SyncRun, now: datetime) -> None:
    """What a finished sync leaves on its Page: when it was synced, and how far."""
    if run.kind != RunKind.SYNC or run.status not in {RunStatus.COMPLETED, RunStatus.PARTIAL}:
        return
    page = run.own_page
    page.last_synced_at = now
    page.save(update_fields=["last_synced_at", "updated_at"])
    if run.status == RunStatus.COMPLETED or page.state == ConnectionState.LIMITED:
        health.note_success(page=page, now=now)
    began_at = _walked_whole_since(run)
    webhook_health.note_walk_ended(page=page, missed=run.missed, began_at=began_at, now=now)
    if began_at is not None:
        forget_announced(page=page, until=began_at)
    for platform, place in run.cursor.items():
        if place.get("done"):
            _remember_position(run, platform, place)


def _walked_whole_since(run: SyncRun) -> datetime | None:
    """When the walk began, if it got to the end of what is new on each platform; None if not."""
    is_whole = all(run.cursor.get(p.value, {}).get("done") for p in run.own_page.platforms)
    return run.started_at if is_whole else None


def _remember_position(run: SyncRun, platform: str, place: dict[str, str]) -> None:
    position, _ = SyncPosition.objects.get_or_create(
        page=run.own_page, platform=platform, defaults={"organization_id": run.organization_id}
    )
    if place.get("newest"):
        newest = datetime.fromisoformat(place["newest"])
        position.newest_at = max(position.newest_at or newest, newest)
    position.page_size = int(place.get("page_size") or position.page_size)
    position.evaluated_settings = run.options.get("evaluation") or position.evaluated_settings
    position.save()


@transaction.atomic
def drop_batches(run: SyncRun, now: datetime) -> None:
    """Give back the conversations of a cancelled run that nobody has read yet."""
    batches = AnalysisBatch.objects.filter(
        organization_id=run.organization_id, run=run, finished_at=None
    )
    locked = batches.select_for_update().order_by("id")
    waiting = [conversation for batch in locked for conversation in batch.conversation_ids]
    Conversation.objects.filter(pk__in=waiting, analysis_state=AnalysisState.PENDING).update(
        analysis_state=AnalysisState.NONE
    )
    batches.update(finished_at=now)


def count(run_id: UUID, **amounts: int) -> None:
    """Add to the run's counts, in the caller's transaction (the last statement of it)."""
    changes = {name: F(name) + amount for name, amount in amounts.items() if amount}
    if changes:
        SyncRun.objects.filter(pk=run_id).update(**changes)


def tell(run: SyncRun) -> None:
    """Tell live pages that the run changed."""
    publish(
        organization_id=run.organization_id,
        kind="run.changed",
        run=str(run.pk),
        page=str(run.page_id),
    )
