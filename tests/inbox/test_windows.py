"""When Meta lets a business write."""

from datetime import timedelta

import pytest

from hirocrm.inbox.windows import Window, WindowState, closes_before, window_at, wrote_since


class TestWindowAt:
    @pytest.mark.parametrize(
        ("hours", "state"),
        [
            (0, WindowState.OPEN),
            (23.9, WindowState.OPEN),
            (23.96, WindowState.HUMAN),  # three minutes early: Meta's clock decides
            (24, WindowState.HUMAN),
            (167.9, WindowState.HUMAN),
            (167.96, WindowState.CLOSED),
            (10_000, WindowState.CLOSED),
        ],
    )
    def test_runs_from_the_customers_last_message(self, now, hours, state):
        assert window_at(now - timedelta(hours=hours), now).state is state

    def test_is_closed_to_who_never_wrote(self, now):
        assert window_at(None, now) == Window(WindowState.CLOSED)

    def test_ends_after_a_day_without_the_human_agent_feature(self, now):
        window = window_at(now - timedelta(hours=30), now, human_agent=False)

        assert (window.state, window.human_until) == (WindowState.CLOSED, None)

    def test_says_until_when(self, now):
        window = window_at(now - timedelta(hours=30), now)

        assert window.until == now - timedelta(hours=30) + timedelta(days=7, minutes=-3)


class TestBounds:
    def test_agree_with_the_window(self, now):
        wrote = wrote_since(now=now)

        assert window_at(wrote, now).state is WindowState.HUMAN
        assert window_at(wrote + timedelta(seconds=1), now).state is WindowState.OPEN

    def test_a_window_closes_soon_four_hours_before_its_end(self, now):
        wrote = closes_before(now=now)

        assert window_at(wrote, now).until == now + timedelta(hours=4)
