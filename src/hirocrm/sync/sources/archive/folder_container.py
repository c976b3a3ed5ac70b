"""An unpacked download as a container. Links are refused, so nothing outside of it is read."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from hirocrm.sync.sources.archive.container import Entry, Limits, UnreadableEntry, too_large
from hirocrm.sync.sources.archive.errors import ArchiveMissing, SymbolicLink, shown
from hirocrm.sync.sources.archive.zip_container import too_many

# O_NOFOLLOW: a file swapped for a link after the listing; O_NONBLOCK: one swapped for a pipe.
OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


class FolderContainer:
    """The files under a folder. Names begin with the folder's own, which may be `inbox` itself."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.limits = limits
        self.packed_bytes: int | None = None
        self._root = path.resolve()
        # Two levels above: someone may point at `messages/inbox` or `inbox/<thread>`.
        self._above = self._root.parent.parent

    def entries(self) -> Iterator[Entry]:
        """Every file under the folder.

        Raises:
            SymbolicLink: something under it is a link.
            TooManyEntries: more files than any real download has.
            ArchiveMissing: a folder may not be read.
        """
        count = 0
        pending = [self._root]
        while pending:
            for found in self._list(pending.pop()):
                count += 1
                if count > self.limits.entries:
                    raise too_many(self.limits)
                if found.is_symlink():
                    raise SymbolicLink(
                        f"“{shown(found.name)}” in this folder is a link: links aren't followed."
                    )
                if found.is_dir(follow_symlinks=False):
                    pending.append(Path(found.path))
                elif found.is_file(follow_symlinks=False):
                    yield self._entry(found)

    def open(self, entry: Entry) -> IO[bytes]:
        """The file's bytes, if it is still an ordinary file inside the folder."""
        path = self._above / entry.name
        try:
            if not path.resolve().is_relative_to(self._root):
                raise UnreadableEntry(entry.name)
            stream = os.fdopen(os.open(path, OPEN_FLAGS), "rb")
        except (OSError, ValueError) as fault:
            raise UnreadableEntry(str(fault)) from fault
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            stream.close()
            raise UnreadableEntry(entry.name)
        return stream

    def check_part(self, entry: Entry) -> None:
        """Refuse a message file that is larger than any real one."""
        if entry.size > self.limits.part_bytes:
            raise too_large(entry)

    def close(self) -> None:
        """Nothing is held open."""

    def _list(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as found:
                return list(found)
        except OSError as fault:
            raise ArchiveMissing(f"The folder “{shown(folder.name)}” can't be read.") from fault

    def _entry(self, found: os.DirEntry[str]) -> Entry:
        name = Path(found.path).relative_to(self._above).as_posix()
        return Entry(name, found.stat(follow_symlinks=False).st_size)
