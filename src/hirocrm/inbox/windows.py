"""When Meta lets a business write: 24 hours after the customer's last message, a person up to 7 days.

Source: https://developers.facebook.com/docs/messenger-platform/policy/policy-overview (standard messaging,
Human Agent tag). Meta's clock decides, so ours closes a little earlier.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

STANDARD = timedelta(hours=24)
HUMAN = timedelta(days=7)
SLACK = timedelta(minutes=3)  # a message takes time to reach Meta, and clocks differ
CLOSES_SOON = timedelta(hours=4)


class WindowState(StrEnum):
    """What may be sent now."""

    OPEN = "open"  # anything
    HUMAN = "human"  # what a person types, with the HUMAN_AGENT tag
    CLOSED = "closed"  # nothing until the customer writes again


@dataclass(frozen=True, slots=True)
class Window:
    """What may be sent to a customer, and until when; None: they never wrote, so nothing may be."""

    state: WindowState
    standard_until: datetime | None = None
    human_until: datetime | None = None

    @property
    def until(self) -> datetime | None:
        """When the present state ends."""
        return {WindowState.OPEN: self.standard_until, WindowState.HUMAN: self.human_until}.get(
            self.state
        )


def window_at(
    last_customer_message_at: datetime | None, now: datetime, *, human_agent: bool = True
) -> Window:
    """The window at `now`; without `human_agent` the seven days are as good as closed."""
    if last_customer_message_at is None:
        return Window(WindowState.CLOSED)
    standard = last_customer_message_at + STANDARD - SLACK
    human = last_customer_message_at + HUMAN - SLACK if human_agent else None
    state = WindowState.CLOSED
    if now < standard:
        state = WindowState.OPEN
    elif human is not None and now < human:
        state = WindowState.HUMAN
    return Window(state, standard, human)


def answer_by(last_customer_message_at: datetime | None, now: datetime) -> datetime | None:
    """When the 24 hours for an answer end, while they last."""
    if last_customer_message_at is None:
        return None
    until = last_customer_message_at + STANDARD - SLACK
    return until if now < until else None


def wrote_since(*, now: datetime, within: timedelta = STANDARD) -> datetime:
    """Who wrote after this moment has an open window at `now`."""
    return now - within + SLACK


def closes_before(*, now: datetime, within: timedelta = CLOSES_SOON) -> datetime:
    """Who wrote before this moment has a 24-hour window that closes `within` the time to come."""
    return wrote_since(now=now) + within
