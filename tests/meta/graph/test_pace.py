import pytest

from hirocrm.meta.graph.errors import GraphUsageHigh
from hirocrm.meta.graph.pace import CallPace, default_wait_seconds
from hirocrm.meta.graph.usage import PoolUsage, Usage


class FakeTime:
    """Seconds that pass only by sleeping."""

    def __init__(self):
        self.seconds = 1000.0
        self.slept = []

    def clock(self):
        return self.seconds

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.seconds += seconds


def used(percent, regain_seconds=0.0):
    return Usage((PoolUsage("messenger", percent, "1", regain_seconds),))


@pytest.fixture
def time():
    return FakeTime()


@pytest.fixture
def pace(time):
    return CallPace(clock=time.clock, sleep=time.sleep)


async def turns(pace, time, count):
    """When each of the next calls may be made, counted from now."""
    start, moments = time.seconds, []
    for _ in range(count):
        await pace.wait_turn()
        moments.append(time.seconds - start)
    return moments


class TestWaitTurn:
    async def test_allows_two_a_second_after_a_small_burst(self, pace, time):
        assert await turns(pace, time, 6) == [0.0, 0.0, 0.5, 1.0, 1.5, 2.0]

    async def test_time_unused_gives_no_more_than_the_burst(self, pace, time):
        await turns(pace, time, 3)
        time.seconds += 60

        assert await turns(pace, time, 4) == [0.0, 0.0, 0.5, 1.0]

    async def test_halves_the_rate_at_75_percent(self, pace, time):
        await turns(pace, time, 3)

        pace.note(used(75))

        assert await turns(pace, time, 3) == [0.0, 1.0, 2.0]

    async def test_returns_to_full_rate(self, pace, time):
        pace.note(used(80))
        await turns(pace, time, 3)
        pace.note(used(10))
        time.seconds += 60

        assert await turns(pace, time, 4) == [0.0, 0.0, 0.5, 1.0]

    async def test_unknown_usage_changes_nothing(self, pace, time):
        pace.note(used(80))
        pace.note(Usage())

        assert await turns(pace, time, 3) == [0.0, 0.0, 1.0]


class TestPausing:
    async def test_background_work_pauses_at_90_percent(self, pace):
        pace.note(used(90))

        with pytest.raises(GraphUsageHigh) as caught:
            await pace.wait_turn()

        assert caught.value.retry_after_seconds == 60.0
        assert caught.value.refusal.usage.percent == 90

    async def test_pauses_as_long_as_meta_says(self, pace, time):
        pace.note(used(120, regain_seconds=420.0))
        time.seconds += 20

        with pytest.raises(GraphUsageHigh) as caught:
            await pace.wait_turn()

        assert caught.value.retry_after_seconds == 400.0

    async def test_goes_on_when_the_time_is_over(self, pace, time):
        pace.note(used(95))
        time.seconds += 60

        await pace.wait_turn()

    async def test_waits_longer_each_time_in_a_row(self, pace, time):
        waits = []
        for _ in range(5):
            pace.note(used(95))
            with pytest.raises(GraphUsageHigh) as caught:
                await pace.wait_turn()
            waits.append(caught.value.retry_after_seconds)
            time.seconds += caught.value.retry_after_seconds

        assert waits == [60.0, 300.0, 900.0, 3600.0, 3600.0]

    async def test_what_a_person_waits_for_goes_on_slowly(self, time):
        pace = CallPace(is_background=False, clock=time.clock, sleep=time.sleep)
        pace.note(used(95))

        assert await turns(pace, time, 3) == [0.0, 0.0, 2.0]

    async def test_at_100_percent_everything_pauses(self, time):
        pace = CallPace(is_background=False, clock=time.clock, sleep=time.sleep)
        pace.note(used(100))

        with pytest.raises(GraphUsageHigh):
            await pace.wait_turn()


class TestDefaultWaitSeconds:
    def test_grows_from_a_minute_to_an_hour(self):
        assert [default_wait_seconds(n) for n in (0, 1, 2, 3, 9)] == [60, 300, 900, 3600, 3600]
