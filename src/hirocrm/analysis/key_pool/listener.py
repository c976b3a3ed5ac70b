"""Hearing at once what other processes learned of a key, so that nobody asks a resting one meanwhile."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog
from django.db import connection

log = structlog.get_logger(__name__)

RECONNECT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class KeyNews:
    """Which slices to give up; without a provider, only that something changed."""

    provider: str = ""
    budget_id: str = ""
    model: str = ""
    key_id: str = ""


async def listen(channel: str, hear: Callable[[KeyNews], None]) -> None:
    """Call `hear` with all news until cancelled. Without a database it keeps trying: leases are short."""
    while True:
        try:
            await _listen_once(channel, hear)
        except psycopg.Error as exc:
            log.info("key_pool.listener_lost", error=type(exc).__name__)
        await asyncio.sleep(RECONNECT_SECONDS)


async def _listen_once(channel: str, hear: Callable[[KeyNews], None]) -> None:
    async with await psycopg.AsyncConnection.connect(**_parameters(), autocommit=True) as conn:
        await conn.execute(f"LISTEN {channel}")
        async for notification in conn.notifies():
            news = _read(notification.payload)
            if news:
                hear(news)


def _read(payload: str) -> KeyNews | None:
    try:
        data = json.loads(payload)
        return KeyNews(data["provider"], data["budget"], data["model"], data["key"])
    except (ValueError, KeyError, TypeError):
        return None


def _parameters() -> dict[str, Any]:
    """Return Django's connection parameters without what belongs to its own connections."""
    own = {"cursor_factory", "context", "prepare_threshold", "pool", "server_side_binding"}
    return {
        name: value for name, value in connection.get_connection_params().items() if name not in own
    }
