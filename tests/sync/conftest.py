"""The stand-in Meta that syncs read from: one for a file, without Pages at the start of each test."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hirocrm.sandbox.server import SandboxServer


@pytest.fixture(scope="module")
def server() -> "Iterator[SandboxServer]":
    from hirocrm.sandbox.server import SandboxServer

    with SandboxServer() as running:
        yield running


@pytest.fixture
def sandbox(server: "SandboxServer", settings: Any) -> "SandboxServer":
    from tests.stand_in import start_over

    start_over(server, settings)
    return server
