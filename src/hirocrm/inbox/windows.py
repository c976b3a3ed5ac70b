"""When Meta lets a business write: 24 hours after the customer last turned to it, a person up to 7 days.

A message opens the 24 hours, as do a tap on a button, a reaction, and coming back by an m.me or ig.me link; not
reading, not an ad without a message after it, not an opt-in. The 7 days run from the customer's last message.
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
    *,
    opened_at: datetime | None,
    wrote_at: datetime | None,
    now: datetime,
    human_agent: bool = True,
) -> Window:
    """The window at `now`; without `human_agent` the seven days are as good as closed.

    Args:
        opened_at: when the customer last did something that opens the 24 hours.
        wrote_at: when they last wrote.
        now: the moment that is asked about.
        human_agent: whether the Meta app has the feature.
    """
    if opened_at is None:
        return Window(WindowState.CLOSED)
    standard = _end(opened_at, STANDARD, now)
    human = _end(wrote_at, HUMAN, now) if human_agent and wrote_at is not None else None
    state = WindowState.CLOSED
    if now < standard:
        state = WindowState.OPEN
    elif human is not None and now < human:
        state = WindowState.HUMAN
    return Window(state, standard, human)


def answer_by(opened_at: datetime | None, now: datetime) -> datetime | None:
    """When the 24 hours for an answer end, while they last."""
    if opened_at is None:
        return None
    until = _end(opened_at, STANDARD, now)
    return until if now < until else None


def _end(at: datetime, length: timedelta, now: datetime) -> datetime:
    """When a window ends. Nobody can have written after now; a time that says so may even be the last there is."""
    return min(at, now) + length - SLACK


def opened_since(*, now: datetime, within: timedelta = STANDARD) -> datetime:
    """Who opened the window after this moment has it open at `now`."""
    return now - within + SLACK


def closes_before(*, now: datetime, within: timedelta = CLOSES_SOON) -> datetime:
    """Who opened the window before this moment has one that closes `within` the time to come."""
    return opened_since(now=now) + within
