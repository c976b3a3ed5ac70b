"""When Meta lets a business write."""

from datetime import timedelta

import pytest

from hirocrm.inbox.windows import Window, WindowState, closes_before, opened_since, window_at


def after(moment, now, **more):
    """The window of a customer who wrote at that moment and did nothing else."""
    return window_at(opened_at=moment, wrote_at=moment, now=now, **more)


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
        assert after(now - timedelta(hours=hours), now).state is state

    def test_is_closed_to_who_never_wrote(self, now):
        assert after(None, now) == Window(WindowState.CLOSED)

    def test_ends_after_a_day_without_the_human_agent_feature(self, now):
        window = after(now - timedelta(hours=30), now, human_agent=False)

        assert (window.state, window.human_until) == (WindowState.CLOSED, None)

    def test_says_until_when(self, now):
        window = after(now - timedelta(hours=30), now)

        assert window.until == now - timedelta(hours=30) + timedelta(days=7, minutes=-3)

    def test_is_opened_for_a_day_by_what_is_no_message(self, now):
        wrote, reacted = now - timedelta(days=6), now - timedelta(hours=1)

        window = window_at(opened_at=reacted, wrote_at=wrote, now=now)
        later = window_at(opened_at=reacted, wrote_at=wrote, now=now + timedelta(hours=24))

        assert (window.state, window.until) == (
            WindowState.OPEN,
            reacted + timedelta(days=1, minutes=-3),
        )
        # The seven days run from the message.
        assert (later.state, later.human_until) == (
            WindowState.CLOSED,
            wrote + timedelta(days=7, minutes=-3),
        )


class TestBounds:
    def test_agree_with_the_window(self, now):
        wrote = opened_since(now=now)

        assert after(wrote, now).state is WindowState.HUMAN
        assert after(wrote + timedelta(seconds=1), now).state is WindowState.OPEN

    def test_a_window_closes_soon_four_hours_before_its_end(self, now):
        wrote = closes_before(now=now)

        assert after(wrote, now).until == now + timedelta(hours=4)
