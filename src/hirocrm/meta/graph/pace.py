"""How fast one account may be asked, and when to pause before Meta makes us.

The Conversations API allows 2 calls a second per Page and 2 per Instagram account.
https://developers.facebook.com/docs/messenger-platform/overview/rate-limiting
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from hirocrm.meta.graph.errors import GraphUsageHigh, Refusal
from hirocrm.meta.graph.usage import Advice, Usage

CALLS_PER_SECOND = 2.0
BURST = 2
# Waits for when Meta gives no time: the first, the second, … in a row. Minutes 1, 5, 15, 60.
DEFAULT_WAITS_SECONDS = (60.0, 300.0, 900.0, 3600.0)

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


def default_wait_seconds(times_in_a_row: int) -> float:
    """How long to wait when Meta gives no time, for the first (0), second (1), … time in a row."""
    return DEFAULT_WAITS_SECONDS[min(times_in_a_row, len(DEFAULT_WAITS_SECONDS) - 1)]


class CallPace:
    """Spaces the calls for one account, more widely as its allowance is used up.

    At 75 % the rate is halved. At 90 % background work pauses, and work that a person waits for
    goes on at a quarter of the rate; at 100 % both pause. Share one among all who ask for the
    same account in a process. `clock` gives seconds and never runs backwards.
    """

    def __init__(
        self,
        *,
        calls_per_second: float = CALLS_PER_SECOND,
        burst: int = BURST,
        is_background: bool = True,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._interval = 1 / calls_per_second
        self._burst = burst
        self._is_background = is_background
        self._clock = clock
        self._sleep = sleep
        self._next_at = 0.0
        self._slowdown = 1.0
        self._paused_until = 0.0
        self._pauses_in_a_row = 0
        self._usage = Usage()

    async def wait_turn(self) -> None:
        """Return when the next call may be made.

        Raises:
            GraphUsageHigh: not before `retry_after_seconds`.
        """
        now = self._clock()
        if now < self._paused_until:
            raise GraphUsageHigh(
                "Most of Meta's allowance for this account is used up. HiroCRM pauses and goes on by itself.",
                retry_after_seconds=self._paused_until - now,
                refusal=Refusal(usage=self._usage),
            )
        interval = self._interval * self._slowdown
        turn = max(self._next_at, now)
        self._next_at = turn + interval
        wait = turn - now - (self._burst - 1) * interval
        if wait > 0:
            await self._sleep(wait)

    def note(self, usage: Usage) -> None:
        """Take what an answer's headers told; nothing told changes nothing."""
        if usage.percent is None:
            return
        self._usage = usage
        advice = usage.advice
        self._slowdown = {Advice.GO_ON: 1.0, Advice.SLOW_DOWN: 2.0}.get(advice, 4.0)
        if not self._must_pause(advice):
            self._pauses_in_a_row = 0
            return
        wait = usage.regain_seconds or default_wait_seconds(self._pauses_in_a_row)
        self._paused_until = self._clock() + wait
        self._pauses_in_a_row += 1

    def _must_pause(self, advice: Advice) -> bool:
        return advice is Advice.STOP or (advice is Advice.PAUSE_BACKGROUND and self._is_background)
