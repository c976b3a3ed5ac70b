"""`postmaster.pid`: what a running server says of itself, and whether that is still true."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

# Lines: pid, data directory, start time, port, socket folder, address, shared memory, status.
# https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/utils/pidfile.h
_SOCKET_DIR_LINE, _STATUS_LINE = 4, 7
_HAS_PROC = Path("/proc/self/cmdline").exists()


@dataclass(frozen=True)
class Postmaster:
    """One reading of the file."""

    pid: int
    socket_dir: Path | None
    status: str

    @property
    def is_ready(self) -> bool:
        """Whether it takes connections."""
        return self.status == "ready"


def read_postmaster(cluster: Path) -> Postmaster | None:
    """The server that holds `cluster`, if the process in its file lives and is that server."""
    try:
        lines = [line.strip() for line in (cluster / "postmaster.pid").read_text().splitlines()]
        pid = abs(int(lines[0]))
    except (OSError, ValueError, IndexError):
        return None
    if not serves(pid, cluster):
        return None
    lines += [""] * (_STATUS_LINE + 1 - len(lines))
    socket_dir = Path(lines[_SOCKET_DIR_LINE]) if lines[_SOCKET_DIR_LINE] else None
    return Postmaster(pid=pid, socket_dir=socket_dir, status=lines[_STATUS_LINE])


def remove_stale(cluster: Path, socket_dir: Path) -> None:
    """Remove lock files whose process is gone or is something else by now.

    PostgreSQL itself refuses to start when the number has gone to another process of the account,
    as it does after a container restart. Call it with the owner's lock held.
    """
    if read_postmaster(cluster) is None:
        for file in (cluster / "postmaster.pid", *socket_dir.glob(".s.PGSQL.*")):
            file.unlink(missing_ok=True)


def serves(pid: int, cluster: Path) -> bool:
    """Whether `pid` is alive and is a postmaster of `cluster`, by its command line."""
    command = _command_line(pid)
    return "postgres" in command and str(cluster) in command


def is_alive(pid: int) -> bool:
    """Whether the process exists and is more than a zombie."""
    return bool(_command_line(pid))


def _command_line(pid: int) -> str:
    if _HAS_PROC:
        try:
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).replace("\0", " ")
        except OSError:
            return ""
    listing = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(listing, capture_output=True, text=True, check=False).stdout  # noqa: S603
