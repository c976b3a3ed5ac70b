"""A stand-in Meta with its app, as the settings of an install know it."""

import pytest

from hirocrm.sandbox.server import SandboxServer


@pytest.fixture(scope="module")
def server():
    with SandboxServer("--page-id", "110000000000099") as running:
        yield running


@pytest.fixture
def sandbox(server, settings):
    """The server without Pages, and settings that lead to it."""
    server.control.reset(data=True)
    for name, value in server.settings.items():
        setattr(settings, name, value)
    settings.BASE_URL = "https://crm.example"
    return server
