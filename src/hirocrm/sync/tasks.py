"""Jobs of this module: load, await the network, one service call."""

import asyncio
from datetime import timedelta
from uuid import UUID

import structlog
from procrastinate import JobContext

from hirocrm.core import clock
from hirocrm.core.jobs import RetryTransient, app, is_transient
from hirocrm.core.threads import in_thread
from hirocrm.sync import (
    demo,
    fetch,
    first,
    imports,
    lifecycle,
    profiles,
    reading,
    schedule,
    services,
    uploads,
)
from hirocrm.sync.lifecycle import Trouble
from hirocrm.sync.models import SyncRun
from hirocrm.sync.webhooks import announced, gaps, quiet, reread, sweep, take

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
    name="sync.start_first_syncs", queue=services.SYNC_QUEUE, retry=RetryTransient(max_attempts=5)
)
async def start_first_syncs(
    *, page_ids: list[str], member_id: str, pipeline_id: str | None, since: str | None
) -> None:
    """Start the first syncs of Pages that were too many for the request that asked for them."""
    await in_thread(
        first.go_on,
        page_ids=page_ids,
        member_id=member_id,
        pipeline_id=pipeline_id,
        since=since,
        now=clock.now(),
    )


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
        await in_thread(uploads.forget_archive_of, UUID(run_id))


@app.periodic(cron="23 * * * *")
@app.task(
    name="sync.forget_uploads", queue=services.SYNC_QUEUE, queueing_lock="sync.forget_uploads"
)
async def forget_uploads(timestamp: int) -> None:  # noqa: ARG001  # every periodic task is given it
    """Throw away uploaded archives that nobody imports."""
    await in_thread(uploads.forget_old, now=clock.now())


@app.task(
    name="sync.load_samples", queue=services.SYNC_QUEUE, retry=RetryTransient(max_attempts=20)
)
async def load_samples(*, run_id: str) -> None:
    """Read a shop's sample conversations, from where the run stopped."""
    try:
        await in_thread(demo.read_into, UUID(run_id))
    except Exception as exc:
        if is_transient(exc):
            raise
        log.exception("samples.failed", run_id=run_id)
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
    await in_thread(schedule.start_due_syncs, now=clock.now())


@app.periodic(cron="*/10 * * * *")
@app.task(
    name="sync.retry_due_analyses",
    queue=services.SYNC_QUEUE,
    queueing_lock="sync.retry_due_analyses",
)
async def retry_due_analyses(timestamp: int) -> None:  # noqa: ARG001  # every periodic task is given it
    """Give conversations whose analysis failed another try."""
    await in_thread(services.retry_due_analyses, now=clock.now())


WEBHOOKS_QUEUE = "webhooks"
TAKER_IDLE_SECONDS = 1.0  # then the job ends; the next delivery brings another
TAKER_LOOKS_EVERY_SECONDS = 0.05


@app.task(
    name="webhooks.take_deliveries",
    queue=WEBHOOKS_QUEUE,
    lock="webhooks",
    retry=RetryTransient(max_attempts=1000),
    pass_context=True,
)
async def take_deliveries(context: JobContext) -> None:
    """Take webhook deliveries, one round after the other, until none has come for a moment.

    The intake queues this job with the deliveries, unless one waits already. One that is about to end can
    miss the deliveries of a transaction that is just being committed, so it looks a little longer.
    """
    idle = 0.0
    while idle < TAKER_IDLE_SECONDS and not context.should_abort():
        if await in_thread(take.take_deliveries, now=clock.now()):
            idle = 0.0
        else:
            await asyncio.sleep(TAKER_LOOKS_EVERY_SECONDS)
            idle += TAKER_LOOKS_EVERY_SECONDS


@app.task(
    name="webhooks.analyse_quiet", queue=WEBHOOKS_QUEUE, retry=RetryTransient(max_attempts=20)
)
async def analyse_quiet() -> None:
    """Give conversations that have become quiet to the analyser."""
    await in_thread(quiet.hand_over_quiet, now=clock.now())


@app.task(name="webhooks.repair_gaps", queue=WEBHOOKS_QUEUE, retry=RetryTransient(max_attempts=20))
async def repair_gaps() -> None:
    """Look for what webhooks missed while this install was down."""
    await in_thread(gaps.repair_all, now=clock.now())


@app.task(name="webhooks.repair_page", queue=WEBHOOKS_QUEUE, retry=RetryTransient(max_attempts=20))
async def repair_page(*, page_id: str) -> None:
    """Look for what webhooks missed while a Page's token was dead."""
    await in_thread(gaps.repair_page, page_id=UUID(page_id), now=clock.now())


@app.task(
    name="webhooks.reread_messages", queue=WEBHOOKS_QUEUE, retry=RetryTransient(max_attempts=20)
)
async def reread_messages(*, page_id: str) -> None:
    """Ask Meta for the wording of messages that were edited without saying to what."""
    await reread.reread_messages(UUID(page_id))


@app.task(
    name="webhooks.fetch_announced", queue=WEBHOOKS_QUEUE, retry=RetryTransient(max_attempts=20)
)
async def fetch_announced(*, page_id: str) -> None:
    """Ask Meta for messages that were announced and didn't come."""
    await announced.fetch_announced(UUID(page_id), now=clock.now())


@app.periodic(cron="* * * * *")
@app.task(name="webhooks.sweep", queue=WEBHOOKS_QUEUE, queueing_lock="webhooks.sweep")
async def sweep_webhooks(timestamp: int) -> None:  # noqa: ARG001  # every periodic task is given it
    """Do what the jobs above would have done, had none of them been lost, and look for gaps."""
    await in_thread(sweep.wake_taker)
    await in_thread(quiet.hand_over_quiet, now=clock.now())
    await in_thread(sweep.settle_parked, now=clock.now())
    await in_thread(sweep.look_for_announced, now=clock.now())
    await in_thread(announced.ask_for_announced, now=clock.now())
    await in_thread(gaps.look_at_unscheduled, now=clock.now())
    await in_thread(reread.ask_again, now=clock.now())


@app.periodic(cron="17 * * * *")
@app.task(name="webhooks.forget", queue=WEBHOOKS_QUEUE, queueing_lock="webhooks.forget")
async def forget_deliveries(timestamp: int) -> None:  # noqa: ARG001
    """Drop deliveries past their retention."""
    await in_thread(sweep.forget_old, now=clock.now())


@app.task(name="sync.fetch_profiles", queue=profiles.QUEUE, retry=RetryTransient(max_attempts=3))
async def fetch_profiles(*, page_id: str) -> None:
    """Fetch some profiles of a Page's people."""
    await profiles.fetch_profiles(UUID(page_id))


@app.periodic(cron="*/5 * * * *")
@app.task(name="sync.ask_for_profiles", queue=profiles.QUEUE, queueing_lock="sync.ask_for_profiles")
async def ask_for_profiles(timestamp: int) -> None:  # noqa: ARG001  # every periodic task is given it
    """Have profiles fetched where there is time for it."""
    await in_thread(profiles.ask_for_profiles)


@app.periodic(cron="41 4 * * *")
@app.task(name="sync.look_at_profiles_again", queue=profiles.QUEUE, queueing_lock="sync.look_again")
async def look_at_profiles_again(timestamp: int) -> None:  # noqa: ARG001
    """Have old profiles looked at anew."""
    await in_thread(profiles.look_again, now=clock.now())
