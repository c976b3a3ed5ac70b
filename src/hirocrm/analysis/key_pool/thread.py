"""One thread with one database connection for the key pool, apart from Django's own async thread."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import Error as DatabaseError
from django.db import connection

T = TypeVar("T")


class DatabaseThread:
    """Runs short database work off the event loop, one piece after the other."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in the thread and return what it returns; a broken connection is let go of."""
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, lambda: _with_connection(work)
        )

    async def close(self) -> None:
        """Give the connection back and end the thread."""
        # In a lambda: `connection` is another object in every thread.
        await asyncio.get_running_loop().run_in_executor(
            self._executor,
            lambda: connection.close(),  # noqa: PLW0108  # see above
        )
        self._executor.shutdown(wait=False)


def _with_connection(work: Callable[[], T]) -> T:
    try:
        return work()
    except DatabaseError:
        connection.close()
        raise
