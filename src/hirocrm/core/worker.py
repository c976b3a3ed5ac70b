"""The process that does the jobs: survives a database restart, and loses no job when it stops or dies.

Procrastinate's own worker marks a job that a shutdown interrupts as aborted, for ever, and ends when
the database goes away. `ReliableWorker` puts both kinds of job back in the queue, `work` starts anew
when the database is back, and `rescue_jobs` takes over the jobs of workers that died.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import psycopg_pool
import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from procrastinate import exceptions as queue_errors
from procrastinate import psycopg_connector
from procrastinate.app import App
from procrastinate.contrib.django.utils import connector_params
from procrastinate.job_context import AbortReason, JobContext, JobResult
from procrastinate.jobs import Job, Status
from procrastinate.retry import RetryDecision
from procrastinate.worker import Worker

from hirocrm.core.jobs import ANALYSIS_QUEUES, QUEUE_GROUPS, app

HEARTBEAT_SECONDS = 2.0
STALLED_AFTER_SECONDS = 10.0
RESCUE_EVERY_SECONDS = 3.0
RESCUES_MAX = 25  # attempts after which a job that keeps killing its worker is given up
POLL_SECONDS = 2.0  # jobs put back in the queue aren't announced
GRACE_SECONDS = 4.0  # for running jobs when asked to stop
OUTAGE_RETRY_SECONDS = 2.0
PLACES_A_JOB_FILLS = 8  # of the AI calls in flight; it carries 20 conversations, some being written
FIRST_RECONNECT_SECONDS = 0.5
RECONNECT_MAX_SECONDS = 5.0

OUTAGES = (
    OperationalError,
    InterfaceError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg_pool.PoolTimeout,
    psycopg_pool.PoolClosed,
    queue_errors.ConnectorException,
)

_MET_OUTAGE = "met_outage"  # key in a job's context

# FOR UPDATE SKIP LOCKED: workers that look at the same moment share the work. A job whose twin (same
# queueing lock) waits already would break the unique index on the way back; the twin does its work.
_RESCUE = """
WITH stalled AS (
    SELECT job.id, job.attempts, job.queueing_lock
      FROM procrastinate_jobs job
      LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
     WHERE job.status = 'doing'
       AND (worker.id IS NULL
            OR worker.last_heartbeat < now() - %(stalled_after)s * interval '1 second')
       FOR UPDATE OF job SKIP LOCKED
), judged AS (
    SELECT id, attempts < %(attempts_max)s
           AND NOT EXISTS (SELECT FROM procrastinate_jobs twin
                            WHERE twin.status = 'todo' AND twin.queueing_lock = stalled.queueing_lock)
           AS again
      FROM stalled
)
UPDATE procrastinate_jobs job
   SET status = (CASE WHEN judged.again THEN 'todo' ELSE 'failed' END)::procrastinate_job_status,
       attempts = job.attempts + 1,
       scheduled_at = now()
  FROM judged
 WHERE job.id = judged.id
RETURNING job.id, job.task_name, judged.again
"""

_WAITING = """
SELECT EXISTS (SELECT FROM procrastinate_jobs
                WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())) AS waiting
