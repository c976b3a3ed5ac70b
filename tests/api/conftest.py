"""Clients that speak to the API over Django's own request handling, each with a token."""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hirocrm.organizations.models import Member
    from tests.api.client import ApiClient


@pytest.fixture
def client_of(now: Any) -> "Callable[..., ApiClient]":
    """Makes a client that acts as a member, with a token of the given scopes."""
    from tests.api.client import ApiClient

    def make(member: "Member", *scopes: str) -> ApiClient:
        return ApiClient.of(member, scopes or ("admin",), now)

    return make


@pytest.fixture
def api(owner: "Member", client_of: "Callable[..., ApiClient]") -> "ApiClient":
    """The owner's client."""
    return client_of(owner)


@pytest.fixture
async def thread_connections_closed() -> AsyncIterator[None]:
    """Gives back what an asynchronous request's thread holds, or the test database can't be dropped."""
    from asgiref.sync import sync_to_async
    from django.db import connections

    yield
    await sync_to_async(connections.close_all)()
