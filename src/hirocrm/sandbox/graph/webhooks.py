"""Webhook deliveries: built as Meta builds them, signed over the very bytes that are sent."""

import asyncio
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlsplit

from hirocrm.sandbox.graph.shapes import BUSINESS, INSTAGRAM, Conversation, Message, Page

DELIVERY_SECONDS = 5.0


def message_event(
    page: Page, thread: Conversation, message: Message, *, app_id: str, metadata: str | None = None
) -> dict[str, Any]:
    """The delivery that tells of one message, an echo when the business wrote it."""
    business, customer = page.business_id(thread.platform), thread.customer_id
    is_echo = message.sender == BUSINESS
    body: dict[str, Any] = {"mid": message.id}
    if message.text:
        body["text"] = message.text
    if attachments := _attachments(message):
        body["attachments"] = attachments
    if is_echo:
        body["is_echo"] = True
        if thread.platform != INSTAGRAM:
            body |= {"app_id": int(app_id)} | ({"metadata": metadata} if metadata else {})
    item = {
        "sender": {"id": business if is_echo else customer},
        "recipient": {"id": customer if is_echo else business},
        "timestamp": message.created_ms, "message": body,
    }  # fmt: skip
    kind = "instagram" if thread.platform == INSTAGRAM else "page"
    entry = {"id": business, "time": message.created_ms + 500, "messaging": [item]}
    return {"object": kind, "entry": [entry]}


def _attachments(message: Message) -> list[dict[str, Any]]:
    if "sticker" in message.extras:
        payload = {"url": message.extras["sticker"], "sticker_id": 369239263222822}
        return [{"type": "sticker", "payload": payload}]
    found = []
    for item in message.extras.get("attachments", {}).get("data", ()):
        kind = next((k for k in ("image", "video") if f"{k}_data" in item), "")
        url = item[f"{kind}_data"]["url"] if kind else item.get("file_url", "")
        is_audio = str(item.get("mime_type", "")).startswith("audio")
        found.append({"type": kind or ("audio" if is_audio else "file"), "payload": {"url": url}})
    return found


def encode(event: dict[str, Any]) -> bytes:
    r"""The body as Meta sends it: non-ASCII as \uXXXX, slashes as \/."""
    return json.dumps(event, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def signature(body: bytes, secret: str) -> str:
    """`X-Hub-Signature-256` for a body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def deliver(url: str, body: bytes, *, secret: str) -> int:
    """POST one delivery; its HTTP status, 0 when nobody answered."""
    try:
        return await asyncio.wait_for(_post(url, body, signature(body, secret)), DELIVERY_SECONDS)
    except (OSError, ValueError, IndexError, TimeoutError):
        return 0


async def _post(url: str, body: bytes, signed: str) -> int:
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    reader, writer = await asyncio.open_connection(host, port)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    head = (
        f"POST {path or '/'} HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-type: application/json\r\n"
        f"x-hub-signature-256: {signed}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    try:
        writer.write(head.encode("ascii") + body)
        await writer.drain()
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()
