"""The pool in one process: nobody who waits for a key is forgotten."""

import asyncio
from datetime import UTC, datetime

import pytest

from hirocrm.analysis.key_pool import ledger
from hirocrm.analysis.key_pool.pool import KeyPool
from hirocrm.analysis.key_pool.slices import Handout, Source
from tests.analysis.key_pool.slices import one_request

SOURCE = Source("gemini", None, ("m",))
RESTING = Handout(
    wait_seconds=0.01, waiting_until=datetime(2026, 11, 22, tzinfo=UTC), wait_reason="rpm"
)
HANGING_SECONDS = 10.0
EARLY_SECONDS = 0.004  # uvloop counts in milliseconds and was seen 0.4 ms early


class TestAcquire:
    async def test_asks_again_though_the_timer_was_early(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loop = asyncio.get_running_loop()
        on_time = loop.call_later
        monkeypatch.setattr(
            loop,
            "call_later",
            lambda delay, *call, **how: on_time(max(0.0, delay - EARLY_SECONDS), *call, **how),
        )
        answers = [RESTING, RESTING, Handout((one_request(),))]
        monkeypatch.setattr(ledger, "take", lambda *_, **__: answers.pop(0))
        pool = KeyPool(concurrency=4)

        async with asyncio.timeout(HANGING_SECONDS):
            lease = await pool.acquire(SOURCE, tokens=1)

        assert lease.model == "m"
        assert answers == []
