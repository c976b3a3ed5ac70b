"""The pool of a process: nobody who waits for a key is forgotten, nor waits longer than needed."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from hirocrm.analysis.key_pool import keyring, ledger
from hirocrm.analysis.key_pool.pool import KeyPool
from hirocrm.analysis.key_pool.slices import Handout, Source
from hirocrm.core.threads import in_thread
from tests.analysis.key_pool.slices import one_request
from tests.waiting import HANGING_SECONDS, until

SOURCE = Source("gemini", None, ("m",))
RESTING = Handout(
    wait_seconds=0.01, waiting_until=datetime(2026, 11, 22, tzinfo=UTC), wait_reason="rpm"
)
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

    @pytest.mark.django_db(transaction=True)
    async def test_a_key_proven_in_one_process_is_used_in_another_at_once(
        self, monkeypatch: pytest.MonkeyPatch, settings: Settings
    ) -> None:
        settings.GOOGLE_AI_KEYS = ("key-one-1", "key-two-2")
        monkeypatch.setattr(ledger, "PROBE_POLL", timedelta(hours=1))
        monkeypatch.setattr("hirocrm.analysis.key_pool.pool.LOOK_AGAIN_SECONDS", 3600.0)
        await in_thread(keyring.register_environment_keys)
        one = KeyPool(concurrency=4)
        other = KeyPool(concurrency=4, longest_wait_seconds=7200.0)

        async with asyncio.timeout(HANGING_SECONDS), one, other:
            probes = [await one.acquire(SOURCE, tokens=1) for _ in settings.GOOGLE_AI_KEYS]
            waiting = asyncio.create_task(other.acquire(SOURCE, tokens=1))
            await until(lambda: _is_paused(other))
            waiting_here = asyncio.create_task(one.acquire(SOURCE, tokens=1))
            one.answered(probes[0])
            leases = [await waiting, await waiting_here]

        assert [lease.taken.is_probe for lease in [*probes, *leases]] == [True, True, False, False]
        assert {lease.taken.key_id for lease in leases} == {probes[0].taken.key_id}


def _is_paused(pool: KeyPool) -> bool:
    return any(queue.pause for queue in pool._queues.values())
