"""The local analyser behind the engine's door: made when first used, run in threads of its own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib import import_module
from typing import Any

from hirocrm.analysis.schema import AnalysisAnswer, AnalysisRequest

THREADS = 2  # its arithmetic releases the interpreter now and then; more threads only queue


@lru_cache(maxsize=1)
def _analyser() -> Any:
    # Loading its weights takes a while; a process that asks a vendor never needs them.
    return import_module("hirocrm.analysis.local.analyser").LocalAnalyser()


class LocalAnalyst:
    """Analyses without key and network, off the event loop."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    async def analyse(self, request: AnalysisRequest) -> AnalysisAnswer:
        """Return the local analyser's answer."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="local-analyser")
        answer: AnalysisAnswer = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: _analyser().analyse(request)
        )
        return answer

    def close(self) -> None:
        """End the threads."""
        if self._threads is not None:
            self._threads.shutdown(wait=False)
