"""The analysing half of a run: batches of conversations go to the analyser, answers become rows.

One `ReadingLine` serves all jobs of a worker process. Answers of all jobs are written together, a few
at a time as they come, so that a killed worker loses little and a transaction carries many rows.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from django.conf import settings

from hirocrm.analysis import engine
from hirocrm.analysis.asker import asker_for
from hirocrm.analysis.errors import AllKeysResting, AnalysisFailed, BudgetReached
from hirocrm.analysis.key_pool.queues import Place
from hirocrm.analysis.record import Answered, Failed
from hirocrm.analysis.schema import Spent
from hirocrm.analysis.transcripts import Reading, read_conversations
from hirocrm.core import clock, jobs
from hirocrm.core.threads import in_thread
from hirocrm.sync import outcomes
from hirocrm.sync.models import AnalysisBatch
from hirocrm.sync.plan import Plan, plan_for

log = structlog.get_logger(__name__)

INTERNAL_ERROR = "HiroCRM failed on this conversation; that is a fault of ours, noted in the worker's log. It is tried again later."
WRITE_SIZE = 25  # answers written at once
TELL_WAITS_EVERY_SECONDS = 2.0
DATABASE_PATIENCE_SECONDS = 15.0
WRITE_AFTER_SECONDS = 0.1  # or sooner than that many: whatever has come by then


@dataclass(frozen=True, slots=True)
class Task:
    """A batch with what its conversations are read by."""

    batch: AnalysisBatch
    plan: outcomes.ReadingPlan
    readings: Sequence[Reading]


@dataclass(slots=True)
class _Outcome:
    plan: outcomes.ReadingPlan
    batch_id: UUID
    item: Answered | Failed
    written: asyncio.Future[None] = field(repr=False)


class ReadingLine:
    """The analyser and the writer that all batches of this process share."""

    def __init__(self, analyst: engine.Analyst) -> None:
        self._analyst = analyst
        self._write_size = max(1, min(WRITE_SIZE, settings.ANALYSIS_CONCURRENCY // 4))
        self._waiting: list[_Outcome] = []
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._cancelled: set[UUID] = set()
        self._work: defaultdict[UUID | None, set[asyncio.Task[None]]] = defaultdict(set)  # by run
        self._asking: Counter[tuple[UUID, UUID]] = (
            Counter()
        )  # (organization, run) -> analyses under way
        self._jobs = [
            asyncio.create_task(self._write_forever()),
            asyncio.create_task(self._tell_waits_forever()),
        ]

    async def close(self) -> None:
        """Stop the writer; nobody waits for it any more."""
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)

    async def read(self, task: Task) -> None:
        """Read every conversation of a batch; returns when all of it is written."""
        run_id = task.plan.run_id
        work = [asyncio.create_task(self._read_one(task, reading)) for reading in task.readings]
        self._work[run_id].update(work)
        try:
            results = await asyncio.gather(*work, return_exceptions=True)
        finally:
            self._work[run_id].difference_update(work)
            if not self._work[run_id]:
                del self._work[run_id]
        if run_id in self._cancelled:
            return  # its conversations were given back when it was cancelled
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _read_one(self, task: Task, reading: Reading) -> None:
        run_id = task.plan.run_id
        if run_id in self._cancelled:
            return
        item: Answered | Failed
        place = Place()
        try:
            if reading.known is not None:
                item = Answered(reading, None)
            else:
                item = await self._ask(task, reading, place)
            await self._write(_Outcome(task.plan, task.batch.pk, item, asyncio.Future()))
        finally:
            self._analyst.saved(place)

    async def _ask(self, task: Task, reading: Reading, place: Place) -> Answered | Failed:
        run_id = task.plan.run_id
        if run_id is None:
            return await self._answer(task, reading, place)
        key = task.plan.organization_id, run_id
        self._asking[key] += 1
        try:
            return await self._answer(task, reading, place)
        finally:
            self._asking[key] -= 1

    async def _answer(self, task: Task, reading: Reading, place: Place) -> Answered | Failed:
        plan = task.plan
        wasted: list[Spent] = []
        try:
            answer = await self._analyst.analyse(
                reading.request, organization_id=plan.organization_id, place=place, wasted=wasted
            )
        except AnalysisFailed as exc:
            final = not exc.retriable
            return Failed(reading, exc.sentence, exc.reason, is_final=final, wasted=wasted)
        except BudgetReached as exc:
            return Failed(reading, exc.sentence, exc.code, wasted=wasted)
        except AllKeysResting:
            if wasted:  # nothing is written about the conversation itself: it comes back
                await in_thread(outcomes.charge, plan=plan, paid=wasted, now=clock.now())
            raise
        return Answered(reading, answer, wasted)

    async def _write(self, outcome: _Outcome) -> None:
        self._waiting.append(outcome)
        self._arrived.set()
        if len(self._waiting) >= self._write_size:
            self._full.set()
        await outcome.written

    async def _write_forever(self) -> None:
        while True:
            await self._arrived.wait()
            # Python 3.11's wait_for swallows a cancellation that comes together with what it waits for,
            # and whoever closes this line would wait for ever.
            with suppress(TimeoutError):
                async with asyncio.timeout(WRITE_AFTER_SECONDS):
                    await self._full.wait()
            taken, self._waiting = self._waiting, []
            self._arrived.clear()
            self._full.clear()
            await self._write_taken(taken)

    async def _tell_waits_forever(self) -> None:
        """Keep the runs' rows saying until when they wait for a key, and that they no longer do."""
        told: dict[UUID, datetime | None] = {}
        while True:
            await asyncio.sleep(TELL_WAITS_EVERY_SECONDS)
            for organization_id, run_id in [key for key, count in self._asking.items() if count]:
                with suppress(*jobs.DATABASE_GONE):
                    until = await self._analyst.waiting_until(organization_id)
                    if told.get(run_id) != until:
                        await in_thread(outcomes.tell_wait, run_id=run_id, until=until)
                        told[run_id] = until
            self._asking = +self._asking  # forgets the runs that have nothing under way

    async def _write_taken(self, taken: Sequence[_Outcome]) -> None:
        groups: dict[tuple[object, ...], list[_Outcome]] = defaultdict(list)
        for outcome in taken:
            groups[outcome.plan.key].append(outcome)
        for group in groups.values():
            plan = group[0].plan
            try:
                cancelled = await _record(plan, group)
            except Exception as exc:  # noqa: BLE001  # whoever waits for the rows gets the reason, and retries
                for outcome in _still_awaited(group):
                    outcome.written.set_exception(exc)
                continue
            for outcome in _still_awaited(group):
                outcome.written.set_result(None)
            if cancelled and plan.run_id is not None:
                self._drop_run(plan.run_id)

    def _drop_run(self, run_id: UUID) -> None:
        """Ask nothing more for a cancelled run. Its batches are closed, so answers on their way are lost already."""
        self._cancelled.add(run_id)
        for work in self._work.get(run_id, ()):
            work.cancel()


