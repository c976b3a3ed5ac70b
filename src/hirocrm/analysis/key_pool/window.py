"""The sliding minute of a quota, and the day that ends at midnight Pacific. Times are Unix seconds.

Google counts the requests of any 60 seconds. A request is booked at the latest moment it may be sent (the end of
its lease), moved to the moment it was sent once that is known, and its room is given back a minute and a margin later, so a full burst is allowed and yet no minute
ever sees more than the limit.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")
WINDOW_SECONDS = 60.0
JITTER_SECONDS = 0.5  # from our sending a request to Google's counting it
SLOT_SECONDS = 0.25
LEASE_SECONDS = 0.75  # how long a process may use what it was handed


@dataclass(slots=True)
class Window:
    """Requests and tokens booked in the last minute, by quarter seconds."""

    slots: dict[int, list[int]] = field(default_factory=dict)

    @classmethod
    def load(cls, rows: Iterable[Iterable[int]], now: float) -> "Window":
        """Read what the database holds, without what no longer counts."""
        window = cls()
        for slot, requests, tokens in rows:
            if free_at(slot) > now and (requests or tokens):
                window.slots[slot] = [requests, tokens]
        return window

    def dump(self) -> list[list[int]]:
        """Return what the database keeps."""
        return [[slot, *counts] for slot, counts in sorted(self.slots.items()) if any(counts)]

    @property
    def requests(self) -> int:
        """Requests that count now."""
        return sum(counts[0] for counts in self.slots.values())

    @property
    def tokens(self) -> int:
        """Tokens that count now."""
        return sum(counts[1] for counts in self.slots.values())

    def book(self, slot: int, requests: int, tokens: int) -> None:
        """Add to a slot; negative numbers give back, never below nothing."""
        counts = self.slots.setdefault(slot, [0, 0])
        counts[0] = max(0, counts[0] + requests)
        counts[1] = max(0, counts[1] + tokens)

    def room(self, *, rpm: int, tpm: int, tokens_each: int) -> int | None:
        """Return how many requests of `tokens_each` fit now; None without any limit.

        A request larger than a whole minute's tokens goes alone: the vendor may say what it thinks of it.
        """
        rooms = []
        if rpm:
            rooms.append(rpm - self.requests)
        if tpm:
            fitting = (tpm - self.tokens) // max(1, tokens_each)
            rooms.append(max(fitting, 1 if not self.tokens else 0))
        return max(0, min(rooms)) if rooms else None

    def next_room_at(self) -> float:
        """Return when the oldest booking stops counting."""
        return free_at(min(self.slots)) if self.slots else 0.0


def slot_of(moment: float) -> int:
    """Return the slot that holds a moment, rounded up."""
    return math.ceil(moment / SLOT_SECONDS)


def free_at(slot: int) -> float:
    """Return when a slot's bookings stop counting."""
    return slot * SLOT_SECONDS + WINDOW_SECONDS + JITTER_SECONDS


def pacific_day(now: datetime) -> date:
    """Return Google's date: its daily quotas start anew at midnight Pacific."""
    return now.astimezone(PACIFIC).date()


def next_pacific_midnight(now: datetime) -> datetime:
    """Return the end of Google's day, in UTC: 07:00 in summer, 08:00 in winter."""
    tomorrow = pacific_day(now) + timedelta(days=1)
    return datetime.combine(tomorrow, time(), PACIFIC).astimezone(UTC)
