"""Evaluating an analyser that is asked over the network, with this install's keys and budget."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from hirocrm.cli.connection import django_on_database

if TYPE_CHECKING:
    from hirocrm.analysis.evals.report import EvalReport
    from hirocrm.analysis.evals.run import Progress
    from hirocrm.analysis.schema import AnalysisAnswer, AnalysisRequest

VENDORS = ("gemini", "openai", "anthropic")
_NOBODY = UUID(int=0)  # no organization: the keys are those of the environment, without a ceiling


def run_remote_eval(dataset: Path, analyzer: str, progress: "Progress") -> "EvalReport":
    """Ask `analyzer`, one of `VENDORS`, about every conversation of the file."""
    with django_on_database():
        from django.conf import settings

        from hirocrm.analysis.evals.dataset import load_dataset
        from hirocrm.analysis.evals.run import run_eval

        settings.ANALYZER_ORDER = (analyzer,)
        asking = _Asking(len(load_dataset(dataset).conversations))
        return run_eval(
            dataset,
            asking.analyse,
            progress=progress,
            concurrency=settings.ANALYSIS_CONCURRENCY,
        )


class _Asking:
    """An analyst that opens with the first question and closes after the last: both need the loop."""

    def __init__(self, questions: int) -> None:
        from hirocrm.analysis.engine import Analyst

        self._left = questions
        self._analyst = Analyst()
        self._opening: asyncio.Future[Analyst] | None = None

    async def analyse(self, request: "AnalysisRequest") -> "AnalysisAnswer":
        """Ask about one conversation."""
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._analyst.__aenter__())
        await self._opening
        try:
            return await self._analyst.analyse(request, organization_id=_NOBODY)
        finally:
            self._left -= 1
            if self._left == 0:
                await self._analyst.__aexit__(None, None, None)
