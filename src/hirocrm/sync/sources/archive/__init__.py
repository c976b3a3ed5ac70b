"""Reads Facebook's and Instagram's "Download your information" (JSON form), ZIP or folder.

    inspect_archive(path) -> ArchiveSummary     what is in it, and which name is the business
    read_archive(path)    -> ConversationSnapshot | SkippedThread, …

Nothing is extracted, and memory stays flat: one message_N.json is in memory at a time.
"""

from hirocrm.sync.sources.archive.container import Place, StoredZip
from hirocrm.sync.sources.archive.errors import (
    ArchiveError,
    ArchiveMissing,
    MixedPlatforms,
    OwnNameAmbiguous,
    OwnNameUnknown,
)
from hirocrm.sync.sources.archive.people import NameCandidate
from hirocrm.sync.sources.archive.reader import (
    ArchiveProgress,
    ArchiveSummary,
    inspect_archive,
    read_archive,
)
from hirocrm.sync.sources.archive.threads import SkippedThread, SkipReason

__all__ = [
    "ArchiveError",
    "ArchiveMissing",
    "ArchiveProgress",
    "ArchiveSummary",
    "MixedPlatforms",
    "NameCandidate",
    "OwnNameAmbiguous",
    "OwnNameUnknown",
    "Place",
    "SkipReason",
    "SkippedThread",
    "StoredZip",
    "inspect_archive",
    "read_archive",
]
