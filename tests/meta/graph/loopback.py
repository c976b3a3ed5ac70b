"""A tiny HTTP server on loopback that answers from a script and remembers what was asked."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    target: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What to answer. `cut_after` closes the connection after so many bytes of the body."""

    content: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut_after: int | None = None
    delay_seconds: float = 0.0


Handler = Callable[[Asked], Reply]


def error(code: int | None, subcode: int | None = None, *, status: int = 400, **more: Any) -> Reply:
    """Meta's error envelope."""
    headers = more.pop("headers", {})
    envelope = {"message": "Refused.", "type": "OAuthException", "code": code, **more}
    if subcode is not None:
        envelope["error_subcode"] = subcode
    return Reply({"error": envelope}, status=status, headers=headers)


def reduce_data() -> Reply:
    sentence = "Please reduce the amount of data you're asking for, then retry your request"
    return error(1, status=500, message=sentence)


class Loopback:
    """Answers each request with the next reply of `script`, or with what `handler` makes of it."""

    def __init__(
        self, *, script: list[Reply] | None = None, handler: Handler | None = None
    ) -> None:
        self.script = script or []
        self.handler = handler
        self.asked: list[Asked] = []
        self._connections: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in list(self._connections):
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while (asked := await _read(reader)) is not None:
                self.asked.append(asked)
                if not await _write(writer, self._answer(asked)):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections.discard(writer)
            writer.close()

    def _answer(self, asked: Asked) -> Reply:
        if self.script:
            return self.script.pop(0)
        assert self.handler is not None, f"nothing is scripted for {asked.target}"
        return self.handler(asked)


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    line = await reader.readline()
    if not line:
        return None
    method, target, _ = line.decode().split()
    headers: dict[str, str] = {}
    while (header := (await reader.readline()).decode().strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    return Asked(method, target, parts.path, dict(parse_qsl(parts.query)), headers, body)


async def _write(writer: asyncio.StreamWriter, reply: Reply) -> bool:
    """Whether the connection stays open."""
    if reply.delay_seconds:
        await asyncio.sleep(reply.delay_seconds)
    body = reply.body if reply.body is not None else json.dumps(reply.content).encode()
    head = [f"HTTP/1.1 {reply.status} Reply", f"Content-Length: {len(body)}"]
    head += [f"{name}: {value}" for name, value in reply.headers.items()]
    writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body[: reply.cut_after])
    await writer.drain()
    return reply.cut_after is None
