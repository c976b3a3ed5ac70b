"""Deliveries onto the disk: those that arrive together go in one statement, whose commit all of them wait for.

One connection of its own per process, outside Django's pool. While one group is being written the next
gathers, so a slow disk makes groups larger, not answers rarer. Figures: docs/decisions/0017-webhook-intake.md
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
import structlog

from hirocrm.core.connections import own_connection_params

log = structlog.get_logger(__name__)

GROUP_ROWS = 500
GROUP_BYTES = 8 * 1024 * 1024
WAITING_BYTES = 64 * 1024 * 1024  # of all that wait; more is refused, and Meta tries again
WRITE_SECONDS = 4.0  # Meta waits 5 s for an answer
CONNECT_SECONDS = 2
# Rows and the job that will take them commit together. The conflict is with a job that waits already.
# The trigger on procrastinate's table announces the new one.
_STORE = """
WITH stored AS (
    INSERT INTO meta_webhookdelivery (body, secret) SELECT * FROM unnest(%b::bytea[], %b::smallint[])
)
INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args)
VALUES ('webhooks', 'webhooks.take_deliveries', 0, 'webhooks', 'webhooks', '{}')
ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
"""
# As `gaps.ask_for_repair`; a moment later, so that what Meta sends again by itself is here by then.
_ASK_FOR_REPAIR = """
INSERT INTO procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args, scheduled_at)
VALUES ('webhooks', 'webhooks.repair_gaps', 0, 'webhooks.repair_gaps', '{}', now() + interval '30 s')
ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
"""
ASK_SECONDS = 5.0


class StoreUnavailable(Exception):
    """The delivery isn't on the disk: it must not be acknowledged."""


@dataclass(slots=True, eq=False)
class _Waiting:
    body: bytes
    secret: int
    written: "asyncio.Future[None]" = field(repr=False)


class DeliveryStore:
    """Writes deliveries for one event loop."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._asker: asyncio.Task[None] | None = None

    async def add(self, body: bytes, secret: int) -> None:
        """Return when the delivery is on the disk.

        Raises:
            StoreUnavailable: it may not be there: the database is away or too slow, or too much waits.
        """
        try:
            await self._add(body, secret)
        except StoreUnavailable:  # Meta gives up after a few tries: what was lost is looked for
            if self._asker is None or self._asker.done():
                self._asker = asyncio.create_task(_ask_for_repair())
            raise

    async def _add(self, body: bytes, secret: int) -> None:
        if self._waiting_bytes + len(body) > WAITING_BYTES:
            raise StoreUnavailable("too many deliveries wait")
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_forever())
        waiting = _Waiting(body, secret, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._waiting_bytes += len(body)
        self._arrived.set()
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                await waiting.written
        except TimeoutError as exc:
            raise StoreUnavailable("the database is too slow") from exc

    async def close(self) -> None:
        """Stop writing; nobody waits any more."""
        tasks = [task for task in (self._writer, self._asker) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._disconnect()

    async def _write_forever(self) -> None:
        while True:
            await self._arrived.wait()
            group = self._take_group()
            try:
                await self._write(group)
            except (psycopg.Error, OSError, TimeoutError) as exc:
                log.warning("webhook.not_stored", error=type(exc).__name__, deliveries=len(group))
                _settle(group, StoreUnavailable("the database can't be reached"))
                await self._disconnect()
            except Exception:  # a fault of ours: whoever waits must learn that nothing is stored
                log.exception("webhook.store_failed", deliveries=len(group))
                _settle(group, StoreUnavailable("HiroCRM failed here"))
                await self._disconnect()
            else:
                _settle(group, None)

    def _take_group(self) -> Sequence[_Waiting]:
        """The oldest of those whose sender still waits for an answer."""
        group: list[_Waiting] = []
        size = taken = 0
        for waiting in self._waiting:
            if len(group) == GROUP_ROWS or (group and size + len(waiting.body) > GROUP_BYTES):
                break
            taken += 1
            self._waiting_bytes -= len(waiting.body)
            if not waiting.written.done():
                group.append(waiting)
                size += len(waiting.body)
        del self._waiting[:taken]
        if not self._waiting:
            self._arrived.clear()
        return group

    async def _write(self, group: Sequence[_Waiting]) -> None:
        if not group:
            return
        async with asyncio.timeout(WRITE_SECONDS):
            connection = await self._connect()
            await connection.execute(
                _STORE, [[waiting.body for waiting in group], [waiting.secret for waiting in group]]
            )

    async def _connect(self) -> "psycopg.AsyncConnection[Any]":
        if self._connection is None:
            connection = await _open()
            # An acknowledged delivery is on the disk, whatever the server's default.
            await connection.execute("SET synchronous_commit TO on")
            self._connection = connection
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


async def _open() -> "psycopg.AsyncConnection[Any]":
    params = {**own_connection_params(), "connect_timeout": CONNECT_SECONDS, "autocommit": True}
    return await psycopg.AsyncConnection.connect(**params)


async def _ask_for_repair() -> None:
    """Have a worker look for what couldn't be stored, as soon as the database is back."""
    while True:
        await asyncio.sleep(ASK_SECONDS)
        try:
            async with asyncio.timeout(WRITE_SECONDS), await _open() as connection:
                await connection.execute(_ASK_FOR_REPAIR)
        except (psycopg.Error, OSError, TimeoutError):
            continue
        log.info("webhook.repair_asked_for")
        return


def _settle(group: Sequence[_Waiting], error: Exception | None) -> None:
    for waiting in group:
        if waiting.written.done():
            continue
        if error is None:
            waiting.written.set_result(None)
        else:
            waiting.written.set_exception(error)
