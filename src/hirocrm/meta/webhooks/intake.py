"""GET and POST /api/webhooks/facebook, as an ASGI application in front of Django.

Meta waits 5 seconds and disables a subscription that fails for an hour, so this does only what must come
first: check the signature over the raw bytes, put the delivery on the disk, answer 200. What it says is a
worker's business. Only who isn't Meta, or sends what isn't JSON, is refused; an odd shape never is.

Reference: https://developers.facebook.com/docs/messenger-platform/webhooks
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

import structlog

from hirocrm.meta.graph.signature import SIGNATURE_HEADER, find_signing_secret
from hirocrm.meta.webhooks.store import DeliveryStore, StoreUnavailable

log = structlog.get_logger(__name__)

PATH = "/api/webhooks/facebook"
BODY_BYTES = 4 * 1024 * 1024  # Meta batches up to 1,000 updates; 300 KB are on record
READ_SECONDS = 10.0
POURED_BYTES, POUR_SECONDS = 64 * 1024 * 1024, 5.0  # of a body that is too long
RETRY_AFTER_SECONDS = 5
_SIGNATURE = SIGNATURE_HEADER.lower().encode()

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Refused(Exception):
    """The request is answered with `status` and nothing of it is kept; `reason` is logged and answered."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Intake:
    """The route. `secrets` are the app secrets Meta may sign with, in the order that `WebhookDelivery.secret` counts."""

    def __init__(self, *, secrets: Sequence[str], verify_token: str) -> None:
        self._secrets = tuple(secrets)
        self._verify_token = verify_token
        self._stores: dict[asyncio.AbstractEventLoop, DeliveryStore] = {}

    @staticmethod
    def is_for(scope: Scope) -> bool:
        """Whether a request is for this route."""
        return bool(scope["type"] == "http" and scope["path"].rstrip("/") == PATH)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            status, body = HTTPStatus.OK, await self._answer(scope, receive)
        except Refused as refusal:
            status, body = refusal.status, refusal.reason.encode()
            log.warning("webhook.refused", status=int(status), reason=refusal.reason)
        await _send(send, status, body)

    async def close(self) -> None:
        """Hang up the running loop's connection to the database."""
        store = self._stores.pop(asyncio.get_running_loop(), None)
        if store is not None:
            await store.close()

    async def _answer(self, scope: Scope, receive: Receive) -> bytes:
        if scope["method"] == "GET":
            return self._verify(scope["query_string"])
        if scope["method"] != "POST":
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "GET and POST only")
        body = await _read(scope, receive)
        secret = find_signing_secret(body, _header(scope, _SIGNATURE), self._secrets)
        if secret is None:
            raise Refused(HTTPStatus.UNAUTHORIZED, self._why_unsigned(scope))
        _require_json(body)
        try:
            await self._store().add(body, secret)
        except StoreUnavailable as exc:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, str(exc)) from exc
        return b"EVENT_RECEIVED"

    def _verify(self, query: bytes) -> bytes:
        """The challenge, to whoever knows the verify token."""
        asked = parse_qs(query.decode("latin-1"), keep_blank_values=True)
        mode, token, challenge = (
            asked.get(f"hub.{name}", [""])[0] for name in ("mode", "verify_token", "challenge")
        )
        if not self._verify_token:
            raise Refused(HTTPStatus.FORBIDDEN, "FACEBOOK_WEBHOOK_VERIFY_TOKEN is not set")
        knows = hmac.compare_digest(token.encode(), self._verify_token.encode())
        if mode != "subscribe" or not knows or not challenge:
            raise Refused(HTTPStatus.FORBIDDEN, "the verify token doesn't match")
        log.info("webhook.verified")
        return challenge.encode()

    def _why_unsigned(self, scope: Scope) -> str:
        if not any(self._secrets):
            return "FACEBOOK_APP_SECRET is not set, so webhooks are off"
        if _header(scope, _SIGNATURE) is None:
            return "the signature is missing"
        return "the signature doesn't match"

    def _store(self) -> DeliveryStore:
        loop = asyncio.get_running_loop()
        store = self._stores.get(loop)
        if store is None:
            store = self._stores[loop] = DeliveryStore()
        return store


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key.lower() == name:
            return str(value.decode("latin-1"))
    return None


async def _read(scope: Scope, receive: Receive) -> bytes:
    """The raw body; of one that is too long no more is kept."""
    announced = _header(scope, b"content-length") or ""
    if announced.isdigit() and int(announced) > BODY_BYTES:
        await _pour_away(receive)
        raise _too_long()
    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refused(HTTPStatus.BAD_REQUEST, "the sender hung up")
                body += message.get("body", b"")
                if len(body) > BODY_BYTES:
                    await _pour_away(receive)
                    raise _too_long()
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError as exc:
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, "the body didn't come") from exc


async def _pour_away(receive: Receive) -> None:
    """Let the sender finish, within bounds: many read no answer while they still write, and see a broken pipe."""
    poured, more = 0, True
    with suppress(TimeoutError):
        async with asyncio.timeout(POUR_SECONDS):
            while more and poured < POURED_BYTES:
                message = await receive()
                poured += len(message.get("body", b""))
                more = bool(message.get("more_body", False))


def _too_long() -> Refused:
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {BODY_BYTES} bytes")


def _require_json(body: bytes) -> None:
    try:
        json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise Refused(HTTPStatus.BAD_REQUEST, "the body isn't JSON") from exc


async def _send(send: Send, status: HTTPStatus, body: bytes) -> None:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", str(RETRY_AFTER_SECONDS).encode()))
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append((b"allow", b"GET, POST"))
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
