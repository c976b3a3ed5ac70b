"""Waiting for what happens elsewhere: in a server, another task or another process."""

import asyncio
from collections.abc import Callable

HANGING_SECONDS = 10.0


async def until(holds: Callable[[], bool]) -> None:
    """Return as soon as it holds; fail when it never does."""
    async with asyncio.timeout(HANGING_SECONDS):
        while not holds():  # noqa: ASYNC110  # nothing sets an event for it
            await asyncio.sleep(0.01)