async def _record(plan: outcomes.ReadingPlan, group: Sequence[_Outcome]) -> bool:
    """Write a group, patiently while the database restarts: its answers are paid for."""
    patience = time.monotonic() + DATABASE_PATIENCE_SECONDS
    while True:
        try:
            return await in_thread(
                outcomes.record,
                plan=plan,
                items=[(outcome.batch_id, outcome.item) for outcome in group],
                now=clock.now(),
            )
        except jobs.DATABASE_GONE:
            if time.monotonic() > patience:
                raise
            await asyncio.sleep(0.3)


def _still_awaited(group: Sequence[_Outcome]) -> list[_Outcome]:
    """The outcomes somebody waits for: a job that was stopped meanwhile has left its own."""
    return [outcome for outcome in group if not outcome.written.done()]


@dataclass(slots=True)
class _Shared:
    line: ReadingLine | None = None
    users: int = 0
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    resources: AsyncExitStack = field(default_factory=AsyncExitStack)


_shared: dict[asyncio.AbstractEventLoop, _Shared] = {}


@asynccontextmanager
async def shared_line() -> AsyncIterator[ReadingLine]:
    """This process's line; opened by the first batch and closed after the last of those that overlap."""
    loop = asyncio.get_running_loop()
    shared = _shared.setdefault(loop, _Shared())
    shared.users += 1
    try:
        async with shared.opening:
            if shared.line is None:
                analyst = await shared.resources.enter_async_context(engine.Analyst())
                shared.line = ReadingLine(analyst)
                shared.resources.push_async_callback(shared.line.close)
        yield shared.line
    finally:
        shared.users -= 1
        if shared.users == 0:
            _shared.pop(loop, None)
            await shared.resources.aclose()


async def read_batch(*, organization_id: UUID, batch_id: UUID) -> None:
    """Analyse what is left of a batch, then close it, and its run if it was the last."""
    try:
        task = await in_thread(_load, organization_id, batch_id)
        if task is None:
            return
        async with shared_line() as line:
            await line.read(task)
        await in_thread(outcomes.close_batch, batch_id=batch_id, now=clock.now())
    except AllKeysResting as resting:
        await in_thread(
            outcomes.come_back, batch_id=batch_id, at=resting.until, why=resting.sentence
        )
    except Exception as exc:
        if jobs.is_transient(exc):
            raise
        log.exception("analysis_batch.abandoned", batch_id=str(batch_id))
        await in_thread(
            outcomes.abandon_batch,
            batch_id=batch_id,
            sentence=INTERNAL_ERROR,
            code="internal_error",
            now=clock.now(),
        )


def _load(organization_id: UUID, batch_id: UUID) -> Task | None:
    batch = (
        AnalysisBatch.objects.select_related(
            "run", "run__started_by", "page", "page__organization", "page__auto_pipeline"
        )
        .filter(organization_id=organization_id, pk=batch_id, finished_at=None)
        .first()
    )
    if batch is None or batch.page is None:
        return None
    if batch.run is not None and batch.run.cancel_requested_at is not None:
        outcomes.give_back(batch, now=clock.now())
        return None
    if batch.run is not None and batch.run.waiting_until is not None:
        outcomes.wait_is_over(batch.run.pk, now=clock.now())
    asker = asker_for(batch.page.organization)
    plan: Plan | None = plan_for(batch.run, batch.page, asker) if batch.run else None
    rules = outcomes.reading_plan(batch, plan, asker)
    readings = read_conversations(
        organization=batch.page.organization,
        conversation_ids=batch.conversation_ids,
        rules=rules.rules,
        asker=asker,
        now=clock.now(),
    )
    return Task(batch, rules, readings)
