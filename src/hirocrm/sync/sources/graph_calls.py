"""Calls at an account's pace, tried again when that helps, in pages as large as Meta allows."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hirocrm.meta.graph.errors import GraphError, GraphRateLimited, GraphUnavailable
from hirocrm.meta.graph.pace import CallPace, Sleep, default_wait_seconds
from hirocrm.meta.graph.paging import Listing

MAX_RETRIES = 3
PAGE_SIZES = (50, 25, 10, 5, 1)
PAGES_BEFORE_GROWING = 5

_T = TypeVar("_T")


class PacedCalls:
    """Makes calls one after another, each in its turn."""

    def __init__(
        self,
        *,
        pace: CallPace,
        sleep: Sleep = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._pace = pace
        self._sleep = sleep
        self._jitter = jitter
        self._limits_in_a_row = 0

    async def ask(self, call: Callable[[], Awaitable[Listing[_T]]]) -> Listing[_T]:
        """The answer of `call`, tried up to three more times on passing faults.

        Raises:
            GraphRateLimited: always with `retry_after_seconds`; nothing is tried again before.
            GraphError: what Meta refused, or GraphUnavailable when trying again didn't help.
        """
        retries = 0
        while True:
            await self._pace.wait_turn()
            try:
                listing = await call()
            except GraphUnavailable as fault:
                self._pace.note(fault.refusal.usage)
                if retries >= min(fault.retries, MAX_RETRIES):
                    raise
                await self._sleep(self._backoff(retries))
                retries += 1
            except GraphError as refusal:
                self._note_refusal(refusal)
                raise
            else:
                self._pace.note(listing.usage)
                self._limits_in_a_row = 0
                return listing

    def _note_refusal(self, refusal: GraphError) -> None:
        if not isinstance(refusal, GraphRateLimited):
            self._pace.note(refusal.refusal.usage)
            return
        if refusal.retry_after_seconds is None:
            refusal.retry_after_seconds = default_wait_seconds(self._limits_in_a_row)
        self._limits_in_a_row += 1

    def _backoff(self, retries: int) -> float:
        """2, 4, 8 seconds, each up to a quarter less or more."""
        return float(2 ** (retries + 1) * (0.75 + self._jitter() / 2))


class PageSize:
    """How many conversations to ask for at once: fewer when Meta says so, more again later.

    Growing is tried after five good pages, and after each vain try twice as rarely.
    """

    def __init__(self, *, start: int, largest: int) -> None:
        self._sizes = (largest, *(size for size in PAGE_SIZES if size < largest))
        self._index = next(
            (i for i, s in enumerate(self._sizes) if s <= start), len(self._sizes) - 1
        )
        self._good_pages = 0
        self._patience = PAGES_BEFORE_GROWING
        self._has_just_grown = False

    @property
    def current(self) -> int:
        """The size to ask for now."""
        return self._sizes[self._index]

    def shrink(self) -> bool:
        """Go one size down; False when there is none."""
        if self._has_just_grown:
            self._patience *= 2
        self._good_pages, self._has_just_grown = 0, False
        if self._index + 1 >= len(self._sizes):
            return False
        self._index += 1
        return True

    def note_good_page(self) -> None:
        """Count a page that Meta gave in this size, and grow when it is time."""
        self._good_pages += 1
        self._has_just_grown = False
        if self._index > 0 and self._good_pages >= self._patience:
            self._index -= 1
            self._good_pages, self._has_just_grown = 0, True
