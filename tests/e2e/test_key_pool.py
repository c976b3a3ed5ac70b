"""Twelve keys of every kind, asked by two worker processes at once."""

import pytest

from tests.e2e.shop import Shop, inquiries
from tests.e2e.stack import Stack

pytestmark = pytest.mark.slow

COUNT = 120
KEYS = tuple(f"AIzaSandboxTwelveKeys{number:04d}" for number in range(1, 13))
REFUSED, MINUTE_A, MINUTE_B, DAY, RETIRED = KEYS[:5]
MODEL = "gemini-3.5-flash-lite"
RETRY_SECONDS = 20
UNDER_WAY, RESTS = 3, 25  # seconds; the sandbox's minute has at least so many left


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("stack"), keys=KEYS, workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def run(stack):
    """A sync of which the keys go through all that may happen to a key."""
    gemini = stack.sandbox.gemini
    stack.sandbox.control.latency(gemini=100)
    gemini.refuses_key(REFUSED)
    for key in (MINUTE_A, MINUTE_B):
        gemini.limits(rpm=2, project=key)
    gemini.answers_with("quota", key=DAY, period="day", retry_seconds=RETRY_SECONDS)
    gemini.retires(MODEL, key=RETIRED)
    shop = Shop(stack.sandbox.graph, stack.crm)
    shop.add(inquiries(COUNT))
    return shop.sync()


class TestTwelveKeys:
    def test_every_conversation_is_analysed(self, run):
        assert (run["status"], run["analyzed"], run["failed"]) == ("completed", COUNT, 0)
        assert run["errors"] == []

    def test_the_refused_key_is_asked_at_most_twice(self, stack, run):
        assert 1 <= stack.sandbox.gemini.key(REFUSED)["calls"] <= 2

    def test_a_day_that_is_spent_stays_spent(self, stack, run):
        # The delay that comes with it means nothing; two processes may have asked at the same moment.
        assert 1 <= stack.sandbox.gemini.key(DAY)["calls"] <= 2

    def test_a_key_that_rests_is_not_asked_before_its_time(self, stack, run):
        for key in (MINUTE_A, MINUTE_B):
            times = stack.sandbox.gemini.key(key)["times"]
            refusals = [moment for moment, status in times if status == 429]
            assert sum(status == 200 for _, status in times) >= 2
            # Calls that were under way when it was refused aren't counted: nobody could know yet.
            first = refusals[0]
            assert [m for m, _ in times if first + UNDER_WAY < m < first + RESTS] == []

    def test_the_retired_model_is_asked_for_at_most_twice_with_its_key(self, stack, run):
        assert 1 <= stack.sandbox.gemini.key(RETIRED)["calls"] <= 2

    def test_each_key_tells_its_state(self, stack, run):
        keys = stack.crm.get("/analysis/keys")["items"]
        states = {key["last4"]: key["state"] for key in keys}
        assert states[REFUSED[-4:]] == "refused"
        assert states[DAY[-4:]] == "spent"


@pytest.fixture
def lonely(tmp_path):
    """A stack with a single key, which the test may spoil for good."""
    with Stack(tmp_path) as running:
        yield running


class TestNoKeyLeft:
    @pytest.mark.parametrize(
        ("kind", "code", "named"),
        [
            ("retired", "model_retired", (MODEL, "GOOGLE_AI_MODEL")),
            ("key_invalid", "key_refused", ("GOOGLE_AI_API_KEY",)),
        ],
    )
    def test_it_is_told_once_in_one_sentence_that_names_the_setting(
        self, lonely, kind, code, named
    ):
        lonely.sandbox.gemini.answers_with(kind)
        shop = Shop(lonely.sandbox.graph, lonely.crm)
        shop.add(inquiries(30))

        run = shop.sync()

        (error,) = run["errors"]
        assert (run["status"], run["synced"], run["failed"]) == ("partial", 30, 30)
        assert (error["code"], error["id"]) == (code, None)
        assert [word for word in named if word not in error["error"]] == []
        assert "AIza" not in error["error"]
        assert len(shop.contacts()) == 30
