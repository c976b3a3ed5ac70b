"""A child process that is started again when it dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

_FIRST_DELAY_SECONDS = 0.25
_DELAY_MAX_SECONDS = 15.0
_HEALTHY_AFTER_SECONDS = 30.0

EXIT_HOPELESS = 70  # of a child: starting again won't help


@dataclass
class Child:
    """One part of a running HiroCRM."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    waits: bool = False  # until the others serve, for the first time
    failures: int = 0  # in a row
    start_at: float = 0.0  # monotonic seconds; when to start it (again)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    is_hopeless: bool = False
    _started_at: float = 0.0

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the process, bound to this one's life."""
        self._started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603
            command(*self.arguments, "--parent", str(os.getpid())),
            env=dict(self.environment),
            start_new_session=True,  # the terminal's Ctrl-C is ours to pass on
        )

    def tend(self, now: float) -> str | None:
        """Start it if it is due; if it has just died, plan its next start and say so."""
        if self.process is None:
            if now >= self.start_at and not self.waits:
                self.start()
            return None
        code = self.process.poll()
        if code is None:
            return None
        self.is_hopeless = code == EXIT_HOPELESS
        healthy = now - self._started_at > _HEALTHY_AFTER_SECONDS
        self.failures = 1 if healthy else self.failures + 1
        delay = min(_FIRST_DELAY_SECONDS * 2 ** (self.failures - 1), _DELAY_MAX_SECONDS)
        self.start_at = now + delay
        self.process = None
        return f"The {self.name} ended ({describe_exit(code)}); starting it again."

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; False when it still runs."""
        if self.process is None:
            return True
        try:
            self.process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return False
        return True


def command(*arguments: str) -> list[str]:
    """The command line of another HiroCRM process, of this very installation."""
    return [sys.executable, "-m", "hirocrm.cli", *arguments]


def describe_exit(code: int) -> str:
    """An exit status in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
