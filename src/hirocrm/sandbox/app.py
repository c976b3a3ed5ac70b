"""The whole sandbox behind one port: which service a request is for, faults and the log around it."""

import asyncio
from typing import Protocol

from hirocrm.sandbox.control import Control
from hirocrm.sandbox.faults import Call, Fault, early_reply, spoil
from hirocrm.sandbox.graph.errors import graph_error
from hirocrm.sandbox.graph.instagram import PREFIX as INSTAGRAM_PREFIX
from hirocrm.sandbox.graph.instagram import InstagramService
from hirocrm.sandbox.graph.service import GraphService
from hirocrm.sandbox.llm.anthropic import AnthropicService
from hirocrm.sandbox.llm.openai import OpenAiService
from hirocrm.sandbox.media import picture
from hirocrm.sandbox.state import State
from hirocrm.sandbox.wire import HttpConnection, Reply, Request


class Service(Protocol):
    """One stand-in: it names a call, then answers it."""

    def identify(self, request: Request) -> Call:
        """Name the call."""

    def answer(self, request: Request, call: Call, faults: list[Fault]) -> Reply:
        """The reply to an identified call."""


class Sandbox:
    """All services and the control API, over one state."""

    def __init__(self) -> None:
        self.state = State()
        graph = GraphService(self.state.world)
        self._services: dict[str, Service] = {
            "graph": graph,
            "instagram": InstagramService(graph),
            "gemini": self.state.gemini,
            "openai": OpenAiService(),
            "anthropic": AnthropicService(),
        }
        self.control = Control(self.state)
        self._connections: set[HttpConnection] = set()

    def handle(self, request: Request) -> Reply:
        """Answer one request; a mistake of ours is a 500 that says so."""
        if request.path.startswith("/_control"):
            return self.control.handle(request)
        if request.path.startswith("/media/"):
            return picture(request.path)
        service = self._services[service_name(request)]
        call = service.identify(request)
        self.state.log.begin(call)
        faults = self.state.faults.striking(call)
        try:
            reply = early_reply(faults) or service.answer(request, call, faults)
        except Exception as exc:  # noqa: BLE001  # a bug here must not look like the product's
            reply = graph_error(1, f"The sandbox itself failed: {exc!r}")
        reply = spoil(reply, faults)
        reply.delay_ms += self.state.latency_ms[call.service]
        reply.done = lambda: self.state.log.end(call)
        self.state.log.record(call, 0 if reply.wire in {"reset", "hang"} else reply.status)
        return reply

    async def serve(self, *, host: str, port: int) -> asyncio.Server:
        """Start listening; the server's socket knows the port that was chosen."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            lambda: HttpConnection(self, self._connections), host, port, backlog=1024
        )

    async def close(self) -> None:
        """Hang up on everyone and end deliveries under way."""
        for connection in list(self._connections):
            connection.close()
        await self.state.close()


def service_name(request: Request) -> str:
    """The service a path belongs to; Graph has all that no other claims."""
    path = request.path
    if path.startswith(f"{INSTAGRAM_PREFIX}/"):
        return "instagram"
    if path.endswith("/chat/completions"):
        return "openai"
    if path == "/v1/messages":
        return "anthropic"
    if (
        path.startswith("/v1/models")
        and ":" not in path
        and "x-goog-api-key" not in request.headers
    ):
        return "anthropic" if "x-api-key" in request.headers else "openai"
    if path.startswith(("/v1beta/", "/v1/", "/v1alpha/")):
        return "gemini"
    return "graph"
