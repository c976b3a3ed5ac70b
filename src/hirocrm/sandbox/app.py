"""The whole sandbox behind one port: which service a request is for, faults and the log around it."""

import asyncio
import contextlib
from typing import Any, Protocol

from hirocrm.sandbox.calls import CallLog
from hirocrm.sandbox.control import Control
from hirocrm.sandbox.faults import Call, Fault, FaultBook, early_reply, spoil
from hirocrm.sandbox.graph.errors import graph_error
from hirocrm.sandbox.graph.instagram import PREFIX as INSTAGRAM_PREFIX
from hirocrm.sandbox.graph.instagram import InstagramService
from hirocrm.sandbox.graph.service import GraphService
from hirocrm.sandbox.graph.webhooks import deliver, encode
from hirocrm.sandbox.graph.world import World
from hirocrm.sandbox.llm.anthropic import AnthropicService
from hirocrm.sandbox.llm.gemini import GeminiService
from hirocrm.sandbox.llm.openai import OpenAiService
from hirocrm.sandbox.media import picture
from hirocrm.sandbox.wire import HttpConnection, Reply, Request

SERVICES = ("graph", "gemini", "openai", "anthropic")


class Service(Protocol):
    """One stand-in: it names a call, then answers it."""

    def identify(self, request: Request) -> Call:
        """Name the call."""

    def answer(self, request: Request, call: Call, faults: list[Fault]) -> Reply:
        """The reply to an identified call."""


class Sandbox:
    """All services, their faults, their log, and the control API over them."""

    def __init__(self) -> None:
        self.world = World()
        self.world.deliver = self._deliver
        self.gemini = GeminiService()
        self.faults = FaultBook()
        self.log = CallLog()
        self.latency_ms: dict[str, float] = dict.fromkeys(SERVICES, 0.0)
        self.deliveries: list[dict[str, Any]] = []
        graph = GraphService(self.world)
        self._services: dict[str, Service] = {
            "graph": graph,
            "instagram": InstagramService(graph),
            "gemini": self.gemini,
            "openai": OpenAiService(),
            "anthropic": AnthropicService(),
        }
        self._control = Control(self)
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: set[HttpConnection] = set()

    def handle(self, request: Request) -> Reply:
        """Answer one request; a mistake of ours is a 500 that says so."""
        if request.path.startswith("/_control"):
            return self._control.handle(request)
        if request.path.startswith("/media/"):
            return picture(request.path)
        service = self._services[service_name(request)]
        call = service.identify(request)
        self.log.begin(call)
        faults = self.faults.striking(call)
        try:
            reply = early_reply(faults) or service.answer(request, call, faults)
        except Exception as exc:  # noqa: BLE001  # a bug here must not look like the product's
            reply = graph_error(1, f"The sandbox itself failed: {exc!r}")
        reply = spoil(reply, faults)
        reply.delay_ms += self.latency_ms[call.service]
        reply.done = lambda: self.log.end(call)
        self.log.record(call, 0 if reply.wire in {"reset", "hang"} else reply.status)
        return reply

    def post_webhook(self, body: bytes, *, signed: bool = True, by_instagram: bool = False) -> None:
        """Deliver a webhook body in the background, signed with the app's or the Instagram app's secret."""
        book = self.world.tokens
        secret = book.instagram_app_secret if by_instagram else book.app_secret
        secret = secret if signed else "not-the-secret"
        task = asyncio.ensure_future(self._post_webhook(body, secret))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post_webhook(self, body: bytes, secret: str) -> None:
        url = self.world.settings.webhook_url
        status = await deliver(url, body, secret=secret)
        self.deliveries.append({"body": body.decode("utf-8", "replace"), "status": status})

    def _deliver(self, event: dict[str, Any], *, by_instagram: bool) -> None:
        self.post_webhook(encode(event), by_instagram=by_instagram)

    def state(self) -> dict[str, Any]:
        """What there is, and how it is set."""
        return self._control.state()

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
        for task in list(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


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
