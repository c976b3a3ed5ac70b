"""Which name in an uploaded archive is the business, where the archive itself doesn't tell."""

from pathlib import Path
from uuid import UUID

from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.sync import uploads
from hirocrm.sync.errors import UploadNotFound
from hirocrm.sync.sources.archive import ArchiveSummary, inspect_archive


def describe_upload(*, member: Member, upload_id: UUID) -> ArchiveSummary:
    """What is in an upload of the member's organization; nothing is saved.

    Raises:
        ArchiveError: it can't be imported; the sentence says why.
        UploadNotFound: no such upload, or too old.
    """
    permissions.require(member, Right.RUN)
    path: Path = uploads.path_of(member, upload_id)
    if not path.is_file():
        raise UploadNotFound("There is no such upload. Upload the archive again.")
    return inspect_archive(path)
