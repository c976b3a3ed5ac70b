"""The product's own web server on the test's database, and people with browsers.

Live news need an asynchronous server, so these tests start `hirocrm web` as it runs in production.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.log_guard import guard
from tests.web.conftest import browser as browser  # noqa: PLC0414  # a fixture, shared
from tests.web.conftest import shop as shop  # noqa: PLC0414  # a fixture, shared

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from hirocrm.organizations.models import Member
    from hirocrm.sandbox.server import SandboxServer

START_SECONDS = 60
PHONE = {"viewport": {"width": 360, "height": 760}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1440, "height": 900}}


@pytest.fixture(scope="session")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that holds what the web server prints: its mails, as long as no mail server is named."""
    return tmp_path_factory.mktemp("mails") / "printed"


@pytest.fixture(scope="session")
def vendors() -> "Iterator[SandboxServer]":
    """The stand-in for Meta and the AI's vendors that the web server asks."""
    from hirocrm.sandbox.server import SandboxServer

    with SandboxServer() as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def server(django_db_setup: None, mails: Path, vendors: "SandboxServer") -> Iterator[str]:
    """The address of a web server on the test's database."""
    from django.db import connection

    base = urlsplit(os.environ["DATABASE_URL"])
    url = base._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    settings = {
        "DATABASE_URL": url,
        "HIROCRM_BASE_URL": address,
        "HIROCRM_LOG_LEVEL": "debug",
        "GOOGLE_AI_BASE_URL": vendors.gemini_url,
    }
    command = [sys.executable, "-m", "hirocrm.cli", "web", "--port", str(port)]
    with guard.new_file().open("wb") as log, mails.open("wb") as printed:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", **settings}
        process = subprocess.Popen(command, env=environment, stdout=printed, stderr=log)
    try:
        _wait_until_ready(f"{address}/healthz", process)
        yield address
    finally:
        process.terminate()
        process.wait(15)


@pytest.fixture
def visit(server: str, browser: "Browser") -> "Iterator[Callable[..., Page]]":
    """Opens a page as a member, in a browser of their own: `visit(owner, "/board", phone=True)`. None: signed out."""
    opened: list[BrowserContext] = []
    faults: list[str] = []

    def visited(
        member: "Member | None", path: str, *, phone: bool = False, **options: Any
    ) -> "Page":
        chosen = {**(PHONE if phone else DESK), "reduced_motion": "reduce", **options}
        context = browser.new_context(**chosen)
        opened.append(context)
        if member is not None:
            context.add_cookies([_session(member, server)])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on(
            "console",
            lambda line: faults.append(line.text) if "Content Security" in line.text else None,
        )
        page.goto(server + path)
        return page

    yield visited
    for context in opened:
        context.close()
    assert faults == []


def _session(member: "Member", server: str) -> Any:
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(member.user)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": server}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(url, timeout=2):  # noqa: S310  # our own loopback address
                return
        except (URLError, OSError):
            time.sleep(0.1)
    pytest.fail("The web server didn't start.")
