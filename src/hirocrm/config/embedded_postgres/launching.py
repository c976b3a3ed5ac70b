"""Starting PostgreSQL's programs under the right account, bound to this process's life."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hirocrm.config.embedded_postgres import launcher
from hirocrm.config.embedded_postgres.account import ServerAccount
from hirocrm.config.embedded_postgres.errors import EmbeddedUnsupported

# Nothing of the caller's environment (PGPORT, LC_*, PGDATA) reaches the server.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

# Where the kernel can't signal a child when its parent dies: a shell whose pipe from us closes then.
_WATCHDOG = 'read -r _ || kill -INT "$0"'


@dataclass
class LaunchedProgram:
    """A child process and, off Linux, the watchdog that outlives us by a moment."""

    process: subprocess.Popen[bytes]
    watchdog: subprocess.Popen[bytes] | None = None

    def dismiss_watchdog(self) -> None:
        """Stop watching, after the program ended."""
        if self.watchdog is not None:
            self.watchdog.kill()
            self.watchdog.communicate()
            self.watchdog = None


def launch(
    program: Path,
    *arguments: str,
    account: ServerAccount,
    folder: Path,
    output: IO[bytes],
    on_our_death: signal.Signals,
) -> LaunchedProgram:
    """Start `program` in `folder`. Call it on the main thread: Linux counts the thread's death.

    Args:
        program: absolute path.
        arguments: what follows it.
        account: who runs it.
        folder: its working directory, which the account must be able to reach.
        output: takes stdout and stderr.
        on_our_death: sent to it when this process dies, however it dies.
    """
    uid, gid = (account.uid, account.gid) if account.switch else (-1, -1)
    process = subprocess.Popen(  # noqa: S603
        [
            *(sys.executable, "-I", "-S", launcher.__file__),
            *(str(number) for number in (uid, gid, os.getpid(), int(on_our_death))),
            *(str(folder), str(program), *arguments),
        ],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=_ENVIRONMENT,
        start_new_session=True,  # the terminal's Ctrl-C is ours to pass on, in order
    )
    return LaunchedProgram(process, None if sys.platform == "linux" else _watch(process.pid))


def refuse_unreachable(exit_code: int, folder: Path) -> None:
    """Raise if the launcher gave up before the program began.

    Raises:
        EmbeddedUnsupported: the server's account can't walk to its files.
    """
    if exit_code == launcher.EXIT_CANT_REACH:
        raise EmbeddedUnsupported(
            f"PostgreSQL doesn't run as root, and its own account can't reach {folder} or "
            f"{Path(sys.prefix)}; run HiroCRM as a normal user, or put both where others may pass."
        )


def _watch(pid: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["/bin/sh", "-c", _WATCHDOG, str(pid)], stdin=subprocess.PIPE)  # noqa: S603
