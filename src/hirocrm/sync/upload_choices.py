"""What an uploaded archive holds, where a person has to choose: the platform, or which name is the business."""

from uuid import UUID

from hirocrm.core.platforms import Platform
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.sync import uploads
from hirocrm.sync.sources.archive import ArchiveSummary, inspect_archive
from hirocrm.sync.upload_pieces import StoredArchive


def describe_upload(
    *, member: Member, upload_id: UUID, platform: Platform | None = None
) -> ArchiveSummary:
    """What is in an upload of the member's organization; nothing is saved.

    Raises:
        ArchiveError: it can't be imported; the sentence says why.
        MixedPlatforms: say which of `platforms` is meant.
        UploadNotFound: no such upload, or too old.
    """
    permissions.require(member, Right.RUN)
    upload = uploads.find_upload(member=member, upload_id=upload_id)
    return inspect_archive(StoredArchive(upload), platform=platform)
