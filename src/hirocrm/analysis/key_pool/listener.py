"""Hearing at once what other processes learned of a key, so that nobody asks a resting one meanwhile."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import structlog
from django.db import connection

from hirocrm.analysis.key_pool import news
from hirocrm.analysis.key_pool.news import KeyNews

log = structlog.get_logger(__name__)

RECONNECT_SECONDS = 2.0


async def listen(hear: Callable[[KeyNews], None]) -> None:
    """Call `hear` with all news until cancelled. Without a database it keeps trying: leases are short."""
    while True:
        try:
            await _listen_once(hear)
        except psycopg.Error as exc:
            log.info("key_pool.listener_lost", error=type(exc).__name__)
        await asyncio.sleep(RECONNECT_SECONDS)


async def _listen_once(hear: Callable[[KeyNews], None]) -> None:
    async with await psycopg.AsyncConnection.connect(**_parameters(), autocommit=True) as conn:
        await conn.execute(f"LISTEN {news.CHANNEL}")
        async for notification in conn.notifies():
            heard = news.read(notification.payload)
            if heard:
                hear(heard)


def _parameters() -> dict[str, Any]:
    """Return Django's connection parameters without what belongs to its own connections."""
    own = {"cursor_factory", "context", "prepare_threshold", "pool", "server_side_binding"}
    return {
        name: value for name, value in connection.get_connection_params().items() if name not in own
    }
