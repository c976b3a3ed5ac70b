"""From async code to the ORM and back: one hop to a thread, whose connection returns to the pool."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connection

P = ParamSpec("P")
R = TypeVar("R")
DATABASE_THREADS = 6


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(DATABASE_THREADS, thread_name_prefix="database")


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run database work of a job beside the event loop.

    Django's `sync_to_async` would run all of a worker's jobs through one thread.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_pool(), partial(_run, function, *args, **kwargs))


def _run(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    close_old_connections()
    try:
        return function(*args, **kwargs)
    finally:
        connection.close()  # back to the pool: an idle thread holds no connection
