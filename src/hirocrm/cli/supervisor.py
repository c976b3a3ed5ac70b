"""Keeps a running HiroCRM together: database, web server and workers."""

import http.client
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hirocrm.cli.children import Child
from hirocrm.cli.refusals import CommandFailed
from hirocrm.cli.signals import SignalInbox
from hirocrm.config.embedded_postgres import RunningPostgres, ensure_running

_TEND_SECONDS = 1.0
_ASK_SECONDS = 0.25  # between looks at /healthz until it is well
_READY_SECONDS = 120.0
_STARTS_MAX = 4  # of one child before the first good answer
_CHILDREN_STOP_SECONDS = 5.5
_DATABASE_STOP_SECONDS = 3.0


@dataclass
class Supervisor:
    """The parts of one `hirocrm up`. `data_dir` is None when DATABASE_URL is set."""

    host: str
    port: int
    children: Sequence[Child]
    data_dir: Path | None
    database: RunningPostgres | None = field(default=None)

    def start_database(self) -> None:
        """Start or attach to the embedded server, if this install has one."""
        if self.data_dir is not None:
            self.database = ensure_running(self.data_dir)

    def run_until_ready(self, inbox: SignalInbox) -> bool:
        """Start everything; True when it serves, False when asked to stop before.

        Raises:
            CommandFailed: a part keeps dying, or nothing answers in time.
        """
        deadline = time.monotonic() + _READY_SECONDS
        while not inbox.stops:
            self._tend()
            self._refuse_the_hopeless()
            if answers_well(self.host, self.port):
                for child in self.children:
                    child.waits = False
                return True
            if time.monotonic() > deadline:
                raise CommandFailed(
                    f"Nothing answers on port {self.port} after {_READY_SECONDS:.0f} seconds; "
                    "`hirocrm doctor` says more."
                )
            inbox.wait(_ASK_SECONDS)
        return False

    def run_until_stopped(self, inbox: SignalInbox) -> None:
        """Replace what dies until asked to stop."""
        while not inbox.stops:
            self._tend()
            due = min(
                (c.start_at for c in self.children if c.process is None), default=float("inf")
            )
            inbox.wait(min(_TEND_SECONDS, max(0.0, due - time.monotonic())))

    def stop(self, inbox: SignalInbox) -> None:
        """Stop the web server and the workers, then the database. A second request hurries."""
        asked = inbox.stops
        for child in self.children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + _CHILDREN_STOP_SECONDS
        while any(child.is_running for child in self.children):
            left = deadline - time.monotonic()
            if left <= 0 or inbox.stops > max(asked, 1):
                break
            inbox.wait(min(left, _TEND_SECONDS))
        for child in self.children:
            child.signal(signal.SIGKILL)
            child.wait(1.0)
        if self.database is not None:
            self.database.stop(fast_seconds=_DATABASE_STOP_SECONDS)

    def _refuse_the_hopeless(self) -> None:
        for child in self.children:
            if child.is_hopeless or child.failures >= _STARTS_MAX:
                raise CommandFailed(
                    f"The {child.name} doesn't start; what it said is above. `hirocrm doctor` says more."
                )

    def _tend(self) -> None:
        if self.database is not None and not self.database.is_alive:
            say("The database ended; starting it again.")
            self.database.stop()
            self.start_database()
        now = time.monotonic()
        for child in self.children:
            news = child.tend(now)
            if news:
                say(news)


def answers_well(host: str, port: int) -> bool:
    """Whether GET /healthz answers 200."""
    connection = http.client.HTTPConnection(reachable(host), port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def reachable(host: str) -> str:
    """An address to reach a server by that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104


def say(line: str) -> None:
    """Tell the person at the terminal, at once."""
    print(line, file=sys.stderr, flush=True)
