"""Who waits in this process, and what it holds for them."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from hirocrm.analysis.key_pool.slices import Slice, Source
from hirocrm.analysis.key_pool.window import LEASE_SECONDS, slot_of


@dataclass(slots=True)
class Place:
    """A place in flight that may outlive its call: kept until the answer is saved."""

    is_kept: bool = False


@dataclass(slots=True)
class Lease:
    """One request that may be sent now. Hand it back through exactly one of the pool's methods."""

    taken: Slice
    issued: float  # monotonic seconds, before the slice was asked for
    is_open: bool = True
    sent: float | None = None

    def mark_sent(self) -> None:
        """The request has just been written to the vendor."""
        self.sent = time.monotonic()

    @property
    def slot_when_sent(self) -> int:
        """Where the request belongs in the sliding minute, once it is known when it was sent."""
        if self.sent is None:
            return self.taken.slot
        return slot_of(self.taken.issued_at + self.sent - self.issued)

    @property
    def model(self) -> str:
        """The model to ask."""
        return self.taken.model

    @property
    def secret(self) -> str:
        """The key to ask with."""
        return self.taken.secret


@dataclass(slots=True)
class Held:
    """A slice, what is left of it, and when it was asked for (monotonic seconds)."""

    taken: Slice
    left: int | None
    issued: float

    @property
    def expires(self) -> float:
        """When it may no longer be used."""
        return self.issued + LEASE_SECONDS


@dataclass(slots=True)
class Waiter:
    """An analysis that waits, with about how many input tokens it needs."""

    future: asyncio.Future[Lease]
    tokens: int


@dataclass(slots=True)
class Queue:
    """All that wait for one source. While there is a `pause`, the ledger isn't asked."""

    source: Source
    waiters: deque[Waiter] = field(default_factory=deque)
    held: deque[Held] = field(default_factory=deque)
    refill: asyncio.Task[None] | None = None
    pause: asyncio.TimerHandle | None = None
    waiting_until: datetime | None = None

    @property
    def is_idle(self) -> bool:
        """Nobody waits and nothing is held."""
        return not (self.waiters or self.held or self.refill)

    def end_pause(self) -> None:
        """The ledger may be asked again."""
        if self.pause is not None:
            self.pause.cancel()
            self.pause = None

    def drop(self, matches: Callable[[Held], bool]) -> list[Held]:
        """Give up slices."""
        dropped = [item for item in self.held if matches(item)]
        if dropped:
            self.held = deque(item for item in self.held if not matches(item))
        return dropped

    def left(self) -> int | None:
        """Requests at hand; None: any number."""
        counts = [item.left for item in self.held]
        return None if None in counts else sum(count or 0 for count in counts)
