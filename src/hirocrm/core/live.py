"""Listening to `core.events`: one LISTEN connection a process, fanned out to all who wait for news.

The connection lives in a thread of its own, which starts with the first subscriber and ends soon after
the last one left. Subscribers may be on any event loop. News is a hint, never the truth: whoever gets
it asks the database. After a lost connection every subscriber gets `RESYNC`, as something may have been
missed.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
import structlog

from hirocrm.core.connections import own_connection_params
from hirocrm.core.events import CHANNEL

log = structlog.get_logger(__name__)

LISTEN_SECONDS = 1.0  # how often the thread looks whether anyone still listens
RECONNECT_SECONDS = 1.0
QUEUE_SIZE = 1_000  # of one subscriber; a slow one gets RESYNC in place of what overflows

News = dict[str, Any]
RESYNC: News = {"kind": "resync"}


@dataclass(eq=False, slots=True)
class Subscription:
    """One listener's queue of news about its organization."""

    organization_id: UUID
    loop: asyncio.AbstractEventLoop
    queue: "asyncio.Queue[News]" = field(default_factory=lambda: asyncio.Queue(QUEUE_SIZE))

    async def next(self, timeout_seconds: float) -> News | None:
        """The next piece of news, or None when the time is up."""
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self.queue.get()
        except TimeoutError:
            return None

    async def rest(self, seconds: float) -> None:
        """Wait a little and forget the news of that time, where one look at the database answers all of it."""
        await asyncio.sleep(seconds)
        while not self.queue.empty():
            self.queue.get_nowait()

    def put(self, news: News) -> None:
        """Hand over news; runs on the subscriber's own loop."""
        if self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            news = RESYNC
        self.queue.put_nowait(news)


class Listener:
    """Holds the subscriptions of a process and the thread that listens for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: set[Subscription] = set()
        self._thread: threading.Thread | None = None

    @asynccontextmanager
    async def subscribe(self, *, organization_id: UUID) -> AsyncIterator[Subscription]:
        """News of one organization, from when the block is entered to when it is left."""
        subscription = Subscription(organization_id, asyncio.get_running_loop())
        ready = self._add(subscription)
        try:
            # What happens before the LISTEN stands would be missed, so wait for it (not for ever:
            # with the database away, the subscriber must still get its RESYNC later).
            await asyncio.to_thread(ready.wait, 5.0)
            yield subscription
        finally:
            with self._lock:
                self._subscriptions.discard(subscription)

    def _add(self, subscription: Subscription) -> threading.Event:
        with self._lock:
            self._subscriptions.add(subscription)
            if self._thread is None:
                self._ready = threading.Event()
                self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
                self._thread.start()
            return self._ready

    def _run(self) -> None:
        connect = _connector()
        while not self._may_end():
            try:
                self._listen(connect)
            except psycopg.Error as exc:
                log.warning("listener.disconnected", error=type(exc).__name__)
                threading.Event().wait(RECONNECT_SECONDS)

    def _may_end(self) -> bool:
        """Whether nobody listens any more; the decision and its consequence are one step."""
        with self._lock:
            if self._subscriptions:
                return False
            self._thread = None
            return True

    def _listen(self, connect: Callable[[], "psycopg.Connection[Any]"]) -> None:
        with connect() as listening:
            listening.execute(f"LISTEN {CHANNEL}")
            if self._ready.is_set():  # it listened before, so something may have been missed since
                self._hand_out(RESYNC)
            self._ready.set()
            while self._subscriptions:
                for notice in listening.notifies(timeout=LISTEN_SECONDS):
                    self._hand_out(json.loads(notice.payload))

    def _hand_out(self, news: News) -> None:
        with self._lock:
            wanting = [
                subscription
                for subscription in self._subscriptions
                if news is RESYNC or news.get("organization") == str(subscription.organization_id)
            ]
        for subscription in wanting:
            try:
                subscription.loop.call_soon_threadsafe(subscription.put, news)
            except RuntimeError:  # its loop has ended; it will be discarded by its own block
                log.debug("listener.loop_closed")


def _connector() -> Callable[[], "psycopg.Connection[Any]"]:
    params = own_connection_params()
    return lambda: psycopg.connect(**params, autocommit=True)


listener = Listener()
