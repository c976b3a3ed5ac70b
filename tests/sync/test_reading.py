"""The line that all batches of a worker share: it closes at whatever moment it is told to."""

import asyncio
from types import SimpleNamespace
from uuid import uuid4

import pytest

from hirocrm.sync import outcomes
from hirocrm.sync.reading import ReadingLine, Task

HANGING_SECONDS = 10.0


def known_batch(size=20):
    """A batch of conversations whose answers are known already."""
    readings = [SimpleNamespace(known=object()) for _ in range(size)]
    plan = SimpleNamespace(run_id=uuid4(), key=(), organization_id=uuid4())
    return Task(SimpleNamespace(pk=uuid4()), plan, readings)


class TestClose:
    @pytest.mark.parametrize("turns", range(12))
    async def test_ends_amid_answers_that_wait(self, monkeypatch, turns):
        """A run that is cancelled leaves answers behind that nobody waits for."""
        monkeypatch.setattr(outcomes, "record", lambda **written: True)
        line = ReadingLine(SimpleNamespace(saved=lambda place: None))
        reading = asyncio.create_task(line.read(known_batch()))
        for _ in range(turns):
            await asyncio.sleep(0)

        async with asyncio.timeout(HANGING_SECONDS):
            await line.close()

        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
