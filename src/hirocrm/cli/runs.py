"""Watching a run from the command line, and doing its jobs when nobody else does."""

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from hirocrm.cli.refusals import EXIT_FAILED

if TYPE_CHECKING:
    from hirocrm.sync.models import SyncRun

_LOOK_EVERY_SECONDS = 0.4
_CONCURRENCY = 8
_GOOD_ENDS = frozenset({"completed", "partial"})

Show = Callable[["SyncRun"], None]


def follow(run: "SyncRun", *, quiet: bool) -> "SyncRun":
    """Wait for the run's end, with a progress bar on a terminal; works too if no worker runs.

    Where there is no terminal, a wait for somebody's quota is told in a line on stderr.
    """
    bar = _progress_bar() if sys.stderr.isatty() and not quiet else nullcontext(_WaitsTold())
    with bar as show:
        return asyncio.run(_follow(run, show))


def report(run: "SyncRun", *, as_json: bool) -> None:
    """Print how the run stands; a failed one ends the command with exit code 1."""
    if as_json:
        print(json.dumps(describe(run), ensure_ascii=False))
    else:
        _print(run)
    if not run.is_open and run.status not in _GOOD_ENDS:
        sys.exit(EXIT_FAILED)


def describe(run: "SyncRun") -> dict[str, Any]:
    """The run as the JSON API tells it."""
    from hirocrm.api.schemas.runs import SyncEnded
    from hirocrm.sync import queries

    ended = SyncEnded.of(run, queries.list_run_errors(run))
    return ended.model_dump(mode="json", by_alias=True)


async def _follow(run: "SyncRun", show: Show) -> "SyncRun":
    from asgiref.sync import sync_to_async

    from hirocrm.core.worker import Stop, work
    from hirocrm.sync import queries

    stop = Stop()
    working = None
    if not await sync_to_async(_has_live_worker)():
        working = asyncio.create_task(work(concurrency=_CONCURRENCY, stop=stop))
    look = sync_to_async(queries.get_run)
    try:
        while run.is_open:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            run = await look(organization_id=run.organization_id, run_id=run.pk)
            show(run)
    finally:
        stop.request()
        if working is not None:
            await working
    return run


def _has_live_worker() -> bool:
    from django.db import connection

    from hirocrm.core.worker import STALLED_AFTER_SECONDS

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM procrastinate_workers"
            " WHERE last_heartbeat > now() - %s * interval '1 second')",
            [STALLED_AFTER_SECONDS],
        )
        return bool(cursor.fetchone()[0])


def _print(run: "SyncRun") -> None:
    from hirocrm.sync import queries

    print(_sentence(run))
    for trouble in queries.list_run_errors(run):
        print(f"  {trouble.error}" + (f" ({trouble.count}×)" if trouble.count > 1 else ""))


def _sentence(run: "SyncRun") -> str:
    if run.is_open:
        return f"Run {run.pk} is {run.status}; a worker (`hirocrm up`) does it."
    return (
        f"{run.status.replace('_', ' ').capitalize()}: {run.synced} contacts saved ({run.created} new), "
        f"{run.analyzed} analysed, {run.auto_assigned} assigned, {run.needs_review} to review, "
        f"{run.failed} failed." + (f" {run.notice}" if run.notice else "")
    )


class _WaitsTold:
    """Says once of each wait what is waited for, and until when."""

    def __init__(self) -> None:
        self._told: str = ""

    def __call__(self, run: "SyncRun") -> None:
        from hirocrm.cli.progress import waiting_note

        note = waiting_note(run)
        if note and note != self._told:
            because = f": {run.waiting_for}" if run.waiting_for else "."
            print(note[0].upper() + note[1:] + because, file=sys.stderr, flush=True)
            self._told = note


def _progress_bar() -> AbstractContextManager[Show]:
    from hirocrm.cli.progress import run_progress

    return run_progress()
