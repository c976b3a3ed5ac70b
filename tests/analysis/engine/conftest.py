"""Connections of the threads that asynchronous tests used are closed, so that the database can be dropped."""

from collections.abc import AsyncIterator

import pytest


@pytest.fixture(autouse=True)
async def closed_connections() -> AsyncIterator[None]:
    """Close what `sync_to_async` opened."""
    from asgiref.sync import sync_to_async
    from django.db import connections

    yield
    await sync_to_async(connections.close_all)()
