"""Jobs that a stop, a dead worker or a lost database interrupted."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import OperationalError, connection
from procrastinate.app import App
from pytest_django import Settings

from hirocrm.core import worker as worker_module
from hirocrm.core.worker import Stop, connected_app, rescue_jobs, work, work_until_idle
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

DEAD_WORKER = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id"
DOING = (
    "INSERT INTO procrastinate_jobs (queue_name, task_name, status, args, queueing_lock, worker_id, attempts)"
    " VALUES ('default', 'test.nap', 'doing', '{}', %s, %s, %s) RETURNING id"
)


def ask(question: str, *values: object) -> list[tuple[object, ...]]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(question, values)
            return cursor.fetchall()
    finally:
        connection.close()  # of a thread that nobody else would close it for


def statuses() -> list[str]:
    question = "SELECT status FROM procrastinate_jobs WHERE task_name LIKE 'test.%%' ORDER BY id"
    return [str(row[0]) for row in ask(question)]


@pytest.fixture(autouse=True)
def empty_queue(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


@pytest.fixture
def started() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def noted() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def naps() -> list[str]:
    return []


@pytest_asyncio.fixture
async def queue(
    started: asyncio.Event, noted: asyncio.Event, naps: list[str]
) -> AsyncIterator[App]:
    """The app with tasks of its own: one sleeps, one meets an outage once, one says that it ran."""
    app = worker_module.app
    outages = [OperationalError("the server closed the connection")]

    @app.task(name="test.nap", queue="default")
    async def nap() -> None:
        naps.append("begun")
        started.set()
        await asyncio.sleep(60)

    @app.task(name="test.meet_outage", queue="default")
    async def meet_outage() -> None:
        started.set()
        if outages:
            raise outages.pop()

    @app.task(name="test.note", queue="default")
    async def note() -> None:
        noted.set()

    yield app
    app.tasks.pop("test.note")
    app.tasks.pop("test.nap")
    app.tasks.pop("test.meet_outage")


@pytest_asyncio.fixture
async def connected(queue: App) -> AsyncIterator[App]:
    app = connected_app()
    async with app.open_async():
        yield app


class TestWork:
    async def test_puts_a_job_that_a_stop_interrupts_back_into_the_queue(
        self, connected: App, started: asyncio.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(worker_module, "GRACE_SECONDS", 0.1)
        await connected.configure_task("test.nap", queue="default").defer_async()
        stop = Stop()
        working = asyncio.create_task(work(concurrency=2, stop=stop))
        await asyncio.wait_for(started.wait(), 30)

        stop.request()
        await asyncio.wait_for(working, 30)

        assert await sync_to_async(statuses)() == ["todo"]
        assert await sync_to_async(ask)("SELECT count(*) FROM procrastinate_workers") == [(0,)]

    async def test_returns_when_it_was_stopped_before_it_began(self, queue: App) -> None:
        stop = Stop()
        stop.request()

        await asyncio.wait_for(work(concurrency=1, stop=stop), 30)

    async def test_tries_a_job_again_that_met_an_outage(
        self, connected: App, started: asyncio.Event
    ) -> None:
        await connected.configure_task("test.meet_outage", queue="default").defer_async()

        await work_until_idle()

        assert started.is_set()
        assert await sync_to_async(ask)(
            "SELECT status::text, attempts FROM procrastinate_jobs"
        ) == [("todo", 1)]

    async def test_leaves_analyses_it_has_no_place_for_to_other_workers(
        self,
        connected: App,
        noted: asyncio.Event,
        naps: list[str],
        monkeypatch: pytest.MonkeyPatch,
        settings: Settings,
    ) -> None:
        monkeypatch.setattr(worker_module, "GRACE_SECONDS", 0.1)
        settings.ANALYSIS_CONCURRENCY = 16
        await connected.configure_task("test.nap", queue="analysis").batch_defer_async(*[{}] * 6)
        stop = Stop()
        working = asyncio.create_task(work(concurrency=16, stop=stop))

        await until(lambda: len(naps) == 4)
        await connected.configure_task("test.note", queue="default").defer_async()
        await asyncio.wait_for(noted.wait(), 30)
        stop.request()
        await asyncio.wait_for(working, 30)

        assert len(naps) == 4


class TestRescueJobs:
    async def test_takes_over_the_jobs_of_a_dead_worker(self, connected: App) -> None:
        ((dead,),) = await sync_to_async(ask)(DEAD_WORKER)
        ((job,),) = await sync_to_async(ask)(DOING, None, dead, 0)

        assert await rescue_jobs(connected) == [job]
        assert await rescue_jobs(connected) == []
        assert await sync_to_async(statuses)() == ["todo"]

    async def test_leaves_the_jobs_of_a_live_worker(self, connected: App) -> None:
        alive = await connected.job_manager.register_worker()
        await sync_to_async(ask)(DOING, None, alive, 0)

        assert await rescue_jobs(connected) == []
        assert await sync_to_async(statuses)() == ["doing"]

    async def test_ends_a_job_whose_twin_waits_already(self, connected: App) -> None:
        await sync_to_async(ask)(DOING, "contact:1", None, 0)
        await connected.configure_task(
            "test.nap", queue="default", queueing_lock="contact:1"
        ).defer_async()

        assert await rescue_jobs(connected) == []
        assert await sync_to_async(statuses)() == ["failed", "todo"]

    async def test_gives_up_a_job_that_keeps_killing_its_worker(self, connected: App) -> None:
        await sync_to_async(ask)(DOING, None, None, worker_module.RESCUES_MAX)

        assert await rescue_jobs(connected) == []
        assert await sync_to_async(statuses)() == ["failed"]
