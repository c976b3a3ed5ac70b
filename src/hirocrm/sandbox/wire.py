"""The smallest HTTP/1.1 server that can also misbehave on purpose.

A handler is a plain function from `Request` to `Reply`; a reply may be late, cut in half or never
come. No framework: a benchmark shares two cores with this process, so a call must cost little.
"""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

REASONS = {
    100: "Continue",
    200: "OK",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    411: "Length Required",
    413: "Payload Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
_NAMED = re.compile(r'\b(name|filename)="([^"]*)"')
JSON_TYPE = "application/json; charset=UTF-8"


class Request:
    """One HTTP request, read as far as anyone asks."""

    __slots__ = ("_query", "body", "headers", "method", "path", "raw_query")

    def __init__(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        path, _, self.raw_query = target.partition("?")
        self.method = method
        self.path = unquote(path) if "%" in path else path
        self.headers = headers
        self.body = body
        self._query: dict[str, str] | None = None

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; the last of a repeated name counts."""
        if self._query is None:
            self._query = dict(parse_qsl(self.raw_query, keep_blank_values=True))
        return self._query

    @property
    def base_url(self) -> str:
        """This server's address as the caller wrote it."""
        return "http://" + self.headers.get("host", "127.0.0.1")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: it isn't JSON.
        """
        return json.loads(self.body or b"null")

    def fields(self) -> dict[str, Any]:
        """Query and body parameters together, whether the body is JSON or a form."""
        values: dict[str, Any] = dict(self.query)
        if self.headers.get("content-type", "").startswith("application/json"):
            body = self.json()
            values.update(body if isinstance(body, dict) else {})
        elif self.headers.get("content-type", "").startswith("multipart/form-data"):
            values.update({n: t.decode("utf-8", "replace") for n, f, t in self.parts() if not f})
        elif self.body:
            values.update(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        return values

    def parts(self) -> list[tuple[str, str, bytes]]:
        """The fields of a multipart form: name, file's name (none: a plain field), content."""
        boundary = self.headers.get("content-type", "").partition("boundary=")[2].strip('"')
        found = []
        for part in self.body.split(b"--" + boundary.encode())[1:-1]:
            head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            named = dict(_NAMED.findall(head.decode("utf-8", "replace")))
            name, file = named.get("name", ""), named.get("filename", "")
            found.append((name, file, content.removesuffix(b"\r\n")))
        return found


@dataclass(slots=True)
class Reply:
    """One HTTP answer. `delay_ms` makes it late; `wire` spoils it: "reset", "half" or "hang"."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: list[tuple[str, str]] = field(default_factory=list)
    delay_ms: float = 0
    wire: str = ""
    done: Callable[[], None] | None = None

    def to_bytes(self) -> bytes:
        """The status line, headers and body."""
        extra = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        head = (
            f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Status')}\r\n"
            f"content-type: {self.content_type}\r\ncontent-length: {len(self.body)}\r\n{extra}\r\n"
        )
        return head.encode("latin-1", "replace") + self.body


def json_reply(
    value: Any, status: int = 200, headers: list[tuple[str, str]] | None = None
) -> Reply:
    """A JSON answer, characters as they are."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(status, body, headers=headers or [])


def html_reply(text: str, status: int = 200) -> Reply:
    """An HTML answer: the login dialog, or a proxy's apology."""
    return Reply(status, text.encode(), content_type="text/html; charset=utf-8")


class Handler(Protocol):
    """What answers requests."""

    def handle(self, request: Request) -> Reply:
        """Answer one request; never raises."""


class HttpConnection(asyncio.Protocol):
    """One client connection: keep-alive, one request at a time, in order."""

    def __init__(self, handler: Handler, connections: set["HttpConnection"]) -> None:
        self._handler = handler
        self._connections = connections
        self._buffer = bytearray()
        self._busy = False
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the way back."""
        self._transport = transport  # type: ignore[assignment]  # create_server gives stream transports
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Forget a client that has gone."""
        self._connections.discard(self)
        self._buffer.clear()

    def close(self) -> None:
        """Hang up now."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Collect bytes and answer what is complete."""
        self._buffer += data
        self._answer_waiting()

    def _answer_waiting(self) -> None:
        while not self._busy:
            request = self._take_request()
            if request is None:
                return
            reply = self._handler.handle(request)
            if reply.delay_ms > 0:
                self._busy = True
                self._loop.call_later(reply.delay_ms / 1000, self._send_late, reply)
            else:
                self._send(reply)

    def _take_request(self) -> Request | None:
        """The next complete request, or None while bytes are missing."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if "chunked" in headers.get("transfer-encoding", ""):
            self._send(Reply(411, b"", headers=[("connection", "close")]))
            self.close()
            return None
        start, length = end + 4, int(headers.get("content-length", 0))
        if len(self._buffer) < start + length:
            self._encourage(headers)
            return None
        body = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        return Request(method, target, headers, body)

    def _encourage(self, headers: dict[str, str]) -> None:
        if headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _send_late(self, reply: Reply) -> None:
        self._busy = False
        self._send(reply)
        if self._buffer:
            self._answer_waiting()

    def _send(self, reply: Reply) -> None:
        if reply.done is not None:
            reply.done()
        transport = self._transport
        if transport is None or transport.is_closing() or reply.wire == "hang":
            return
        if reply.wire == "reset":
            transport.abort()
        elif reply.wire == "half":
            answer = reply.to_bytes()
            transport.write(answer[: len(answer) - max(1, len(reply.body) // 2)])
            transport.close()
        else:
            transport.write(reply.to_bytes())
