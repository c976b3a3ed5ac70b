"""A stand-in Meta with its app, as the settings of an install know it."""

import pytest

from hirocrm.sandbox.server import SandboxServer
from tests.stand_in import start_over


@pytest.fixture(scope="module")
def server():
    with SandboxServer("--page-id", "110000000000099") as running:
        yield running


@pytest.fixture
def sandbox(server, settings):
    """The server without Pages, and settings that lead to it."""
    start_over(server, settings)
    settings.BASE_URL = "https://crm.example"
    return server
