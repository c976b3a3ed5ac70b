"""What the stand-ins know and how they are set: the one thing that services and control API share."""

import asyncio
import contextlib
from typing import Any

from hirocrm.sandbox.calls import CallLog
from hirocrm.sandbox.faults import FaultBook
from hirocrm.sandbox.graph.webhooks import deliver, encode
from hirocrm.sandbox.graph.world import World
from hirocrm.sandbox.llm.gemini import GeminiService

SERVICES = ("graph", "gemini", "openai", "anthropic")


class State:
    """Pages and conversations, faults in force, latencies, the call log, and webhooks on their way."""

    def __init__(self) -> None:
        self.world = World()
        self.world.deliver = self._deliver
        self.gemini = GeminiService()
        self.faults = FaultBook()
        self.log = CallLog()
        self.latency_ms: dict[str, float] = dict.fromkeys(SERVICES, 0.0)
        self.deliveries: list[dict[str, Any]] = []
        self._tasks: set[asyncio.Task[None]] = set()

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

    async def close(self) -> None:
        """End deliveries under way."""
        for task in list(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
