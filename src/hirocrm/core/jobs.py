"""The job queue: how services put work off, and what to do when a job fails.

Services defer by name, inside the transaction that makes the work necessary, so that a job and
its data commit or vanish together. Tasks import services, never the reverse.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import django.db
import psycopg
import psycopg_pool
from django.db import transaction
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job

from hirocrm.core.errors import UpstreamRateLimited, UpstreamUnavailable

__all__ = [
    "ANALYSIS_QUEUES",
    "QUEUE_GROUPS",
    "RetryTransient",
    "app",
    "defer",
    "defer_many",
    "defer_once",
    "is_transient",
]

# Groups of queues with places of their own: analyses that wait for an AI's quota must not keep
# a sync, a webhook or a reply from running. "default" is the queue of tasks that name none.
ANALYSIS_QUEUES = ("analysis",)
QUEUE_GROUPS = (("sync", "webhooks", "inbox", "default"), ANALYSIS_QUEUES)
FIRST_RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 300.0
DATABASE_GONE = (
    django.db.OperationalError,  # also deadlocks and time-outs, which a second try settles
    django.db.InterfaceError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg_pool.PoolTimeout,
)


class RetryTransient(BaseRetryStrategy):
    """Retry what may pass later (network, 5xx, rate limit); fail at once on anything else."""

    def __init__(self, *, max_attempts: int) -> None:
        self.max_attempts = max_attempts

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to try again, or None to give up."""
        if job.attempts >= self.max_attempts:
            return None
        if isinstance(exception, UpstreamRateLimited):
            return _decide(exception.retry_after_seconds or 60.0)
        if is_transient(exception):
            return _decide(min(FIRST_RETRY_SECONDS * 2.0**job.attempts, LONGEST_RETRY_SECONDS))
        return None


def is_transient(exception: BaseException) -> bool:
    """Whether the same job may well succeed a little later (a remote fault, a database that restarts)."""
    return isinstance(exception, (UpstreamUnavailable, UpstreamRateLimited, *DATABASE_GONE))


def _decide(seconds: float) -> RetryDecision:
    return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=seconds))


def defer(
    name: str,
    *,
    queue: str | None = None,
    lock: str | None = None,
    schedule_at: datetime | None = None,
    priority: int = 0,
    **arguments: Any,
) -> int:
    """Queue the task called `name` in the caller's transaction; returns the job's id."""
    options: dict[str, Any] = {"priority": priority}
    if queue:
        options["queue"] = queue
    if lock:
        options["lock"] = lock
    if schedule_at:
        options["schedule_at"] = schedule_at
    job_id = app.configure_task(name, allow_unknown=False, **options).defer(**arguments)
    return int(job_id)


def defer_once(
    name: str,
    *,
    key: str,
    queue: str | None = None,
    lock: str | None = None,
    schedule_at: datetime | None = None,
    priority: int = 0,
    **arguments: Any,
) -> bool:
    """Queue the task unless one with the same `key` is already waiting; returns whether it was queued.

    The savepoint matters: a violated unique index aborts the caller's transaction.
    """
    options: dict[str, Any] = {"queueing_lock": key, "priority": priority}
    if queue:
        options["queue"] = queue
    if lock:
        options["lock"] = lock
    if schedule_at:
        options["schedule_at"] = schedule_at
    try:
        with transaction.atomic():
            app.configure_task(name, allow_unknown=False, **options).defer(**arguments)
    except AlreadyEnqueued:
        return False
    return True


def defer_many(name: str, arguments: Sequence[dict[str, Any]], *, queue: str) -> None:
    """Queue one job of the task called `name` for each of `arguments`, in one statement."""
    if arguments:
        app.configure_task(name, allow_unknown=False, queue=queue).batch_defer(*arguments)
