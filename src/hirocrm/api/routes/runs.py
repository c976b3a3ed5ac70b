"""/api/sync-runs."""

from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from ninja import Query, Status

from hirocrm.api.auth import MemberRequest
from hirocrm.api.paging import list_answer
from hirocrm.api.routes.pages import RUN_ORDER
from hirocrm.api.routes.router import Answer, new_router, refusals
from hirocrm.api.run_waiting import stream_states
from hirocrm.api.schemas.base import ListOf, Window
from hirocrm.api.schemas.runs import RunOut, UndoneOut
from hirocrm.core import clock
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.sync import queries, services
from hirocrm.sync.models import SyncRun

router = new_router("Sync runs")
EVENTS = {
    "responses": {
        200: {
            "description": "The run as server-sent events.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    }
}


@router.get("/sync-runs", response=ListOf[RunOut], operation_id="list_runs")
def list_runs(request: MemberRequest, window: Query[Window]) -> dict[str, Any]:
    """All runs of the organization, newest first. Their `errors` are told by each run itself."""
    permissions.require(request.auth, Right.READ)
    rows = queries.list_runs(organization_id=request.auth.organization_id)
    return list_answer(rows, RunOut.of, order=RUN_ORDER, window=window)


@router.get("/sync-runs/{run_id}", response=RunOut, operation_id="get_run")
def get_run(request: MemberRequest, run_id: UUID) -> RunOut:
    """A run with all its counts and its first hundred errors."""
    return _present(_get(request.auth, run_id))


@router.post(
    "/sync-runs/{run_id}/cancel",
    response={200: RunOut, **refusals(409)},
    operation_id="cancel_run",
)
def cancel_run(request: MemberRequest, run_id: UUID) -> RunOut:
    """Stop a run. What it has saved stays. A run that has ended is 409."""
    run = _get(request.auth, run_id, Right.RUN)
    return _present(services.cancel_run(run=run, now=clock.now()))


@router.post(
    "/sync-runs/{run_id}/retry",
    response={202: RunOut, **refusals(409)},
    operation_id="retry_run",
)
def retry_run(request: MemberRequest, run_id: UUID) -> Answer:
    """Try the contacts again that failed in a run that has ended: a new run, 202. None failed: 422."""
    run = _get(request.auth, run_id, Right.RUN)
    retried = services.retry_failed(run=run, member=request.auth, now=clock.now())
    return Status(202, _present(retried))


@router.post(
    "/sync-runs/{run_id}/undo",
    response={200: UndoneOut, **refusals(409)},
    operation_id="undo_run",
)
def undo_run(request: MemberRequest, run_id: UUID) -> UndoneOut:
    """Put back every contact that is still where the run put it. Moves by people after it are kept."""
    run = _get(request.auth, run_id, Right.ERASE)
    return UndoneOut(contacts=services.undo_run(run=run, member=request.auth, now=clock.now()))


@router.get("/sync-runs/{run_id}/events", operation_id="stream_run", openapi_extra=EVENTS)
async def stream_run(request: MemberRequest, run_id: UUID) -> StreamingHttpResponse:
    """The run's progress as server-sent events.

    The first event is its present state; `run` events follow as it changes, and one `end` event closes
    the stream. A comment comes at least every 15 seconds.
    """
    run = await sync_to_async(_get)(request.auth, run_id)
    return StreamingHttpResponse(
        stream_states(organization_id=run.organization_id, run_id=run.id),
        content_type="text/event-stream",
        headers={
            "Cache-Control": "no-cache",
            "Content-Encoding": "identity",  # Django zips each event by itself; browsers unzip the first
            "X-Accel-Buffering": "no",
        },
    )


def _get(member: Member, run_id: UUID, right: Right = Right.READ) -> SyncRun:
    permissions.require(member, right)
    return queries.get_run(organization_id=member.organization_id, run_id=run_id)


def _present(run: SyncRun) -> RunOut:
    return RunOut.of(run, queries.list_run_errors(run))
