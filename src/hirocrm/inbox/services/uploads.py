"""Files for messages: kept in the database until some time after they were sent."""

import mimetypes
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from hirocrm.core.platforms import Platform
from hirocrm.core.text import clean
from hirocrm.inbox import limits
from hirocrm.inbox.errors import FileRefused
from hirocrm.inbox.models import OutgoingMessage, OutgoingState, Upload
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right

KEPT = timedelta(days=30)  # after it was sent, so that colleagues can look at it
UNUSED_KEPT = timedelta(days=2)  # a file whose message was never sent
NAME_LENGTH = 200
# What a file starts with: the type that a browser names may be anything.
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)


@transaction.atomic
def save_upload(*, member: Member, name: str, content: bytes, now: datetime) -> Upload:
    """Keep a file for a message.

    Raises:
        FileRefused: empty, or larger than any platform takes.
    """
    permissions.require(member, Right.WORK)
    content_type = content_type_of(name, content)
    problem = limits.file_problem(
        content_type=content_type, size=len(content), platform=Platform.MESSENGER
    )
    if problem:
        raise FileRefused(problem, field="files")
    return Upload.objects.create(
        organization_id=member.organization_id,
        created_by_id=member.user_id,
        name=_plain_name(name),
        content_type=content_type,
        kind=limits.kind_of(content_type),
        size=len(content),
        content=content,
        created_at=now,
    )


def content_type_of(name: str, content: bytes) -> str:
    """What the file is: by its first bytes where they say, else by its name."""
    for start, content_type in _SIGNATURES:
        if content.startswith(start):
            return content_type
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # Not what it claims to be, as its first bytes would have said so.
    return "application/octet-stream" if guessed in dict(_SIGNATURES).values() else guessed


def _plain_name(name: str) -> str:
    last = clean(name).replace("\\", "/").rpartition("/")[2]
    kept = "".join(letter for letter in last if letter.isprintable() and letter != '"')
    return kept.strip()[-NAME_LENGTH:] or "file"


def drop_old_uploads(*, now: datetime) -> int:
    """Forget the content of files sent long ago and the files that no message carries; how many."""
    carried = OutgoingMessage.objects.filter(upload=OuterRef("pk"))
    unused = Upload.objects.filter(created_at__lt=now - UNUSED_KEPT).exclude(Exists(carried))
    removed, _ = unused.delete()
    unsent = carried.exclude(state=OutgoingState.SENT)
    emptied = (
        Upload.objects.filter(created_at__lt=now - KEPT, content__isnull=False)
        .exclude(Exists(unsent))
        .update(content=None)
    )
    return removed + emptied