"""

log = structlog.get_logger(__name__)


class ReliableWorker(Worker):
    """A worker whose interrupted jobs go back into the queue."""

    async def _persist_job_status(
        self,
        job: Job,
        status: Status,
        retry_decision: RetryDecision | None,
        context: JobContext,
        job_result: JobResult | None,
    ) -> None:
        """Record how a job ended; an end that came from outside is no end."""
        if context.abort_reason() == AbortReason.SHUTDOWN and status is Status.ABORTED:
            retry_decision = RetryDecision(retry_at=datetime.now(UTC))
        elif status is Status.FAILED and context.additional_context.get(_MET_OUTAGE):
            later = datetime.now(UTC) + timedelta(seconds=OUTAGE_RETRY_SECONDS)
            retry_decision = RetryDecision(retry_at=later)
        try:
            await super()._persist_job_status(job, status, retry_decision, context, job_result)
        except queue_errors.UniqueViolation:
            # A twin with the same queueing lock waits already and does its work. Left alone, this
            # job would stay "doing" as long as the worker lives, and hold its lock.
            await super()._persist_job_status(job, status, None, context, job_result)


@dataclass
class Stop:
    """How the outside asks a worker to finish. Set it on the event loop's thread."""

    requested: asyncio.Event = field(default_factory=asyncio.Event)
    workers: list[ReliableWorker] = field(default_factory=list)

    def request(self) -> None:
        """Take no more jobs, give running ones a few seconds, then return from `work`."""
        self.requested.set()
        for worker in self.workers:
            worker.stop()  # type: ignore[no-untyped-call]  # procrastinate leaves it untyped


async def work(*, concurrency: int, stop: Stop) -> None:
    """Do jobs until asked to stop, whatever the database does meanwhile."""
    delay = FIRST_RECONNECT_SECONDS
    left_behind: list[int] = []
    while not stop.requested.is_set():
        started = time.monotonic()
        try:
            left_behind = await _work_while_connected(concurrency, stop, left_behind)
        except OUTAGES as exc:
            log.warning("worker.lost_database", error=_first_line(exc))
        if time.monotonic() - started > RECONNECT_MAX_SECONDS:
            delay = FIRST_RECONNECT_SECONDS
        if not stop.requested.is_set():
            await _wait(stop, delay)
            delay = min(delay * 2, RECONNECT_MAX_SECONDS)


async def work_until_idle(*, concurrency: int = 1) -> None:
    """Do the jobs that wait now and those they bring, then return."""
    connected = connected_app()
    async with connected.open_async():
        await rescue_jobs(connected)
        while await _jobs_wait(connected):  # a worker stops at its first look at an empty queue
            await _make_worker(connected, concurrency, wait=False).run()  # type: ignore[no-untyped-call]  # procrastinate leaves it untyped


async def _jobs_wait(connected: App) -> bool:
    rows = await connected.connector.execute_query_all_async(_WAITING)
    return bool(rows[0]["waiting"])


def is_outage(exc: BaseException) -> bool:
    """Whether the database was away. Procrastinate wraps every database error in the same class."""
    if isinstance(exc, queue_errors.ConnectorException):
        return exc.__cause__ is None or is_outage(exc.__cause__)
    return isinstance(exc, OUTAGES)


async def rescue_jobs(connected: App) -> list[int]:
    """Put the jobs of dead workers back into the queue; returns their ids."""
    rows = await connected.connector.execute_query_all_async(
        _RESCUE, stalled_after=STALLED_AFTER_SECONDS, attempts_max=RESCUES_MAX
    )
    for row in rows:
        event = "job.rescued" if row["again"] else "job.given_up"
        log.warning(event, job_id=row["id"], task=row["task_name"])
    return [row["id"] for row in rows if row["again"]]


def connected_app() -> App:
    """The app over the worker's own connections.

    A copy: with `replace_connector`, jobs that a job defers would go through these connections too,
    and so be visible before the transaction that makes them necessary has been committed.
    """
    return app.with_connector(make_connector())


def make_connector() -> psycopg_connector.PsycopgConnector:
    """The queue's own few connections, apart from Django's."""
    return psycopg_connector.PsycopgConnector(
        kwargs=connector_params(), min_size=1, max_size=6, timeout=10
    )


