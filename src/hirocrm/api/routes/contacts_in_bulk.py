"""/api/contacts, many at once: re-analysis, bulk actions, CSV out and in."""

import json
from collections.abc import AsyncIterator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from ninja import Query, Status
from ninja.errors import ValidationError
from pydantic import ValidationError as PydanticError

from hirocrm.api.auth import MemberRequest
from hirocrm.api.parser import StrictParser
from hirocrm.api.routes.router import Answer, new_router, refusals
from hirocrm.api.run_waiting import PREFER, wait_for_end, wished_wait
from hirocrm.api.schemas.contacts import (
    BulkMoveIn,
    BulkOut,
    BulkTagIn,
    Chosen,
    CsvImportIn,
    CsvImportOut,
    EstimateOut,
    ExportQuery,
    ImportLineError,
    ImportQuery,
    ReanalyzeIn,
)
from hirocrm.api.schemas.runs import Reanalysis
from hirocrm.contacts import queries, services
from hirocrm.contacts.errors import ContactNotFound
from hirocrm.contacts.models import Contact
from hirocrm.contacts.queries import ContactFilter
from hirocrm.contacts.spreadsheets import csv_lines
from hirocrm.core import clock
from hirocrm.core.errors import Invalid
from hirocrm.meta import queries as pages
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines import queries as pipelines
from hirocrm.pipelines import services as moves
from hirocrm.pipelines.errors import PipelineUnknown
from hirocrm.pipelines.models import Pipeline
from hirocrm.sync import queries as runs
from hirocrm.sync import services as syncing
from hirocrm.sync.models import SyncRun

router = new_router("Contacts")
MICRO = 1_000_000
CSV_OUT = {
    "responses": {
        200: {
            "description": "The contacts as CSV (UTF-8 with a byte order mark).",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        }
    }
}
CSV_IN = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": CsvImportIn.model_json_schema(by_alias=True)},
            "text/csv": {"schema": {"type": "string"}},
        },
    }
}


@router.post(
    "/contacts/re-analyze",
    response={200: Reanalysis | EstimateOut, 202: Reanalysis, **refusals(404)},
    operation_id="reanalyze_contacts",
    openapi_extra=PREFER,
)
async def reanalyze_contacts(request: MemberRequest, body: ReanalyzeIn) -> Answer:
    """Evaluate contacts again from their stored messages: a run, 202. With `dryRun` only an estimate, 200.

    With the header `Prefer: wait=N` the answer comes when the run has ended (200) or after N seconds (202).
    """
    found = await sync_to_async(_reanalyze)(request.auth, body)
    if isinstance(found, EstimateOut):
        return Status(200, found)
    seconds = wished_wait(request)
    if seconds is not None:
        found = await wait_for_end(found, timeout_seconds=seconds)
    status = 202 if seconds is None or found.is_open else 200
    return Status(status, await sync_to_async(_present)(found))


def _reanalyze(member: Member, body: ReanalyzeIn) -> SyncRun | EstimateOut:
    permissions.require(member, Right.RUN)
    contacts = chosen_contacts(member, body)
    pipeline = _pipeline(member, body.pipeline_id)
    if body.dry_run:
        return estimate(member, contacts)
    return syncing.start_reanalysis(
        organization_id=member.organization_id,
        member=member,
        contact_ids=None,
        contact_filter=contacts,
        pipeline=pipeline,
        update_mode=body.update_mode,
        now=clock.now(),
    )


def _present(run: SyncRun) -> Reanalysis:
    return Reanalysis.of(run, runs.list_run_errors(run))


@router.post(
    "/contacts/bulk/move",
    response={200: BulkOut, **refusals(404)},
    operation_id="move_contacts",
)
def move_contacts(request: MemberRequest, body: BulkMoveIn) -> BulkOut:
    """Put many contacts into a stage; the answer counts those that weren't there."""
    count = moves.move_contacts(
        member=request.auth,
        contacts=chosen_contacts(request.auth, body),
        pipeline_id=body.pipeline_id,
        stage_id=body.stage_id,
        reason=body.reason,
        now=clock.now(),
    )
    return BulkOut(contacts=count)


@router.post(
    "/contacts/bulk/tag",
    response={200: BulkOut, **refusals(404)},
    operation_id="tag_contacts",
)
def tag_contacts(request: MemberRequest, body: BulkTagIn) -> BulkOut:
    """Put tags on many contacts; the answer counts those that lacked one."""
    contacts = chosen_contacts(request.auth, body)
    count = services.tag_contacts(
        member=request.auth, contacts=contacts, tags=body.tags, now=clock.now()
    )
    return BulkOut(contacts=count)


@router.post(
    "/contacts/bulk/untag",
    response={200: BulkOut, **refusals(404)},
    operation_id="untag_contacts",
)
def untag_contacts(request: MemberRequest, body: BulkTagIn) -> BulkOut:
    """Take tags off many contacts; the answer counts those that had one."""
    contacts = chosen_contacts(request.auth, body)
    count = services.untag_contacts(
        member=request.auth, contacts=contacts, tags=body.tags, now=clock.now()
    )
    return BulkOut(contacts=count)


