"""`hirocrm worker`: the process that does the jobs."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer

_NEW_OBJECTS_BEFORE_COLLECTION = 20_000
_HARD_STOP_SECONDS = (
    7.0  # after the request to stop; jobs cut off then are rescued by the next worker
)


def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=200, help="Jobs at a time.")] = 16,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Apply missing migrations first.")
    ] = False,
    parent: Annotated[int, typer.Option(hidden=True)] = 0,
) -> None:
    """Do the background jobs: syncs, analyses, webhooks (`hirocrm up` does this too)."""
    from hirocrm.cli.connection import database, set_up_django
    from hirocrm.cli.lifeline import end_with_parent

    if parent:
        end_with_parent(parent)
    _one_thread_for_arithmetic()
    _take_turns_often()
    with database():
        set_up_django()
        if migrate:
            _migrate_or_exit()
        _load_what_will_be_needed()
        _spare_the_collector()
        _runner()(_work_until_signal(concurrency))


def _runner() -> Callable[[Coroutine[Any, Any, None]], None]:
    """The fast event loop where there is one: the sockets of 64 calls in flight cost it a fifth less CPU."""
    try:
        import uvloop
    except ImportError:
        import asyncio

        return asyncio.run
    return uvloop.run


def _one_thread_for_arithmetic() -> None:
    """Keep numpy from starting a thread per core for matrices too small to share out (three times the CPU)."""
    import os

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # noqa: TID251  # numpy's own switch, before its import


def _take_turns_often() -> None:
    """Let a thread back from the database wait half a millisecond for its turn, not five (a sync takes 4% less)."""
    import sys

    sys.setswitchinterval(0.0005)


def _load_what_will_be_needed() -> None:
    from hirocrm.analysis import engine
    from hirocrm.analysis.key_pool import keyring
    from hirocrm.meta.graph import transport

    transport.load_libraries()
    if any(keyring.environment_secrets(vendor) for vendor in keyring.VENDORS):
        engine.load_libraries()


def _spare_the_collector() -> None:
    """Look for garbage cycles less often: by default a page of conversations alone causes hundreds of looks."""
    import gc

    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS_BEFORE_COLLECTION, 20, 20)


def _migrate_or_exit() -> None:
    """Migrate; what can't be helped by trying again ends the process with a sentence."""
    import sys

    from django.db import ProgrammingError

    from hirocrm.cli.children import EXIT_HOPELESS
    from hirocrm.config.migrating import apply_migrations

    try:
        apply_migrations()
    except (ProgrammingError, OSError) as exc:
        first_line = str(exc).strip().split("\n", 1)[0]
        print(f"hirocrm: The migrations can't be applied ({first_line}).", file=sys.stderr)
        sys.exit(EXIT_HOPELESS)


async def _work_until_signal(concurrency: int) -> None:
    import asyncio
    import signal

    from hirocrm.cli.lifeline import end_after
    from hirocrm.core.worker import Stop, work

    stop = Stop()

    def stop_soon() -> None:
        end_after(_HARD_STOP_SECONDS)
        stop.request()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop_soon)
    await work(concurrency=concurrency, stop=stop)
