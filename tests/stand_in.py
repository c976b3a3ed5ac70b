"""A stand-in Meta between two tests."""

from typing import Any

from hirocrm.sandbox.server import SandboxServer


def start_over(server: SandboxServer, settings: Any) -> None:
    """Leave the server without Pages, and let the settings of the test lead to it."""
    server.control.reset(data=True)
    for name, value in server.settings.items():
        setattr(settings, name, value)
