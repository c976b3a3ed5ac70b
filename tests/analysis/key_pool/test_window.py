from datetime import UTC, date, datetime

import pytest

from hirocrm.analysis.key_pool.window import (
    Window,
    free_at,
    next_pacific_midnight,
    pacific_day,
    slot_of,
)


class TestWindow:
    def test_allows_a_full_burst_and_then_nothing_for_a_minute(self) -> None:
        window = Window()
        window.book(slot_of(1000.0), 300, 0)

        assert window.room(rpm=300, tpm=0, tokens_each=10) == 0
        assert window.next_room_at() == 1060.5
        assert Window.load(window.dump(), 1060.4).requests == 300
        assert Window.load(window.dump(), 1060.5).requests == 0

    def test_takes_back_what_was_not_sent(self) -> None:
        window = Window()
        window.book(4000, 10, 1_000)
        window.book(4000, -3, -300)
        window.book(4000, -99, -9_999)

        assert (window.requests, window.tokens, window.dump()) == (0, 0, [])

    @pytest.mark.parametrize(
        ("rpm", "tpm", "room"), [(0, 0, None), (15, 0, 5), (0, 10_000, 4), (15, 10_000, 4)]
    )
    def test_room_is_the_tighter_limit(self, rpm: int, tpm: int, room: int | None) -> None:
        window = Window()
        window.book(4000, 10, 2_000)

        assert window.room(rpm=rpm, tpm=tpm, tokens_each=2_000) == room

    def test_a_request_larger_than_a_minute_goes_alone(self) -> None:
        window = Window()

        assert window.room(rpm=0, tpm=1_000, tokens_each=5_000) == 1
        window.book(4000, 1, 5_000)
        assert window.room(rpm=0, tpm=1_000, tokens_each=5_000) == 0

    def test_slots_round_up(self) -> None:
        assert free_at(slot_of(100.1)) == 100.25 + 60.5


class TestPacificDay:
    @pytest.mark.parametrize(
        ("now", "midnight"),
        [
            (datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 11, 23, 8, tzinfo=UTC)),
            (datetime(2026, 7, 1, 6, 59, tzinfo=UTC), datetime(2026, 7, 1, 7, tzinfo=UTC)),
            (datetime(2026, 7, 1, 7, 0, tzinfo=UTC), datetime(2026, 7, 2, 7, tzinfo=UTC)),
            # the clocks go back on 1 November 2026: that day has 25 hours
            (datetime(2026, 11, 1, 7, 30, tzinfo=UTC), datetime(2026, 11, 2, 8, tzinfo=UTC)),
            # and forward on 8 March 2026
            (datetime(2026, 3, 8, 8, 30, tzinfo=UTC), datetime(2026, 3, 9, 7, tzinfo=UTC)),
        ],
    )
    def test_ends_at_midnight_in_california(self, now: datetime, midnight: datetime) -> None:
        assert next_pacific_midnight(now) == midnight

    def test_is_googles_date(self) -> None:
        assert pacific_day(datetime(2026, 11, 22, 7, 59, tzinfo=UTC)) == date(2026, 11, 21)
        assert pacific_day(datetime(2026, 11, 22, 8, 0, tzinfo=UTC)) == date(2026, 11, 22)
