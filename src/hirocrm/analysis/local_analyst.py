"""The local analyser behind the engine's door: made when first used, run in threads of its own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from hirocrm.analysis.schema import AnalysisAnswer, AnalysisRequest

if TYPE_CHECKING:
    from hirocrm.analysis.local.analyser import LocalAnalyser

THREADS = 2  # its arithmetic lets go of the interpreter now and then; more threads only queue


def local_analyser() -> "LocalAnalyser":
    """Return the process's own; a process that asks a vendor never loads numpy or weights for it."""
    from hirocrm.analysis.local.analyser import default_analyser  # noqa: PLC0415

    return default_analyser()


class LocalAnalyst:
    """Analyses without key and network, off the event loop."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    async def analyse(self, request: AnalysisRequest) -> AnalysisAnswer:
        """Return the local analyser's answer."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="local-analyser")
        return await asyncio.get_running_loop().run_in_executor(self._threads, _analyse, request)

    def close(self) -> None:
        """End the threads."""
        if self._threads is not None:
            self._threads.shutdown(wait=False)


def _analyse(request: AnalysisRequest) -> AnalysisAnswer:
    from hirocrm.analysis.local.learning import Correction  # noqa: PLC0415  # numpy, as above

    corrections = [
        Correction(known.messages, known.stage, known.packed_row, known.id)
        for known in request.learned
    ]
    return local_analyser().analyse(request, corrections=corrections)
