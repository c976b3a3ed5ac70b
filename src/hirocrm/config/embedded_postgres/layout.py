"""Which files an embedded install has and where; making the folders."""

import errno
import hashlib
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hirocrm.config.embedded_postgres.errors import DataDirectoryNotWritable, DiskFull

SOCKET_PORT = 5432  # only names the socket file; nothing listens on TCP
SOCKET_PATH_LIMIT = 100  # bytes; sun_path holds 108 on Linux and 104 on macOS
FIRST_START_BYTES = 150_000_000  # a new cluster takes about 40 MB, its first WAL segments 80 MB
NEXT_START_BYTES = 20_000_000


@dataclass(frozen=True)
class Layout:
    """The files of one embedded install, all absolute."""

    data_dir: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.data_dir / "postgres"

    @property
    def partial_cluster(self) -> Path:
        """A cluster in the making; renamed when whole, so a kill in between leaves no half."""
        return self.data_dir / "postgres.partial"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.data_dir / "postgres.log"

    @property
    def owner_lock(self) -> Path:
        """Held by the process that started the server."""
        return self.data_dir / "postgres.lock"

    @property
    def socket_dir(self) -> Path:
        """The private folder of the socket: in the data directory when its path is short enough."""
        inside = self.data_dir / "run"
        if len(os.fsencode(inside / f".s.PGSQL.{SOCKET_PORT}.lock")) <= SOCKET_PATH_LIMIT:
            return inside
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"hirocrm-{digest}"

    @property
    def is_made(self) -> bool:
        """Whether a cluster is there."""
        return (self.cluster / "PG_VERSION").exists()


def make_data_directory(data_dir: Path) -> Path:
    """Make the folder if needed and answer its absolute path.

    Raises:
        DataDirectoryNotWritable: it can't be made or written.
        DiskFull: there is no room for it.
    """
    folder = Path(os.path.abspath(data_dir.expanduser()))  # noqa: PTH100 - resolve() would follow links
    try:
        # Root's server runs under another account, which must be able to walk through.
        folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
    except OSError as exc:
        raise explain_os_error(exc, folder) from exc
    return folder.resolve()


def require_room(layout: Layout) -> None:
    """Refuse to start into a disk that is about to be full.

    Raises:
        DiskFull: less room than a start needs.
    """
    needed = NEXT_START_BYTES if layout.is_made else FIRST_START_BYTES
    free = shutil.disk_usage(layout.data_dir).free
    if free < needed:
        raise DiskFull(
            f"Only {free // 1_000_000} MB are free for {layout.data_dir}; "
            f"the database needs {needed // 1_000_000} MB to start. Free some space and start again."
        )


def make_private_folder(folder: Path, uid: int, gid: int) -> None:
    """A folder of mode 0700 that belongs to `uid`; one of somebody else's making is refused.

    Raises:
        DataDirectoryNotWritable: it exists and belongs to another user, or can't be made.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if found.st_uid != uid and (found.st_uid == os.geteuid() == 0):
            os.chown(folder, uid, gid, follow_symlinks=False)
            found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid:
            raise DataDirectoryNotWritable(
                f"{folder} belongs to another user; remove it or set HIROCRM_DATA_DIR elsewhere."
            )
        folder.chmod(0o700)
    except OSError as exc:
        raise explain_os_error(exc, folder) from exc


def explain_os_error(exc: OSError, folder: Path) -> DataDirectoryNotWritable | DiskFull:
    """The sentence for a file that couldn't be made in `folder`."""
    if exc.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(f"The disk that holds {folder} is full; free some space and start again.")
    reason = (exc.strerror or str(exc)).lower()
    return DataDirectoryNotWritable(
        f"The data directory {folder} can't be written ({reason}); "
        "change its permissions, or set HIROCRM_DATA_DIR to a folder of yours."
    )