@router.post(
    "/contacts/bulk/delete",
    response={200: BulkOut, **refusals(404)},
    operation_id="delete_contacts",
)
def delete_contacts(request: MemberRequest, body: Chosen) -> BulkOut:
    """Erase many contacts with all that belongs to them."""
    contacts = chosen_contacts(request.auth, body)
    return BulkOut(
        contacts=services.delete_contacts(member=request.auth, contacts=contacts, now=clock.now())
    )


@router.get("/contacts/export.csv", operation_id="export_contacts", openapi_extra=CSV_OUT)
async def export_contacts(
    request: MemberRequest, query: Query[ExportQuery]
) -> StreamingHttpResponse:
    """Contacts that meet all given conditions, as a CSV file, streamed."""
    wanted = query.to_filter()
    rows = await sync_to_async(queries.list_contacts)(member=request.auth, wanted=wanted)
    return StreamingHttpResponse(
        _csv(rows),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="contacts.csv"',
            "Content-Encoding": "identity",  # Django zips each part by itself; browsers unzip the first
        },
    )


@router.post(
    "/contacts/import",
    response={200: CsvImportOut, **refusals(404)},
    operation_id="import_contacts",
    openapi_extra=CSV_IN,
)
def import_contacts(request: MemberRequest, query: Query[ImportQuery]) -> CsvImportOut:
    """Add or update contacts from CSV: as the body (`text/csv`) or in JSON (`{"csv": …, "pageId": …}`).

    The first line names columns of id, pageId, messengerPSID, instagramSID, firstName, lastName, email, phone,
    tags (separated by ;), leadScore, leadStatus. Good lines are taken; `errors` tells what is wrong with others.
    """
    content, page_id = request.body, query.page_id
    if not request.headers.get("Content-Type", "").startswith("text/csv"):
        body = _csv_body(request)
        content, page_id = body.csv.encode(), body.page_id or page_id
    page = pages.get_page(member=request.auth, reference=page_id) if page_id else None
    result = services.import_spreadsheet(
        member=request.auth,
        content=content,
        page_id=page.id if page else None,
        now=clock.now(),
    )
    return CsvImportOut(
        created=result.created,
        updated=result.updated,
        unchanged=result.unchanged,
        errors=[ImportLineError(line=e.line, error=e.error) for e in result.errors],
    )


def chosen_contacts(member: Member, body: Chosen) -> QuerySet[Contact]:
    """The contacts that a body names, by ids or by a filter.

    Raises:
        ContactNotFound: one of the ids is no contact of this organization.
        Invalid: it names them both ways, or neither way.
    """
    if (body.contact_ids is None) == (body.filter is None):
        raise Invalid("Name contacts by contactIds or by filter, one of the two.", field="filter")
    if body.filter is not None:
        return queries.list_contacts(member=member, wanted=body.filter.to_filter())
    return contacts_by_id(member, body.contact_ids or [])


def contacts_by_id(member: Member, contact_ids: list[UUID]) -> QuerySet[Contact]:
    """The contacts of these ids, all of them.

    Raises:
        ContactNotFound: one of the ids is no contact of this organization.
    """
    ids = set(contact_ids)
    found = queries.list_contacts(member=member, wanted=ContactFilter(ids=tuple(ids)))
    if missing := len(ids) - found.count():
        raise ContactNotFound(
            "There is no such contact."
            if missing == len(ids)
            else f"Of these {len(ids)} contacts {missing} can't be found, so nothing was changed."
        )
    return found


def estimate(member: Member, contacts: QuerySet[Contact]) -> EstimateOut:
    """What evaluating these contacts again would take."""
    found = syncing.estimate_reanalysis(
        organization_id=member.organization_id,
        contact_ids=None,
        contact_filter=contacts,
        now=clock.now(),
    )
    cost = found.cost_micro_usd
    return EstimateOut(
        contacts=found.contacts,
        calls=found.calls,
        tokens=found.tokens,
        cost=None if cost is None else cost / MICRO,
        seconds=found.seconds,
        calls_today=found.calls_today,
    )


def _pipeline(member: Member, pipeline_id: UUID | None) -> Pipeline | None:
    if pipeline_id is None:
        return None
    found = pipelines.find_pipeline(organization_id=member.organization_id, pipeline_id=pipeline_id)
    if found is None:
        raise PipelineUnknown("This organization has no such pipeline.", field="pipelineId")
    return found


async def _csv(rows: QuerySet[Contact]) -> AsyncIterator[str]:
    yield "\ufeff" + csv_lines((), header=True)  # Excel reads UTF-8 only behind a byte order mark
    after: UUID | None = None
    while batch := await sync_to_async(queries.list_export_rows)(contacts=rows, after=after):
        yield csv_lines(batch, header=False)
        after = batch[-1].id


def _csv_body(request: MemberRequest) -> CsvImportIn:
    try:
        return CsvImportIn.model_validate(StrictParser().parse_body(request))
    except PydanticError as exc:
        raise ValidationError(
            [{"loc": ("body", "body", *e["loc"]), "msg": e["msg"]} for e in exc.errors()]
        ) from exc
    except (json.JSONDecodeError, ValueError, RecursionError) as exc:
        raise Invalid('Send the file as text/csv, or as JSON: {"csv": "…"}.') from exc
