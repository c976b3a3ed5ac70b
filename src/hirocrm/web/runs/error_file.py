"""A run's errors as a file: every one of them, with what to do about it."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from django.views.decorators.http import require_GET

from hirocrm.contacts.spreadsheets import safe_cell
from hirocrm.organizations import permissions
from hirocrm.organizations.permissions import Right
from hirocrm.sync import queries
from hirocrm.sync.error_groups import remedy_of
from hirocrm.sync.models import RunError, SyncRun
from hirocrm.web.members import MemberHttpRequest, async_member_required
from hirocrm.web.runs.presentation import ADVICE

COLUMNS = ("time", "platform", "id", "code", "error", "times", "advice")


@require_GET
@async_member_required
async def download(request: MemberHttpRequest, run_id: UUID) -> StreamingHttpResponse:
    """Stream the errors of a run as a CSV file."""
    run = await sync_to_async(_run)(request, run_id)
    return StreamingHttpResponse(
        _parts(run),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="errors-{run.id}.csv"',
            "Content-Encoding": "identity",  # Django zips each part by itself; browsers unzip the first
        },
    )


def _run(request: MemberHttpRequest, run_id: UUID) -> SyncRun:
    permissions.require(request.member, Right.READ)
    return queries.get_run(organization_id=request.member.organization_id, run_id=run_id)


async def _parts(run: SyncRun) -> AsyncIterator[str]:
    yield "\ufeff" + _lines([COLUMNS])  # Excel reads UTF-8 only behind a byte order mark
    after = 0
    while rows := await sync_to_async(queries.list_errors_after)(run, after=after):
        yield _lines(_cells(row) for row in rows)
        after = rows[-1].id


def _cells(row: RunError) -> Sequence[object]:
    at = row.created_at.isoformat(timespec="seconds")
    advice = ADVICE[remedy_of(row.code)]
    return at, row.platform, row.remote_id, row.code, row.error, row.count, advice


def _lines(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([safe_cell(value) for value in row] for row in rows)
    return text.getvalue()
