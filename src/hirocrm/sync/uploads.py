"""Export archives that people upload: kept under the data folder until they are imported."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings

from hirocrm.core.platforms import Platform
from hirocrm.meta.models import Page
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.sync import services
from hirocrm.sync.errors import UploadNotFound
from hirocrm.sync.models import SyncRun
from hirocrm.sync.sources.archive import (
    ArchiveError,
    MixedPlatforms,
    OwnNameAmbiguous,
    OwnNameUnknown,
    inspect_archive,
)

KEPT = timedelta(days=2)  # how long an upload waits for what a person has to choose


def save_upload(*, member: Member, chunks: Iterable[bytes], now: datetime) -> UUID:
    """Write an uploaded archive to disk, piece by piece; returns the id to import it by."""
    permissions.require(member, Right.RUN)
    folder = _folder(member)
    folder.mkdir(parents=True, exist_ok=True)
    _forget_old(folder, now)
    upload_id = uuid4()
    path = path_of(member, upload_id)
    try:
        with path.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return upload_id


def import_upload(
    *,
    member: Member,
    upload_id: UUID,
    page: Page | None = None,
    own_name: str | None = None,
    platform: Platform | None = None,
    now: datetime,
) -> SyncRun:
    """Start importing an upload. Without `own_name` the business is the one who is in all conversations.

    An archive that can't be imported is deleted, unless it only takes a choice to go on.

    Raises:
        ArchiveError: it can't be imported; the sentence says why.
        MixedPlatforms: say which of `platforms` to import.
        OwnNameAmbiguous, OwnNameUnknown: say which of `candidates` is the business.
        UploadNotFound: no such upload, or too old.
    """
    permissions.require(member, Right.RUN)
    path = path_of(member, upload_id)
    if not path.is_file():
        raise UploadNotFound("There is no such upload. Upload the archive again.")
    try:
        summary = inspect_archive(path, own_name=own_name, platform=platform)
    except (MixedPlatforms, OwnNameUnknown) as refusal:
        raise type(refusal)(refusal.sentence, **refusal.details, upload_id=upload_id) from None
    except ArchiveError:
        path.unlink(missing_ok=True)
        raise
    name = summary.own_name
    if name is None:
        raise OwnNameAmbiguous(
            "Which name is your business? It can't be told from the archive.",
            candidates=[{"name": c.name, "threads": c.threads} for c in summary.candidates],
            upload_id=upload_id,
        )
    return services.start_import(
        organization=member.organization,
        member=member,
        path=path,
        page=page,
        own_name=name,
        platform=summary.platform.value,
        now=now,
    )


def _folder(member: Member) -> Path:
    return Path(settings.DATA_DIR) / "imports" / str(member.organization_id)


def path_of(member: Member, upload_id: UUID) -> Path:
    """Where an upload lies, if it is there."""
    return _folder(member) / f"{upload_id}.zip"


def _forget_old(folder: Path, now: datetime) -> None:
    for path in folder.glob("*.zip"):
        if path.stat().st_mtime < (now - KEPT).timestamp():
            path.unlink(missing_ok=True)
