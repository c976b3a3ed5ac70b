"""The archive source's two functions: look into a download, and read it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hirocrm.contacts.snapshots import ConversationSnapshot
from hirocrm.core.platforms import Platform
from hirocrm.sync.sources.archive.container import DEFAULT_LIMITS, Limits, Place, StoredZip
from hirocrm.sync.sources.archive.errors import ArchiveCorrupt
from hirocrm.sync.sources.archive.opening import Archive, open_archive
from hirocrm.sync.sources.archive.own_name import (
    count_names,
    require_known,
    settle_own_name,
    suggest_own_name,
)
from hirocrm.sync.sources.archive.part import UnreadablePart
from hirocrm.sync.sources.archive.people import NameCandidate, NameCounter
from hirocrm.sync.sources.archive.threads import SkippedThread, Tally, ThreadReader

SAMPLED_THREADS = 20
BYTES_A_MESSAGE = 250  # where no sample can be read


@dataclass(frozen=True, slots=True)
class ArchiveSummary:
    """What a download holds, found without reading its messages."""

    platform: Platform
    threads: int
    messages_estimate: int
    candidates: tuple[NameCandidate, ...]  # for the business's own name, most threads first
    own_name: str | None  # the name told, or the suggestion; None: the person must choose
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArchiveProgress:
    """How far `read_archive` has come."""

    threads_done: int
    threads_total: int
    messages: int
    threads_skipped: int
    notices_dropped: int  # lines of the apps themselves: "Liked a message"
    messages_unreadable: int  # no usable time, or no object at all


def inspect_archive(
    path: str | Path | StoredZip,
    *,
    own_name: str | None = None,
    platform: Platform | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> ArchiveSummary:
    """Look into a ZIP or folder: the start of each thread and a sample of whole ones.

    Raises:
        ArchiveError: it can't be imported; the sentence says why.
        OwnNameUnknown: `own_name` was told and takes part in no thread.
    """
    with open_archive(place_of(path), platform, limits) as archive:
        counter = require_names(count_names(archive))
        told = require_known(counter, own_name) if own_name and own_name.strip() else None
        return ArchiveSummary(
            platform=archive.platform,
            threads=len(archive.threads),
            messages_estimate=estimate_messages(archive),
            candidates=counter.candidates(),
            own_name=told or suggest_own_name(archive, counter),
            warnings=archive.warnings,
        )


def require_names(counter: NameCounter) -> NameCounter:
    """The names found.

    Raises:
        ArchiveCorrupt: there is none, since no conversation could be read.
    """
    if counter.candidates(limit=1):
        return counter
    raise ArchiveCorrupt(
        "No conversation in this archive can be read: download it again, then try once more."
    )


def read_archive(
    path: str | Path | StoredZip,
    *,
    own_name: str | None = None,
    platform: Platform | None = None,
    progress: Callable[[ArchiveProgress], None] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[ConversationSnapshot | SkippedThread]:
    """Yield every conversation in snapshots of up to 500 messages, oldest first.

    A long conversation comes as several snapshots of one `remote_id`, one after another. The
    archive is checked and the business's name settled before this returns; it is open while the
    iterator runs. `progress` is called after each snapshot and each thread.

    Raises:
        ArchiveError: it can't be imported; while iterating, only ArchiveTooLarge and
            ArchiveCorrupt, should the bytes turn out to be other than the list of entries says.
    """
    with open_archive(place_of(path), platform, limits) as archive:
        settled = settle_own_name(archive, own_name)
    return _read_threads(place_of(path), settled, platform, progress, limits)


def place_of(path: str | Path | StoredZip) -> Place:
    """Where the archive is."""
    return Path(path) if isinstance(path, str) else path


def _read_threads(
    place: Place,
    own_name: str,
    platform: Platform | None,
    progress: Callable[[ArchiveProgress], None] | None,
    limits: Limits,
) -> Iterator[ConversationSnapshot | SkippedThread]:
    with open_archive(place, platform, limits) as archive:
        total = len(archive.threads)
        tally, skipped = Tally(), 0
        for done, thread in enumerate(archive.threads):
            skipped_before = skipped
            for found in ThreadReader(archive, thread, own_name, tally).read():
                if isinstance(found, SkippedThread):
                    skipped = skipped_before + 1
                yield found
                _report(progress, done, total, skipped, tally)
            _report(progress, done + 1, total, skipped, tally)


def _report(
    progress: Callable[[ArchiveProgress], None] | None,
    done: int,
    total: int,
    skipped: int,
    tally: Tally,
) -> None:
    if progress:
        progress(
            ArchiveProgress(
                threads_done=done,
                threads_total=total,
                messages=tally.messages,
                threads_skipped=skipped,
                notices_dropped=tally.notices_dropped,
                messages_unreadable=tally.messages_unreadable,
            )
        )


def estimate_messages(archive: Archive) -> int:
    """Count the messages of some threads spread over the archive, and reckon the rest by size.

    Exact for an archive of up to 20 parts.
    """
    entries = [part.entry for thread in archive.threads for part in thread.parts()]
    step = max(1, len(entries) // SAMPLED_THREADS)
    sample = entries[::step][:SAMPLED_THREADS]
    counted = sampled_bytes = 0
    for entry in sample:
        try:
            counted += len(archive.read_part(entry))
        except UnreadablePart:
            continue
        sampled_bytes += entry.size
    rest = sum(entry.size for entry in entries) - sum(entry.size for entry in sample)
    a_message = sampled_bytes / counted if counted else BYTES_A_MESSAGE
    return counted + round(rest / a_message)
