"""Locks that the kernel releases when their holder dies, however it dies (flock)."""

import os
from pathlib import Path
from typing import Self

from hirocrm.config.embedded_postgres.errors import DataDirectoryBusy
from hirocrm.config.embedded_postgres.layout import make_data_directory


class FileLock:
    """An exclusive lock on a file that carries its holder's process id.

    Not inherited by child processes, so a surviving child never keeps it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.previous_holder: int | None = None  # set when it ended without giving the lock back
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        """Take the lock now, or answer False."""
        import fcntl

        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self.previous_holder = self.holder()
        os.ftruncate(descriptor, 0)
        os.write(descriptor, b"%d\n" % os.getpid())
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock back. The file stays: removing it would let two holders in."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> int | None:
        """The process id written by the latest holder."""
        try:
            return int(self.path.read_text().strip())
        except (OSError, ValueError):
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def hold_data_directory(data_dir: Path) -> FileLock:
    """Claim `data_dir` for one `hirocrm up`.

    Raises:
        DataDirectoryBusy: another `hirocrm up` has it.
        DataDirectoryNotWritable: the folder can't be made or written.
    """
    lock = FileLock(make_data_directory(data_dir) / "up.lock")
    if lock.try_acquire():
        return lock
    pid = lock.holder()
    raise DataDirectoryBusy(
        f"Another `hirocrm up` (pid {pid}) holds the data directory {data_dir}; "
        "stop it first, or set HIROCRM_DATA_DIR to another folder.",
        pid=pid,
    )
