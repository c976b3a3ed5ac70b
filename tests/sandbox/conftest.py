"""One sandbox process for these tests, made clean before each."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from hirocrm.sandbox.server import SandboxServer

PAGE = "110000000000077"
INSTAGRAM = "17841400000000077"


@dataclass
class Answer:
    """An HTTP answer, its body read."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> int | None:
        return self.json["error"]["code"]


class Caller:
    """Speaks plain HTTP to one address."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url
        self.token = token

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
        sent = {"authorization": f"Bearer {self.token}"} if self.token else {}
        sent |= headers or {}
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if content is not None:
            sent.setdefault("content-type", "application/json")
        try:
            connection.request(
                method, path + (f"?{urlencode(query)}" if query else ""), content, sent
            )
            answer = connection.getresponse()
            return Answer(
                answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
            )
        finally:
            connection.close()

    def get(self, path: str, **query: Any) -> Answer:
        return self.ask("GET", path, **query)

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.ask("POST", path, body, **more)


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer("--rpm", "0") as running:
        yield running


@pytest.fixture
def sandbox(server: SandboxServer) -> SandboxServer:
    """The server with nothing in it but one Page with Instagram."""
    server.control.reset(data=True)
    server.gemini.accepts(None)
    server.graph.settings(
        details_limit=20, max_limit=0, requires_proof=False, usage={}, webhook_url=""
    )
    server.graph.add_page(
        PAGE, "Test Shop", instagram_id=INSTAGRAM, instagram_username="test.shop", token="PAGETOKEN"
    )
    return server


@pytest.fixture
def graph(sandbox: SandboxServer) -> Caller:
    return Caller(sandbox.graph_url, "PAGETOKEN")
