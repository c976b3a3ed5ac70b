"""Asking Meta for single messages, one after another: the walk that whoever asks has in common."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from hirocrm.core import clock
from hirocrm.core.errors import UpstreamRateLimited, UpstreamUnauthorized
from hirocrm.core.threads import in_thread
from hirocrm.meta import health
from hirocrm.meta.connections import open_graph
from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.graph.pace import CallPace
from hirocrm.meta.models import Page

CALLS_PER_SECOND = 1.0

W = TypeVar("W")
A = TypeVar("A")


async def ask_each(
    page: Page,
    wanted: Sequence[W],
    *,
    ask: Callable[[GraphClient, W], Awaitable[A]],
    take: Callable[[Page, W, A, datetime], None],
) -> None:
    """Ask for each and write its answer, gently; a token that is refused ends it, and is its Page's trouble.

    Raises:
        UpstreamUnavailable: Meta couldn't be asked; what is left stays for the next time.
        UpstreamRateLimited: Meta asked for patience; the same.
    """
    pace = CallPace(calls_per_second=CALLS_PER_SECOND, burst=1)
    async with open_graph(page) as graph:
        for one in wanted:
            await pace.wait_turn()
            try:
                answer = await ask(graph, one)
            except (UpstreamUnauthorized, UpstreamRateLimited) as refusal:
                await in_thread(health.note_trouble, page=page, error=refusal, now=clock.now())
                if isinstance(refusal, UpstreamUnauthorized):
                    return
                raise
            await in_thread(take, page, one, answer, clock.now())
