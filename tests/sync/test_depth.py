"""How much a depth would bring, from one look at the newest conversations."""

from datetime import UTC, datetime, timedelta

import pytest

from hirocrm.sync.depth import Sample

NEWEST = datetime(2026, 3, 1, tzinfo=UTC)


def every_half_day(count: int, *, has_more: bool) -> Sample:
    return Sample(tuple(NEWEST - timedelta(hours=12 * n) for n in range(count)), has_more)


class TestSample:
    @pytest.mark.parametrize(
        ("days", "expected"),
        [(30, (61, True)), (90, (180, False)), (365, (730, False)), (None, (100, False))],
    )
    def test_counts_what_was_seen_and_guesses_beyond(self, days, expected):
        sample = every_half_day(100, has_more=True)
        oldest = None if days is None else NEWEST - timedelta(days=days)

        assert sample.count_since(oldest) == expected

    @pytest.mark.parametrize("days", [30, 90, None])
    def test_is_exact_when_all_was_seen(self, days):
        sample = every_half_day(10, has_more=False)

        oldest = None if days is None else NEWEST - timedelta(days=days)
        assert sample.count_since(oldest) == (10, True)

    @pytest.mark.parametrize("times", [(), (NEWEST,), (NEWEST, NEWEST)])
    def test_guesses_nothing_from_nothing(self, times):
        sample = Sample(times, has_more=True)

        assert sample.count_since(NEWEST - timedelta(days=30)) == (len(times), False)
