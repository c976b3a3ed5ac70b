"""/api/facebook-pages, and the seed's /api/facebook/pages/{pageId}."""

from typing import Annotated, Any

from asgiref.sync import sync_to_async
from ninja import Path, Query, Status

from hirocrm.api.auth import MemberRequest
from hirocrm.api.paging import list_answer
from hirocrm.api.routes.router import Answer, created, new_router, no_content, refusals
from hirocrm.api.run_waiting import PREFER, wait_for_end, wished_wait
from hirocrm.api.schemas.base import ListOf, Window
from hirocrm.api.schemas.pages import (
    PageDetail,
    PageIn,
    PageOut,
    PagePatch,
    PageReference,
    RemoveQuery,
)
from hirocrm.api.schemas.runs import RunOut, SyncEnded, SyncIn, SyncStarted
from hirocrm.core import clock
from hirocrm.core.pagination import Order
from hirocrm.meta import checkup, queries, services
from hirocrm.meta.models import Flavour
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.sync import pages as page_endings
from hirocrm.sync import queries as runs
from hirocrm.sync import services as syncing
from hirocrm.sync.models import SyncRun

router = new_router("Pages")

PAGE_ORDER = (Order("name"), Order("id"))
RUN_ORDER = (Order("created_at", descending=True), Order("id", descending=True))
Reference = Annotated[PageReference, Path()]


@router.get("/facebook/pages/{page_id}", response=PageOut, operation_id="get_page")
def get_page(request: MemberRequest, page_id: Reference) -> PageOut:
    """A Page with its target pipeline."""
    return PageOut.of(queries.get_page(member=request.auth, reference=page_id))


@router.patch("/facebook/pages/{page_id}", response=PageOut, operation_id="update_page")
def update_page(request: MemberRequest, page_id: Reference, body: PagePatch) -> PageOut:
    """Change a Page's target pipeline, mode, confidence, schedule or keeping of manual moves.

    A pipeline of another organization or an unknown mode is 422 and changes nothing.
    """
    page = services.update_page(member=request.auth, reference=page_id, changes=body.changes())
    return PageOut.of(page)


@router.get("/facebook-pages", response=ListOf[PageDetail], operation_id="list_pages")
def list_pages(request: MemberRequest, window: Query[Window]) -> dict[str, Any]:
    """The organization's Pages by name."""
    rows = queries.list_pages(member=request.auth)
    return list_answer(rows, PageDetail.of, order=PAGE_ORDER, window=window)


@router.post(
    "/facebook-pages",
    response={200: PageDetail, 201: PageDetail, **refusals(409, 502)},
    operation_id="connect_page",
)
def connect_page(request: MemberRequest, body: PageIn) -> Answer:
    """Connect a Page by its own token: 201.

    A Page that the organization has already is reconnected with the new token, and nothing else of it
    is lost: 200. A Page that another organization holds is 409. The token is checked with Facebook
    first, unless `verify` is false.
    """
    access = services.PageAccess(
        remote_id=body.page_id,
        name=body.page_name,
        access_token=body.page_access_token,
        instagram_account_id=body.instagram_account_id,
        instagram_username=body.instagram_username or "",
        flavour=Flavour(body.flavour),
    )
    page, is_new = services.connect_page(
        member=request.auth,
        access=access,
        verify=body.verify,
        look=body.verify,
        now=clock.now(),
    )
    return created(PageDetail.of(page)) if is_new else Status(200, PageDetail.of(page))


@router.get("/facebook-pages/{page_id}", response=PageDetail, operation_id="get_page_detail")
def get_page_detail(request: MemberRequest, page_id: Reference) -> PageDetail:
    """A Page with its connection and schedule."""
    return PageDetail.of(queries.get_page(member=request.auth, reference=page_id))


@router.patch("/facebook-pages/{page_id}", response=PageDetail, operation_id="update_page_detail")
def update_page_detail(request: MemberRequest, page_id: Reference, body: PagePatch) -> PageDetail:
    """The same changes as `PATCH /api/facebook/pages/{pageId}`; the answer holds the schedule, too."""
    page = services.update_page(member=request.auth, reference=page_id, changes=body.changes())
    return PageDetail.of(page)


@router.post(
    "/facebook-pages/{page_id}/check", response=PageDetail, operation_id="check_page_connection"
)
def check_page(request: MemberRequest, page_id: Reference) -> PageDetail:
    """Ask Facebook how the Page's connection is, repair the delivery of its events, and answer with what was found.

    It takes up to 20 seconds. When Facebook can't be asked, `checkedAt` stays as it was.
    """
    permissions.require(request.auth, Right.RUN)
    page = queries.get_page(member=request.auth, reference=page_id)
    checkup.check_now(page, now=clock.now())
    return PageDetail.of(queries.get_page(member=request.auth, reference=page.id))


@router.delete("/facebook-pages/{page_id}", response={204: None}, operation_id="remove_page")
def remove_page(request: MemberRequest, page_id: Reference, query: Query[RemoveQuery]) -> Answer:
    """Forget the Page's token and hide it. Its contacts stay; connecting it again brings it back.

    With `?erase=true` its contacts, conversations and runs are erased, for good.
    """
    page_endings.remove_page(
        member=request.auth, reference=page_id, erase=query.erase, now=clock.now()
    )
    return no_content()


@router.post(
    "/facebook-pages/{page_id}/sync",
    response={200: SyncEnded, 202: SyncStarted | SyncEnded, **refusals(409)},
    operation_id="sync_page",
    openapi_extra=PREFER,
)
async def sync_page(
    request: MemberRequest, page_id: Reference, body: SyncIn | None = None
) -> Answer:
    """Start a sync of the Page, or return the one under way: 202.

    With the header `Prefer: wait=N` the answer comes when the run has ended (200) or after N seconds (202).
    """
    run = await sync_to_async(_start)(request.auth, page_id, body or SyncIn())
    seconds = wished_wait(request)
    if seconds is None:
        return Status(202, await sync_to_async(_present)(SyncStarted, run))
    run = await wait_for_end(run, timeout_seconds=seconds)
    return Status(202 if run.is_open else 200, await sync_to_async(_present)(SyncEnded, run))


@router.get(
    "/facebook-pages/{page_id}/sync-runs", response=ListOf[RunOut], operation_id="list_page_runs"
)
def list_page_runs(
    request: MemberRequest, page_id: Reference, window: Query[Window]
) -> dict[str, Any]:
    """The Page's runs, newest first. Their `errors` are told by each run itself."""
    page = queries.get_page(member=request.auth, reference=page_id)
    rows = runs.list_runs(organization_id=request.auth.organization_id, page=page)
    return list_answer(rows, RunOut.of, order=RUN_ORDER, window=window)


def _start(member: Member, page_id: str, wanted: SyncIn) -> SyncRun:
    page = queries.get_page(member=member, reference=page_id)
    return syncing.start_sync(
        page=page, member=member, full=wanted.full, since=wanted.since, now=clock.now()
    )


def _present(shape: type[SyncStarted], run: SyncRun) -> SyncStarted:
    return shape.of(run, runs.list_run_errors(run))
