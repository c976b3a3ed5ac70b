"""Waiting for signals and deadlines without polling."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class SignalInbox:
    """The signals that came in. `stops` counts the requests to stop."""

    _descriptor: int
    stops: int = field(default=0)

    def wait(self, seconds: float) -> None:
        """Sleep until a signal comes (a child's end is one) or the time is over."""
        ready, _, _ = select.select([self._descriptor], [], [], max(0.0, seconds))
        if ready:
            with suppress(BlockingIOError):
                numbers = os.read(self._descriptor, 512)
                self.stops += sum(number in _STOPPING for number in numbers)


@contextmanager
def signal_inbox() -> Iterator[SignalInbox]:
    """Collect SIGTERM, SIGINT, SIGHUP and SIGCHLD instead of being interrupted by them."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    previous = {
        number: signal.signal(number, _take_note) for number in (*_STOPPING, signal.SIGCHLD)
    }
    previous_descriptor = signal.set_wakeup_fd(writer)
    try:
        yield SignalInbox(reader)
    finally:
        signal.set_wakeup_fd(previous_descriptor)
        for number, handler in previous.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)


def _take_note(_number: int, _frame: object) -> None:
    """The number reaches the pipe by itself (set_wakeup_fd)."""
