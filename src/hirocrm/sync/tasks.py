"""Jobs of this module: load, await the network, one service call."""

from datetime import timedelta
from uuid import UUID

import structlog

from hirocrm.core import clock
from hirocrm.core.jobs import RetryTransient, app, is_transient
from hirocrm.core.threads import in_thread
from hirocrm.sync import fetch, imports, lifecycle, reading, services
from hirocrm.sync.lifecycle import Trouble
from hirocrm.sync.models import SyncRun

log = structlog.get_logger(__name__)

INTERNAL_ERROR = (
    "HiroCRM failed here; that is a fault of ours, noted in the worker's log. What was saved stays."
)


@app.task(name="sync.fetch_run", queue=services.SYNC_QUEUE, retry=RetryTransient(max_attempts=20))
async def fetch_run(*, run_id: str) -> None:
    """Fetch a Page's conversations, from where the run stopped."""
    try:
        await fetch.fetch_run(UUID(run_id))
    except fetch.Paused as pause:
        at = clock.now() + timedelta(seconds=pause.after_seconds)
        await in_thread(services.continue_later, run_id=UUID(run_id), at=at)
    except Exception as exc:
        if is_transient(exc):
            raise
        log.exception("sync_run.failed", run_id=run_id)
        await in_thread(_give_up, UUID(run_id))


@app.task(
    name="sync.import_archive", queue=services.SYNC_QUEUE, retry=RetryTransient(max_attempts=20)
)
async def import_archive(*, run_id: str) -> None:
    """Read an export archive, from where the run stopped."""
    try:
        await in_thread(imports.read_into, UUID(run_id))
    except Exception as exc:
        if is_transient(exc):
            raise
        log.exception("import.failed", run_id=run_id)
        await in_thread(_give_up, UUID(run_id))


def _give_up(run_id: UUID) -> None:
    run = SyncRun.objects.get(pk=run_id)
    lifecycle.record_troubles(run, [Trouble(error=INTERNAL_ERROR, code="internal_error")])
    lifecycle.fetching_ended(run_id=run_id, now=clock.now())


@app.task(name="sync.analyse_batch", queue="analysis", retry=RetryTransient(max_attempts=20))
async def analyse_batch(*, organization_id: str, batch_id: str) -> None:
    """Ask the analyser about a batch of conversations and store what it says."""
    await reading.read_batch(organization_id=UUID(organization_id), batch_id=UUID(batch_id))


@app.periodic(cron="* * * * *")
@app.task(
    name="sync.start_due_syncs", queue=services.SYNC_QUEUE, queueing_lock="sync.start_due_syncs"
)
async def start_due_syncs(timestamp: int) -> None:  # noqa: ARG001  # every periodic task is given it
    """Start the syncs whose time has come."""
    await in_thread(services.start_due_syncs, now=clock.now())


@app.periodic(cron="*/10 * * * *")
@app.task(
    name="sync.retry_due_analyses",
    queue=services.SYNC_QUEUE,
    queueing_lock="sync.retry_due_analyses",
)
async def retry_due_analyses(timestamp: int) -> None:  # noqa: ARG001  # every periodic task is given it
    """Give conversations whose analysis failed another try."""
    await in_thread(services.retry_due_analyses, now=clock.now())
