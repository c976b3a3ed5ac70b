"""A ZIP as a container: its list of entries is checked before any of them is opened."""

import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from typing import IO

from hirocrm.sync.sources.archive.container import (
    READ_FAULTS,
    Entry,
    Limits,
    UnreadableEntry,
    too_large,
)
from hirocrm.sync.sources.archive.errors import (
    ArchiveCorrupt,
    ArchiveEncrypted,
    DuplicateEntry,
    NameTooLong,
    NotAnArchive,
    SymbolicLink,
    TooManyEntries,
    UnsafeName,
    UnsupportedCompression,
    shown,
)

ENCRYPTED_FLAG = 0x1
UNPACKED_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # the two whose output zipfile bounds
ORDINARY_TYPES = {0, stat.S_IFREG, stat.S_IFDIR}  # 0: made on a system without Unix modes
DRIVE_LETTER = re.compile(r"[A-Za-z]:")

# The end of a ZIP (APPNOTE.TXT 4.3.14-4.3.16): record, with up to 65,535 bytes of comment.
END_RECORD = struct.Struct("<4s4H2LH")
END_SIGNATURE = b"PK\x05\x06"
END64_RECORD = struct.Struct("<4sQ2H2L4Q")
END64_SIGNATURE = b"PK\x06\x06"
LOCATOR64_BYTES = 20
ENTRY_SIGNATURE = b"PK\x01\x02"
END_SEARCH_BYTES = END_RECORD.size + 0xFFFF + END64_RECORD.size + LOCATOR64_BYTES


class ZipContainer:
    """The files of a ZIP, never unpacked to disk."""

    def __init__(self, stream: IO[bytes], limits: Limits) -> None:
        """Check the whole list of entries. The stream is closed with the container, or here if it is refused.

        Raises:
            ArchiveError: not a ZIP, damaged, or not safe to read.
        """
        self.limits = limits
        self._stream = stream
        try:
            self.packed_bytes: int | None = stream.seek(0, 2)
            check_directory(stream, limits)
            self._zip = open_zip(stream)
            self._check_entries()
        except BaseException:
            stream.close()
            raise

    def entries(self) -> Iterator[Entry]:
        """Every file of the ZIP."""
        for info in self._zip.infolist():
            if not info.is_dir():
                yield Entry(info.filename, info.file_size)

    def open(self, entry: Entry) -> IO[bytes]:
        """The entry's bytes, unpacked as they are read."""
        try:
            return self._zip.open(entry.name)
        except READ_FAULTS as fault:
            raise UnreadableEntry(str(fault)) from fault

    def check_part(self, entry: Entry) -> None:
        """What must hold of the few entries that are really opened."""
        info = self._zip.getinfo(entry.name)
        if info.compress_type not in UNPACKED_METHODS:
            raise UnsupportedCompression(
                "This ZIP is packed in an unusual way: use the file as you downloaded it."
            )
        limits = self.limits
        swollen = info.file_size > limits.ratio * max(info.compress_size, 1)
        if info.file_size > limits.part_bytes or (
            swollen and info.file_size > limits.ratio_from_bytes
        ):
            raise too_large(entry)

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()
        self._stream.close()

    def _check_entries(self) -> None:
        infos = self._zip.infolist()
        if len(infos) > self.limits.entries:
            raise too_many(self.limits)
        seen: set[str] = set()
        for info in infos:
            self._check_entry(info)
            if info.filename in seen and not info.is_dir():
                raise DuplicateEntry(
                    f"“{shown(info.filename)}” is in this ZIP twice: use the file as you downloaded it."
                )
            seen.add(info.filename)

    def _check_entry(self, info: zipfile.ZipInfo) -> None:
        check_name(info.orig_filename, self.limits)
        if stat.S_IFMT(info.external_attr >> 16) not in ORDINARY_TYPES:
            raise SymbolicLink(f"“{shown(info.filename)}” in this ZIP is a link instead of a file.")
        if info.flag_bits & ENCRYPTED_FLAG:
            raise ArchiveEncrypted("This ZIP has a password: unpack it and import the folder.")


def open_zip(stream: IO[bytes]) -> zipfile.ZipFile:
    """The ZIP with its list of entries.

    Raises:
        ArchiveCorrupt: the list can't be read.
    """
    try:
        return zipfile.ZipFile(stream)
    except READ_FAULTS as fault:
        raise ArchiveCorrupt(
            "This ZIP is damaged or cut off: download it again, then try once more."
        ) from fault


def check_name(name: str, limits: Limits) -> None:
    """Refuse a name that could point outside of the archive. `name` is as the ZIP has it.

    Raises:
        NameTooLong, UnsafeName: by which rule it breaks.
    """
    if len(name) > limits.name_chars:
        raise NameTooLong(f"“{shown(name)}” in this ZIP has a name longer than any real one.")
    unsafe = (
        name.startswith("/")
        or "\\" in name
        or "\0" in name
        or DRIVE_LETTER.match(name)
        or ".." in name.split("/")
    )
    if unsafe:
        raise UnsafeName(
            f"“{shown(name)}” in this ZIP points outside of it, so none of it is read."
        )


def too_many(limits: Limits) -> TooManyEntries:
    """The refusal of an archive with too many files."""
    return TooManyEntries(f"This archive has more than {limits.entries:,} files.")


def check_directory(stream: IO[bytes], limits: Limits) -> None:
    """Measure a ZIP's list of entries before `zipfile` takes all of it into memory.

    Raises:
        NotAnArchive: the file doesn't begin or end as a ZIP.
        ArchiveCorrupt: it begins as one and its end is missing.
        TooManyEntries: the list is longer than any real one.
    """
    stream.seek(0)
    begins_as_zip = stream.read(2) == b"PK"
    end = find_end_record(stream)
    if end is None and begins_as_zip:
        raise ArchiveCorrupt("This ZIP is cut off: download it again, then try once more.")
    if end is None:
        raise NotAnArchive(
            "This file is no ZIP: choose the file that Facebook or Instagram gave you."
        )
    at, length = end
    if length > limits.directory_bytes:
        raise too_many(limits)
    stream.seek(max(0, at - length))
    if stream.read(length).count(ENTRY_SIGNATURE) > limits.entries:
        raise too_many(limits)


def find_end_record(stream: IO[bytes]) -> tuple[int, int] | None:
    """Where the list of entries ends, and its length in bytes; None if the ZIP has no end."""
    size = stream.seek(0, 2)
    start = max(0, size - END_SEARCH_BYTES)
    stream.seek(start)
    tail = stream.read()
    at = tail.rfind(END_SIGNATURE)
    if at < 0 or len(tail) - at < END_RECORD.size:
        return None
    length = int(END_RECORD.unpack_from(tail, at)[6])
    # Past 65,535 entries or 4 GiB a second, longer record stands before a locator before this one.
    at64 = at - LOCATOR64_BYTES - END64_RECORD.size
    if at64 < 0 or not tail.startswith(END64_SIGNATURE, at64):
        return start + at, length
    length64 = int(END64_RECORD.unpack_from(tail, at64)[8])
    return start + at64, length64 if length == 0xFFFFFFFF else max(length, length64)
