"""A stand-in Meta whose app the settings know, and a person's way through its dialog."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from hirocrm.sandbox.server import SandboxServer
from tests.stand_in import start_over

Consent = Callable[..., str]


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as running:
        yield running


@pytest.fixture
def sandbox(server, settings):
    """The server without Pages, and settings that lead to it."""
    start_over(server, settings)
    settings.BASE_URL = "http://testserver"
    return server


@pytest.fixture
def consent() -> Consent:
    """Posts the dialog's form; returns the path and query that the browser is sent back to."""

    def given(address: str, **fields: object) -> str:
        asked = parse_qs(urlsplit(address).query)
        form = {"answer": "yes", **fields}
        form |= {name: asked[name][0] for name in ("redirect_uri", "state")}
        if "scope" not in form and "scope" in asked:
            form["scope"] = asked["scope"][0].split(",")
        answer = httpx2.post(
            address.split("?", maxsplit=1)[0],
            content=urlencode(form, doseq=True),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        back = urlsplit(answer.headers["location"])
        return f"{back.path}?{back.query}"

    return given
