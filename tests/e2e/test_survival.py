"""Three hundred conversations while processes are killed and the database restarts: the same rows as without."""

import os
import random
import signal

import pytest

from tests.e2e.crm import eventually
from tests.e2e.outcome import open_work, outcome
from tests.e2e.shop import Shop, inquiries
from tests.e2e.stack import Stack, UpStack

pytestmark = pytest.mark.slow

COUNT = 300
IN_FLIGHT = 20
CALL_MS = 150
CONCURRENCY = {"HIROCRM_ANALYSIS_CONCURRENCY": str(IN_FLIGHT)}


def moments(number):
    """Random numbers of analyses at which something happens; shown when a test fails."""
    chosen = sorted(random.sample(range(15, COUNT - 60), number))
    print("moments:", chosen)
    return chosen


def sync_with(shop, sandbox, at, strike):
    """Sync three hundred conversations and call `strike` each time so many analyses were asked for."""
    shop.add(inquiries(COUNT, ago="1h"))
    sandbox.control.reset()
    sandbox.control.latency(gemini=CALL_MS)
    run_id = shop.crm.start_sync(shop.page_id)["runId"]
    repeats = []
    for moment in at:
        eventually(
            lambda m=moment: sandbox.control.count("gemini.generate") >= m, f"{moment} analyses"
        )
        strike()
        repeats.append(sandbox.control.repeated_prompts())
    run = shop.crm.ended(run_id)
    return run, [*repeats, sandbox.control.repeated_prompts()]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("stack"), **CONCURRENCY) as running:
        yield running


@pytest.fixture(scope="module")
def undisturbed(stack):
    """What is there when nothing happens."""
    shop = Shop(stack.sandbox.graph, stack.crm)
    run, repeats = sync_with(shop, stack.sandbox, [], lambda: None)
    assert (run["status"], run["analyzed"], repeats) == ("completed", COUNT, [0])
    rows = outcome(stack.database, shop.page_id)
    assert rows.total() == COUNT
    return rows


class TestWorkerKilled:
    def test_three_times_at_random_moments(self, stack, undisturbed):
        shop = Shop(stack.sandbox.graph, stack.crm)

        def kill_worker():
            stack.workers[-1].kill()
            stack.workers.append(stack.start_worker())

        run, repeats = sync_with(shop, stack.sandbox, moments(3), kill_worker)

        assert (run["status"], run["synced"], run["failed"]) == ("completed", COUNT, 0)
        assert outcome(stack.database, shop.page_id) == undisturbed
        assert (run["analyzed"], run["autoAssigned"]) == (COUNT, COUNT)
        eventually(lambda: open_work(stack.database) == (0, 0), "no work is left")
        assert repeats[-1] <= 3 * IN_FLIGHT


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    with UpStack(tmp_path_factory.mktemp("up"), **CONCURRENCY) as running:
        yield running


class TestEverythingInOneCommand:
    def test_the_database_restarts_in_the_middle(self, up, undisturbed):
        shop = Shop(up.sandbox.graph, up.crm)

        def restart_database():
            os.kill(up.database_pid(), signal.SIGINT)  # a fast shutdown; `up` starts it again

        run, repeats = sync_with(shop, up.sandbox, moments(1), restart_database)

        assert (run["status"], run["synced"], run["failed"]) == ("completed", COUNT, 0)
        assert outcome(up.database, shop.page_id) == undisturbed
        assert (run["analyzed"], run["autoAssigned"]) == (COUNT, COUNT)
        assert repeats[-1] <= IN_FLIGHT

    def test_all_is_killed_and_started_again_on_the_same_data(self, up, undisturbed):
        shop = Shop(up.sandbox.graph, up.crm)

        def kill_and_start_again():
            up.kill()
            up.start()

        run, repeats = sync_with(shop, up.sandbox, moments(1), kill_and_start_again)

        assert (run["status"], run["synced"], run["failed"]) == ("completed", COUNT, 0)
        assert outcome(up.database, shop.page_id) == undisturbed
        assert (run["analyzed"], run["autoAssigned"]) == (COUNT, COUNT)
        assert repeats[-1] <= IN_FLIGHT

    def test_it_stops_and_leaves_no_process(self, up):
        database = up.database_pid()

        code = up.command.stop()
        alive = _is_alive(database)
        up.start()  # for the tests that come after, in whatever order

        assert (code, alive) == (0, False)


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
