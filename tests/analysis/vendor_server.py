"""A scripted LLM vendor on loopback: real HTTP, answers told in advance, requests kept to look at."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Answer:
    """What to answer: a JSON value or raw text, after `delay` seconds; `hang_up` closes instead."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    hang_up: bool = False


class Vendor:
    """Answers in order; the last answer is repeated. `decide` overrules the script per request."""

    def __init__(self, *answers: Answer, decide: Callable[[Seen], Answer] | None = None) -> None:
        self.answers = list(answers)
        self.decide = decide
        self.seen: list[Seen] = []
        self.url = ""
        self.at_once = 0
        self.most_at_once = 0

    def next_answer(self, seen: Seen) -> Answer:
        self.seen.append(seen)
        if self.decide:
            return self.decide(seen)
        return self.answers[min(len(self.seen), len(self.answers)) - 1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        answer = self.next_answer(Seen(method, path, headers, json.loads(raw) if raw else None))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(answer.delay)
        finally:
            self.at_once -= 1
        if answer.hang_up:
            return False
        text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        payload = text.encode()
        lines = [f"HTTP/1.1 {answer.status} X", f"content-length: {len(payload)}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + payload)
        await writer.drain()
        return True


@asynccontextmanager
async def running(vendor: Vendor) -> AsyncIterator[Vendor]:
    server = await asyncio.start_server(vendor.serve, "127.0.0.1", 0)
    vendor.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield vendor
    finally:
        server.close()
