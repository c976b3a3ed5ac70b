"""A worker process of the tests: analyses COUNT conversations and prints how each ended, as JSON."""

import asyncio
import json
import sys
from collections import Counter
from uuid import UUID

import django

django.setup()

from hirocrm.analysis.engine import Analyst  # noqa: E402  # needs Django
from hirocrm.core.errors import HiroError  # noqa: E402
from tests.analysis.requests import conversation  # noqa: E402


async def main(organization_id: UUID, count: int) -> None:
    outcomes: Counter[str] = Counter()
    async with Analyst() as analyst:

        async def one(number: int) -> None:
            try:
                await analyst.analyse(
                    conversation(f"Magkano po? {number}", "450 po"), organization_id=organization_id
                )
                outcomes["answered"] += 1
            except HiroError as error:
                outcomes[error.sentence] += 1

        await asyncio.gather(*(one(number) for number in range(count)))
    print(json.dumps(outcomes))


asyncio.run(main(UUID(sys.argv[1]), int(sys.argv[2])))
