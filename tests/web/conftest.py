"""Chromium, for the tests that need a browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client
    from playwright.sync_api import Browser

    from hirocrm.organizations.models import Member
    from tests.web.shops import Shop

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """The system's Chromium; without one the test is skipped, but never under CI.

    Playwright's synchronous API keeps an event loop running in this thread, which Django would take
    for asynchronous code and refuse; it is closed again after each module, so other tests keep that guard.
    """
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI has no Chromium: install the package chromium.")
        pytest.skip("No Chromium here: install the package chromium to run the browser tests.")
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def sign_in() -> "Callable[[Member], Client]":
    """Makes a browser of Django's in which the member is signed in."""
    from django.test import Client

    def signed_in(member: "Member") -> Client:
        client = Client()
        client.force_login(member.user)
        return client

    return signed_in


@pytest.fixture
def shop(owner: "Member") -> "Shop":
    """The owner's shop."""
    from tests.web.shops import make_shop

    return make_shop(owner)
