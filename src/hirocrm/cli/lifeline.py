"""A child process that ends with its parent, even when the parent is killed."""

import ctypes
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1  # prctl(2)
_LOOK_EVERY_SECONDS = 0.5
_GRACE_SECONDS = 6.0


def end_with_parent(parent: int) -> None:
    """Send this process SIGTERM when `parent` is gone, and end it for good a little later."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    threading.Thread(target=_watch, args=(parent,), daemon=True, name="lifeline").start()


def end_after(seconds: float) -> None:
    """End this process by force if it still runs then (a thread that won't stop must not keep it)."""
    timer = threading.Timer(seconds, os._exit, args=(1,))
    timer.daemon = True
    timer.start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    os._exit(1)
