"""Following a run while it goes on: until it ends, or as a stream of its states."""

import re
from collections.abc import AsyncIterator
from time import monotonic
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest

from hirocrm.api.schemas.runs import RunProgress
from hirocrm.core.live import listener
from hirocrm.sync import queries
from hirocrm.sync.models import SyncRun

HEARTBEAT_SECONDS = 15.0
POLL_SECONDS = 5.0  # at the latest: news is a hint that may get lost with its connection
MAX_WAIT_SECONDS = 600
WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])")
PREFER = {
    "parameters": [
        {
            "in": "header",
            "name": "Prefer",
            "required": False,
            "description": "`wait=N`: answer when the run has ended or after N seconds (600 at most).",
            "schema": {"type": "string", "examples": ["wait=30"]},
        }
    ]
}
PAUSE_SECONDS = 0.2  # between two states of a stream: a page of conversations makes many


def wished_wait(request: HttpRequest) -> int | None:
    """The seconds of `Prefer: wait=N` (RFC 7240), if the caller sent it."""
    match = WAIT.search(request.headers.get("Prefer", ""))
    return min(int(match[1]), MAX_WAIT_SECONDS) if match else None


async def wait_for_end(run: SyncRun, *, timeout_seconds: float) -> SyncRun:
    """The run once it has ended, or as it is when the time is up."""
    deadline = monotonic() + timeout_seconds
    async with listener.subscribe(organization_id=run.organization_id) as news:
        while True:
            run = await _read(run.organization_id, run.id)
            left = deadline - monotonic()
            if not run.is_open or left <= 0:
                return run
            await news.next(min(left, POLL_SECONDS))


async def stream_states(*, organization_id: UUID, run_id: UUID) -> AsyncIterator[str]:
    """Server-sent events: the run now, then each change, with a comment at least every 15 s; ends with the run."""
    async with listener.subscribe(organization_id=organization_id) as news:
        told, told_at = "", monotonic()
        while True:
            run, state = await sync_to_async(_state)(organization_id, run_id)
            if state != told:
                told, told_at = state, monotonic()
                yield f"event: {'run' if run.is_open else 'end'}\ndata: {state}\n\n"
            elif monotonic() - told_at >= HEARTBEAT_SECONDS:
                told_at = monotonic()
                yield ": still going\n\n"
            if not run.is_open:
                return
            await news.next(POLL_SECONDS)
            await news.rest(PAUSE_SECONDS)


def _state(organization_id: UUID, run_id: UUID) -> tuple[SyncRun, str]:
    run = queries.get_run(organization_id=organization_id, run_id=run_id)
    state = RunProgress.of(run, queries.list_run_errors(run))
    return run, state.model_dump_json(by_alias=True)


async def _read(organization_id: UUID, run_id: UUID) -> SyncRun:
    return await sync_to_async(queries.get_run)(organization_id=organization_id, run_id=run_id)
