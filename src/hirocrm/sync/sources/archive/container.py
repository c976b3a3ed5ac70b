"""A ZIP or a folder, read as hostile input: nothing is extracted, and every size is measured.

What a ZIP says of itself (sizes, counts, names) is checked first and not believed afterwards:
the limits hold on the bytes that really come out.
"""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, TypeAlias

from hirocrm.sync.sources.archive.errors import ArchiveTooLarge, shown

MIB = 1024 * 1024
CHUNK_BYTES = 64 * 1024
READS = 3  # an archive's messages are read up to three times: names, titles, messages

# What damaged or hostile bytes raise in zipfile, zlib and the operating system; the last two are
# zipfile's words for "strange compression" and "needs a password".
READ_FAULTS = (
    OSError,
    EOFError,
    ValueError,
    zlib.error,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of an archive is read. A real part of 10,000 messages has 2-20 MiB."""

    part_bytes: int = 64 * MIB
    total_bytes: int = 8 * 1024 * MIB  # message files only; photos and videos are never read
    entries: int = 300_000
    directory_bytes: int = 64 * MIB  # a ZIP's list of entries, which is read in one piece
    name_chars: int = 1_024
    ratio: int = 200  # unpacked to packed; chat in JSON has 5-30
    ratio_from_bytes: int = 32 * MIB  # small files may be as repetitive as they like


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Entry:
    """One file by its name inside the archive, "/" between folders, with its declared size."""

    name: str
    size: int


class StoredZip(Protocol):
    """A ZIP that lies elsewhere than among this machine's files."""

    @property
    def name(self) -> str:
        """What its owner called it."""
        ...

    def open(self) -> IO[bytes]:
        """Its bytes, seekable. Every call begins anew."""
        ...


Place: TypeAlias = Path | StoredZip


class Container(Protocol):
    """Where entries come from."""

    limits: Limits
    packed_bytes: int | None  # the archive's own size; None where nothing is packed

    def entries(self) -> Iterator[Entry]:
        """Every file, checked, in no particular order."""
        ...

    def open(self, entry: Entry) -> IO[bytes]:
        """The entry's bytes.

        Raises:
            UnreadableEntry: the entry is damaged; its neighbours may be sound.
        """
        ...

    def check_part(self, entry: Entry) -> None:
        """Refuse a message file whose declared size or packing is out of bounds."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class UnreadableEntry(Exception):  # internal: becomes a SkippedThread, never leaves the package
    """One entry can't be read."""


class BoundedReader:
    """Reads entries and keeps count of what really came out of them."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._limits = container.limits
        self._total = 0

    def read(self, entry: Entry) -> bytes:
        """All bytes of one entry.

        Raises:
            ArchiveTooLarge: this entry, or all of them together, are past the limits.
            UnreadableEntry: it is damaged.
        """
        content = bytearray()
        with self._container.open(entry) as stream:
            while chunk := self._next_chunk(stream, CHUNK_BYTES):
                content += chunk
                if len(content) > self._limits.part_bytes:
                    raise too_large(entry)
        return bytes(content)

    def read_start(self, entry: Entry, size: int) -> bytes:
        """At most the first `size` bytes of one entry. Raises as `read` does."""
        with self._container.open(entry) as stream:
            return self._next_chunk(stream, size)

    def _next_chunk(self, stream: IO[bytes], size: int) -> bytes:
        try:
            chunk = stream.read(size)
        except READ_FAULTS as fault:
            raise UnreadableEntry(str(fault)) from fault
        self._total += len(chunk)
        self._check_total()
        return chunk

    def _check_total(self) -> None:
        limits, packed = self._limits, self._container.packed_bytes
        if self._total > READS * limits.total_bytes:
            raise ArchiveTooLarge("The messages in this archive are larger than HiroCRM accepts.")
        if packed is None or self._total <= limits.ratio_from_bytes:
            return
        if self._total > READS * limits.ratio * packed:
            raise ArchiveTooLarge("This archive unpacks to far more than a real download does.")


def too_large(entry: Entry) -> ArchiveTooLarge:
    """The refusal of one entry that is past the limit."""
    return ArchiveTooLarge(f"“{shown(entry.name)}” is larger than a real message file ever is.")
