"""Start, attach to and stop the embedded server."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote

from hirocrm.config.embedded_postgres.account import ServerAccount, choose_account
from hirocrm.config.embedded_postgres.binaries import find_binaries
from hirocrm.config.embedded_postgres.checks import make_database
from hirocrm.config.embedded_postgres.cluster import (
    ROLE,
    explain_log,
    log_size,
    make_cluster,
    read_log_from,
    require_same_version,
    write_settings,
)
from hirocrm.config.embedded_postgres.errors import DataDirectoryBusy, StartFailed
from hirocrm.config.embedded_postgres.launching import (
    LaunchedProgram,
    launch,
    refuse_unreachable,
)
from hirocrm.config.embedded_postgres.layout import (
    SOCKET_PORT,
    Layout,
    make_data_directory,
    make_private_folder,
    require_room,
)
from hirocrm.config.embedded_postgres.locks import FileLock
from hirocrm.config.embedded_postgres.pidfile import (
    Postmaster,
    is_alive,
    read_postmaster,
    remove_stale,
)

DATABASE = "hirocrm"
_ATTACH_SECONDS = 60  # someone else may be making the cluster right now
_RECOVERY_SECONDS = 300  # replaying the log after a crash
_POLL_SECONDS = 0.02
_LEFTOVER_SECONDS = 15  # processes of a killed server hold its memory until they notice
_LEFTOVER_SIGNS = ("pre-existing shared memory block", 'lock file "')


@dataclass
class RunningPostgres:
    """A server that answers. `url` is what DATABASE_URL would be."""

    url: str
    pid: int
    owned: bool
    _lock: FileLock | None = field(default=None, repr=False)
    _program: LaunchedProgram | None = field(default=None, repr=False)

    @property
    def is_alive(self) -> bool:
        """Whether the server process still runs."""
        if self._program is not None:
            return self._program.process.poll() is None
        return is_alive(self.pid)

    def stop(self, *, others_first_seconds: float = 0, fast_seconds: float = 8.0) -> None:
        """Stop the server if it is ours: within about 10 s, its data safe. Safe to call twice.

        Args:
            others_first_seconds: how long to let other clients finish before they are cut off.
            fast_seconds: for cutting them off and flushing; then it stops as if by a crash.
        """
        if self._lock is None:
            return
        steps = [(signal.SIGTERM, others_first_seconds)] if others_first_seconds else []
        steps += [(signal.SIGINT, fast_seconds), (signal.SIGQUIT, 1.0), (signal.SIGKILL, 1.0)]
        for number, seconds in steps:
            if self._signal(number, seconds):
                break
        if self._program is not None:
            self._program.dismiss_watchdog()
        self._lock.release()
        self._lock = None

    def _signal(self, number: signal.Signals, seconds: float) -> bool:
        """Send and wait; True when it is gone."""
        if self._program is None:
            if is_alive(self.pid):
                os.kill(self.pid, number)
            return _wait_until(lambda: not self.is_alive, seconds)
        self._program.process.send_signal(number)
        try:
            self._program.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def connection_settings(data_dir: Path) -> dict[str, str]:
    """NAME, USER, HOST and PORT of the server of `data_dir`, for Django. Starts nothing."""
    layout = Layout(data_dir.resolve())
    postmaster = read_postmaster(layout.cluster)
    socket_dir = (postmaster and postmaster.socket_dir) or layout.socket_dir
    return {"NAME": DATABASE, "USER": ROLE, "HOST": str(socket_dir), "PORT": str(SOCKET_PORT)}


def ensure_running(data_dir: Path, *, durable: bool = True) -> RunningPostgres:
    """The server of `data_dir`: attached to when it runs, else started and owned.

    Call it on the main thread: on Linux the server ends with the thread that started it.

    Args:
        data_dir: made if it doesn't exist.
        durable: False skips fsync: for data nobody will miss.

    Raises:
        EmbeddedPostgresError: one of its kinds, with a sentence that says what to do.
    """
    binaries = find_binaries()
    layout = Layout(make_data_directory(data_dir))
    lock = FileLock(layout.owner_lock)
    deadline = time.monotonic() + _ATTACH_SECONDS
    while not lock.try_acquire():
        postmaster = read_postmaster(layout.cluster)
        if postmaster is not None and postmaster.is_ready:
            return _attached(postmaster, lock=None)
        if time.monotonic() > deadline:
            pid = lock.holder()
            raise DataDirectoryBusy(
                f"Process {pid} has held the database in {layout.data_dir} for a minute without it "
                "getting ready; look at its output, or stop it.",
                pid=pid,
            )
        time.sleep(_POLL_SECONDS)
    try:
        return _start_or_adopt(layout, binaries, lock, durable=durable)
    except BaseException:
        lock.release()
        raise


def _start_or_adopt(
    layout: Layout, binaries: Path, lock: FileLock, *, durable: bool
) -> RunningPostgres:
    """We hold the lock: take over a server whose owner died, or start one."""
    orphan = read_postmaster(layout.cluster)
    if orphan is not None and orphan.is_ready:
        return _attached(orphan, lock=lock)
    if orphan is not None and not _wait_until(lambda: not is_alive(orphan.pid), _LEFTOVER_SECONDS):
        raise StartFailed(
            f"A PostgreSQL (pid {orphan.pid}) on {layout.cluster} is neither ready nor ending; stop it "
            "and start again."
        )
    require_room(layout)
    account = choose_account(layout.cluster)
    if layout.is_made:
        require_same_version(layout)
    else:
        make_cluster(layout, binaries, account, durable=durable)
    make_private_folder(layout.socket_dir, account.uid, account.gid)
    remove_stale(layout.cluster, layout.socket_dir)
    write_settings(layout, account, durable=durable)
    return _start(layout, binaries, account, lock)


def _start(
    layout: Layout, binaries: Path, account: ServerAccount, lock: FileLock
) -> RunningPostgres:
    """Start until it is ready, patient with what a killed predecessor left behind."""
    deadline = time.monotonic() + _LEFTOVER_SECONDS
    while True:
        start = log_size(layout.log)
        program = _launch_postmaster(layout, binaries, account)
        if _becomes_ready(layout, program):
            url, pid = _url(layout.socket_dir), program.process.pid
            running = RunningPostgres(url, pid, owned=True, _lock=lock, _program=program)
            _prepare_database(layout, running)
            return running
        code = _end(program)
        refuse_unreachable(code, layout.data_dir)
        said = read_log_from(layout.log, start)
        if time.monotonic() > deadline or not any(sign in said for sign in _LEFTOVER_SIGNS):
            raise explain_log(layout, start, "The embedded PostgreSQL didn't start")
        time.sleep(0.2)


def _launch_postmaster(layout: Layout, binaries: Path, account: ServerAccount) -> LaunchedProgram:
    with layout.log.open("ab") as output:
        return launch(
            binaries / "postgres",
            "-D",
            str(layout.cluster),
            account=account,
            folder=layout.cluster,
            output=output,
            on_our_death=signal.SIGINT,  # a fast shutdown: sessions end, data is flushed
        )


def _becomes_ready(layout: Layout, program: LaunchedProgram) -> bool:
    """Wait until it takes connections; False when it gave up or never got there."""

    def is_decided() -> bool:
        postmaster = read_postmaster(layout.cluster)
        ready = postmaster is not None and postmaster.is_ready
        return ready or program.process.poll() is not None

    return _wait_until(is_decided, _RECOVERY_SECONDS) and program.process.poll() is None


def _end(program: LaunchedProgram) -> int:
    if program.process.poll() is None:
        program.process.kill()
    code = program.process.wait()
    program.dismiss_watchdog()
    return code


def _prepare_database(layout: Layout, running: RunningPostgres) -> None:
    try:
        make_database(_url(layout.socket_dir, database="{database}"), DATABASE)
    except Exception:
        running.stop()
        raise


def _attached(postmaster: Postmaster, *, lock: FileLock | None) -> RunningPostgres:
    if postmaster.socket_dir is None:
        raise StartFailed(f"The PostgreSQL with pid {postmaster.pid} has no socket; stop it.")
    url = _url(postmaster.socket_dir)
    make_database(_url(postmaster.socket_dir, database="{database}"), DATABASE)
    return RunningPostgres(url, postmaster.pid, lock is not None, lock)


def _url(socket_dir: Path, *, database: str = DATABASE) -> str:
    return f"postgresql://{ROLE}@/{database}?host={quote(str(socket_dir), safe='/')}&port={SOCKET_PORT}"


def _wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until it holds; False when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
