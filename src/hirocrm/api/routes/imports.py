"""/api/imports: export archives of Facebook and Instagram."""

from typing import Annotated, Any
from uuid import UUID

from ninja import File, Form, Query, Status, UploadedFile
from pydantic import Field

from hirocrm.api.auth import MemberRequest
from hirocrm.api.paging import list_answer
from hirocrm.api.routes.pages import RUN_ORDER
from hirocrm.api.routes.router import Answer, new_router, refusals
from hirocrm.api.schemas.base import ApiSchema, ListOf, Window
from hirocrm.api.schemas.contacts import PlatformTold
from hirocrm.api.schemas.runs import RunOut
from hirocrm.core import clock
from hirocrm.core.errors import Invalid
from hirocrm.core.platforms import Platform
from hirocrm.meta import queries as pages
from hirocrm.organizations import permissions
from hirocrm.organizations.permissions import Right
from hirocrm.sync import queries, uploads
from hirocrm.sync.models import RunKind

router = new_router("Imports")


class ImportForm(ApiSchema):
    """How to import: all may be left out. `pageId` gets the contacts; `ownName` is the business's in the archive."""

    own_name: Annotated[str | None, Field(max_length=255)] = None
    page_id: Annotated[str | None, Field(max_length=64)] = None
    platform: Annotated[
        PlatformTold | None, Field(description="Which download, where the archive holds both.")
    ] = None
    upload_id: Annotated[
        UUID | None, Field(description="An earlier upload that waits for `ownName` or `platform`.")
    ] = None


@router.get("/imports", response=ListOf[RunOut], operation_id="list_imports")
def list_imports(request: MemberRequest, window: Query[Window]) -> dict[str, Any]:
    """All imports, newest first."""
    permissions.require(request.auth, Right.READ)
    rows = queries.list_runs(organization_id=request.auth.organization_id)
    return list_answer(rows.filter(kind=RunKind.IMPORT), RunOut.of, order=RUN_ORDER, window=window)


@router.post(
    "/imports", response={202: RunOut, **refusals(404, 507)}, operation_id="import_archive"
)
def import_archive(
    request: MemberRequest, form: Form[ImportForm], file: File[UploadedFile | None] = None
) -> Answer:
    """Import the ZIP that "Download your information" (JSON form) gives: a run, 202.

    Where the business's own name can't be told, the answer is 422 with the code `archive_own_name_ambiguous`,
    `candidates` and an `uploadId`: send that again with the chosen `ownName`, without the file. Where it holds a
    Facebook and an Instagram download, the code is `archive_mixed_platforms`, with `platforms`: send the chosen `platform`.
    """
    member = request.auth
    permissions.require(member, Right.RUN)
    page = pages.get_page(member=member, reference=form.page_id) if form.page_id else None
    upload_id = form.upload_id
    if file is not None:
        upload_id = uploads.save_upload(
            member=member, chunks=file.chunks(), now=clock.now(), name=file.name
        )
    if upload_id is None:
        raise Invalid("Send the archive as the form field “file”.", field="file")
    run = uploads.import_upload(
        member=member,
        upload_id=upload_id,
        page=page,
        own_name=form.own_name,
        platform=Platform(form.platform) if form.platform else None,
        now=clock.now(),
    )
    return Status(202, RunOut.of(run))
