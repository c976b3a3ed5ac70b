"""Export archives that people upload: carried in the database, so that a worker on any machine can read them.

An upload goes when its import has been read, and after `KEPT` where nobody imported it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from hirocrm.core.platforms import Platform
from hirocrm.core.text import clean, shorten
from hirocrm.meta.models import Page
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member, Organization
from hirocrm.organizations.permissions import Right
from hirocrm.sync import services
from hirocrm.sync.errors import UploadNotFound
from hirocrm.sync.models import ArchiveUpload, RunKind, SyncRun
from hirocrm.sync.sources.archive import (
    ArchiveError,
    ArchiveMissing,
    ArchiveSummary,
    MixedPlatforms,
    OwnNameAmbiguous,
    OwnNameUnknown,
    Place,
    inspect_archive,
)
from hirocrm.sync.upload_pieces import StoredArchive, write_pieces

KEPT = timedelta(days=2)  # how long an upload waits for what a person has to choose


def save_upload(
    *, member: Member, chunks: Iterable[bytes], now: datetime, name: str | None = None
) -> UUID:
    """Store an uploaded archive, piece by piece; returns the id to import it by.

    Raises:
        UploadTooLarge: larger than the database should carry.
        NoRoomForUpload: the database's disk is full.
    """
    permissions.require(member, Right.RUN)
    return store(organization=member.organization, chunks=chunks, now=now, name=name)


def store(
    *, organization: Organization, chunks: Iterable[bytes], now: datetime, name: str | None = None
) -> UUID:
    """As `save_upload`, for whoever may. All of it is stored or nothing."""
    forget_files(now=now)
    with transaction.atomic():
        upload = ArchiveUpload.objects.create(
            organization=organization,
            name=shorten(clean(name), 255) or "archive.zip",
            size=0,
            created_at=now,
        )
        upload.size = write_pieces(upload, chunks)
        upload.save(update_fields=["size"])
    return upload.pk


def import_upload(
    *,
    member: Member,
    upload_id: UUID,
    page: Page | None = None,
    own_name: str | None = None,
    platform: Platform | None = None,
    now: datetime,
) -> SyncRun:
    """Start importing an upload, or return the run that imports it already.

    Without `own_name` the business is the one who is in all conversations. An archive that can't be imported is
    deleted, unless it only takes a choice to go on.

    Raises:
        ArchiveError: it can't be imported; the sentence says why.
        MixedPlatforms: say which of `platforms` to import.
        OwnNameAmbiguous, OwnNameUnknown: say which of `candidates` is the business.
        UploadNotFound: no such upload, or too old.
    """
    permissions.require(member, Right.RUN)
    if run := imported_by(member=member, upload_id=upload_id, platform=platform, now=now):
        return run
    upload = find_upload(member=member, upload_id=upload_id)
    summary = _look_into(upload, own_name, platform)
    if summary.own_name is None:
        raise OwnNameAmbiguous(
            "Which name is your business? It can't be told from the archive.",
            candidates=[{"name": c.name, "threads": c.threads} for c in summary.candidates],
            upload_id=upload_id,
        )
    return _start(upload, summary, member=member, page=page, now=now)


def _look_into(
    upload: ArchiveUpload, own_name: str | None, platform: Platform | None
) -> ArchiveSummary:
    try:
        return inspect_archive(StoredArchive(upload), own_name=own_name, platform=platform)
    except (MixedPlatforms, OwnNameUnknown) as refusal:
        raise type(refusal)(refusal.sentence, **refusal.details, upload_id=upload.pk) from None
    except ArchiveError:
        upload.delete()
        raise


@transaction.atomic
def _start(
    upload: ArchiveUpload,
    summary: ArchiveSummary,
    *,
    member: Member,
    page: Page | None,
    now: datetime,
) -> SyncRun:
    waits = ArchiveUpload.objects.select_for_update().filter(pk=upload.pk).exists()
    run = imported_by(member=member, upload_id=upload.pk, platform=summary.platform, now=now)
    if run is not None:
        return run  # somebody pressed twice
    if not waits:
        raise UploadNotFound
    return services.start_import(
        organization=member.organization,
        member=member,
        archive=upload.pk,
        page=page,
        own_name=summary.own_name,
        platform=summary.platform.value,
        now=now,
    )


def find_upload(*, member: Member, upload_id: UUID) -> ArchiveUpload:
    """An upload of the member's organization.

    Raises:
        UploadNotFound: there is none, or it has been thrown away.
    """
    upload = ArchiveUpload.objects.filter(
        organization_id=member.organization_id, pk=upload_id
    ).first()
    if upload is None:
        raise UploadNotFound
    return upload


def imported_by(
    *, member: Member, upload_id: UUID, platform: Platform | None = None, now: datetime
) -> SyncRun | None:
    """The run that imports or lately imported an upload; of an archive of two downloads, `platform`'s."""
    runs = _runs_of(member.organization_id, upload_id, since=now - KEPT)
    if platform:
        runs = runs.filter(options__platform=platform.value)
    return runs.order_by("-created_at").first()


def archive_of(run: SyncRun) -> Place:
    """What an import reads: an upload, or a file or folder of the worker's machine.

    Raises:
        ArchiveMissing: its upload was thrown away.
    """
    upload_id = run.options.get("uploadId")
    if upload_id is None:
        return Path(run.options["path"])
    upload = ArchiveUpload.objects.filter(organization_id=run.organization_id, pk=upload_id).first()
    if upload is None:
        raise ArchiveMissing("The upload isn't there any more. Upload the archive again.")
    return StoredArchive(upload)


@transaction.atomic
def forget_archive_of(run_id: UUID) -> None:
    """Throw away the upload that a run has read, unless another run reads it, too."""
    run = SyncRun.objects.filter(pk=run_id).first()
    upload_id = run.options.get("uploadId") if run else None
    if run is None or upload_id is None:
        return
    rows = ArchiveUpload.objects.filter(organization_id=run.organization_id, pk=upload_id)
    upload = rows.select_for_update().first()
    if upload is None:
        return
    if not _is_being_read(upload):
        upload.delete()


def forget_old(*, now: datetime) -> int:
    """Throw away uploads that nobody imports; returns how many."""
    forget_files(now=now)
    old = ArchiveUpload.objects.filter(created_at__lt=now - KEPT)
    forgotten = [upload for upload in old if not _is_being_read(upload)]
    for upload in forgotten:
        upload.delete()
    return len(forgotten)


def forget_files(*, now: datetime) -> None:
    """Throw away uploads of a release that kept them in this machine's data folder, once no import waits for them."""
    open_runs = SyncRun.objects.filter(kind=RunKind.IMPORT, fetched_at=None, finished_at=None)
    for path in (Path(settings.DATA_DIR) / "imports").glob("*/*.zip"):
        is_old = path.stat().st_mtime < (now - KEPT).timestamp()
        if is_old and not open_runs.filter(options__path=str(path)).exists():
            path.unlink(missing_ok=True)


def _is_being_read(upload: ArchiveUpload) -> bool:
    runs = _runs_of(upload.organization_id, upload.pk, since=upload.created_at)
    return runs.filter(fetched_at=None, finished_at=None).exists()


def _runs_of(organization_id: UUID, upload_id: UUID, *, since: datetime) -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(
        organization_id=organization_id,
        created_at__gte=since,
        kind=RunKind.IMPORT,
        options__uploadId=str(upload_id),
    )