async def _work_while_connected(
    concurrency: int, stop: Stop, left_behind: Sequence[int]
) -> list[int]:
    """Work until asked to stop or the database goes away.

    Args:
        concurrency: jobs at a time.
        stop: the request to stop.
        left_behind: registrations of the previous try, which the outage left in the table.

    Returns:
        This try's registrations as far as they, too, couldn't be withdrawn.
    """
    connected = connected_app()
    async with connected.open_async():
        for worker_id in left_behind:
            await connected.job_manager.unregister_worker(worker_id)
        stop.workers = [
            _make_worker(connected, _at_a_time(queues, concurrency), queues=queues, wait=True)
            for queues in QUEUE_GROUPS
        ]
        rescuer = asyncio.create_task(_keep_rescuing(connected))
        halted = asyncio.Event()
        running = [
            asyncio.create_task(_run(worker, unless=(stop.requested, halted)))
            for worker in stop.workers
        ]
        try:
            # One that ends, for whatever reason, takes the other along: then both start anew.
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        finally:
            halted.set()
            workers, stop.workers = stop.workers, []
            for worker in workers:
                worker.stop()  # type: ignore[no-untyped-call]  # procrastinate leaves it untyped
            await asyncio.gather(*running, return_exceptions=True)
            rescuer.cancel()
            await asyncio.gather(rescuer, return_exceptions=True)
        return [worker.worker_id for worker in workers if worker.worker_id is not None]


def _at_a_time(queues: Sequence[str], concurrency: int) -> int:
    """How many jobs of these queues to hold at a time.

    Of analyses as many as keep the AI calls in flight busy: more would only be withheld from other
    workers, and at the end of a sync one would still be reading what the others have no more of.
    """
    if queues is not ANALYSIS_QUEUES:
        return concurrency
    return min(concurrency, 2 + settings.ANALYSIS_CONCURRENCY // PLACES_A_JOB_FILLS)


async def _run(worker: ReliableWorker, *, unless: Sequence[asyncio.Event]) -> None:
    """Run until stopped. A stop that came before the start would be forgotten by it, so look first."""
    if any(event.is_set() for event in unless):
        return
    try:
        await worker.run()  # type: ignore[no-untyped-call]  # procrastinate leaves it untyped
    except OUTAGES as exc:
        log.warning("worker.lost_database", error=_first_line(exc))


def _make_worker(
    connected: App, concurrency: int, *, wait: bool, queues: Sequence[str] | None = None
) -> ReliableWorker:
    connected.perform_import_paths()  # type: ignore[no-untyped-call]  # procrastinate leaves it untyped
    options: dict[str, Any] = {
        **connected.worker_defaults,
        "concurrency": concurrency,
        "queues": list(queues)
        if queues
        else None,  # psycopg makes a record of a tuple, not an array
        "wait": wait,
        "listen_notify": wait,
        "fetch_job_polling_interval": POLL_SECONDS,
        # A worker that ends when it is idle waits for its last jobs as long as they take.
        "shutdown_graceful_timeout": GRACE_SECONDS if wait else None,
        "install_signal_handlers": False,
        "update_heartbeat_interval": HEARTBEAT_SECONDS,
        "stalled_worker_timeout": STALLED_AFTER_SECONDS,
        "worker_middleware": [_note_outage],
    }
    return ReliableWorker(app=connected, **options)


async def _note_outage(
    call_next: Callable[[], Awaitable[Any]], context: JobContext, _worker: Worker
) -> Any:
    """Remember that a job failed because the database did, whatever its retry strategy."""
    try:
        return await call_next()
    except OUTAGES as exc:
        context.additional_context[_MET_OUTAGE] = is_outage(exc)
        raise


async def _keep_rescuing(connected: App) -> None:
    while True:
        try:
            await rescue_jobs(connected)
        except OUTAGES as exc:
            log.info("job_rescue.postponed", error=_first_line(exc))
        await asyncio.sleep(RESCUE_EVERY_SECONDS)


def _first_line(exc: BaseException) -> str:
    """What the database said; Procrastinate's own exceptions carry it as their cause."""
    said = exc.__cause__ or exc
    return f"{type(said).__name__}: {said}".strip().split("\n", 1)[0]


async def _wait(stop: Stop, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.requested.wait()
    except TimeoutError:
        return
