"""Run an analyser over labelled conversations and say how often it is right, and how sure."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from hirocrm.analysis.evals import figures
from hirocrm.analysis.evals.cross_fitting import cross_fitted
from hirocrm.analysis.evals.dataset import Dataset, LabelledConversation, load_dataset
from hirocrm.analysis.evals.report import EvalCost, EvalReport
from hirocrm.analysis.local.analyser import LocalAnalyser, default_analyser
from hirocrm.analysis.schema import AnalysisAnswer, AnalysisRequest
from hirocrm.core.errors import HiroError

NO_ANSWER = "(no answer)"
CONCURRENCY = 8

Analyse = Callable[[AnalysisRequest], AnalysisAnswer | Awaitable[AnalysisAnswer]]
Progress = Callable[[int, int], None]
Outcome = AnalysisAnswer | HiroError


def run_eval(
    path: Path,
    analyser: LocalAnalyser | Analyse | None = None,
    *,
    progress: Progress | None = None,
    concurrency: int = CONCURRENCY,
) -> EvalReport:
    """Judge every conversation of the file. Must not be called from a running event loop.

    `analyser`: None for the local one, a `LocalAnalyser`, or a function that takes a request and
    gives an answer, awaitable or not; it is asked for up to `concurrency` conversations at a time.
    A conversation for which it raises a `HiroError` counts as wrong. `progress(done, total)`.

    Raises:
        DatasetInvalid: the file can't be used.
    """
    dataset = load_dataset(Path(path))
    asked, training = _asked(analyser, dataset.conversations)
    started = time.perf_counter()
    outcomes = asyncio.run(_ask_all(dataset.conversations, asked, progress, concurrency))
    return _report(dataset, outcomes, training=training, seconds=time.perf_counter() - started)


def _asked(
    analyser: LocalAnalyser | Analyse | None, conversations: Sequence[LabelledConversation]
) -> tuple[Sequence[Analyse], str]:
    """For each conversation whom to ask; and what they had seen."""
    if analyser is None or isinstance(analyser, LocalAnalyser):
        return cross_fitted(analyser or default_analyser(), conversations)
    note = "The model was trained elsewhere; nothing of this file was given to it as an example."
    return [analyser] * len(conversations), note


async def _ask_all(
    conversations: Sequence[LabelledConversation],
    asked: Sequence[Analyse],
    progress: Progress | None,
    concurrency: int,
) -> list[Outcome]:
    gate = asyncio.Semaphore(concurrency)
    done = 0

    async def ask(row: LabelledConversation, analyse: Analyse) -> Outcome:
        nonlocal done
        async with gate:
            outcome = await _ask(row, analyse)
        done += 1
        if progress:
            progress(done, len(conversations))
        return outcome

    return await asyncio.gather(
        *(ask(row, analyse) for row, analyse in zip(conversations, asked, strict=True))
    )


async def _ask(row: LabelledConversation, analyse: Analyse) -> Outcome:
    try:
        answer = analyse(row.request)
        return await answer if inspect.isawaitable(answer) else answer
    except HiroError as refusal:
        return refusal


def _report(
    dataset: Dataset, outcomes: Sequence[Outcome], *, training: str, seconds: float
) -> EvalReport:
    gold = [row.gold_stage for row in dataset.conversations]
    predicted = [_stage_of(outcome, dataset.stages) for outcome in outcomes]
    right = [g == p for g, p in zip(gold, predicted, strict=True)]
    sure = [o.result.confidence / 100 if isinstance(o, AnalysisAnswer) else 0.0 for o in outcomes]
    answers = [outcome for outcome in outcomes if isinstance(outcome, AnalysisAnswer)]
    return EvalReport(
        n=len(gold),
        accuracy=figures.accuracy(gold, predicted),
        macro_f1=figures.macro_f1(gold, predicted),
        ece=figures.expected_calibration_error(sure, right),
        per_stage=figures.per_stage(gold, predicted, dataset.stages),
        confusion=figures.confusion(gold, predicted, dataset.stages),
        cost=_cost(answers, seconds),
        calibration=figures.calibration(sure, right),
        analyser=", ".join(sorted({f"{answer.provider} {answer.model}" for answer in answers}))
        or "?",
        training=training,
        failed={
            row.id: outcome.sentence
            for row, outcome in zip(dataset.conversations, outcomes, strict=True)
            if isinstance(outcome, HiroError)
        },
    )


def _stage_of(outcome: Outcome, stages: Sequence[str]) -> str:
    if not isinstance(outcome, AnalysisAnswer):
        return NO_ANSWER
    folded = {stage.strip().casefold(): stage for stage in stages}
    answered = outcome.result.recommended_stage
    return folded.get(answered.strip().casefold(), answered or NO_ANSWER)


def _cost(answers: Sequence[AnalysisAnswer], seconds: float) -> EvalCost:
    money = [answer.usage.cost_micro_usd for answer in answers]
    known = [amount for amount in money if amount is not None]
    return EvalCost(
        tokens_in=sum(answer.usage.tokens_in for answer in answers),
        tokens_out=sum(answer.usage.tokens_out for answer in answers),
        micro_usd=sum(known) if len(known) == len(money) else None,
        seconds=seconds,
    )
