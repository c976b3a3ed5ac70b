"""Deliveries in the shapes that Meta's documentation and captures show, one for each kind of event."""

import json
from typing import Any

PAGE, INSTAGRAM = "110000000000001", "17841400000000000"
ANA, IRA = "7000000000000001", "1602510301006188"  # on Messenger, on Instagram
START_MS = 1767312000000

Item = dict[str, Any]


def from_customer(at: int = 0, *, person: str = ANA, business: str = PAGE, **content: Any) -> Item:
    """A messaging item that a customer caused, `at` seconds after the start."""
    return {
        "sender": {"id": person},
        "recipient": {"id": business},
        "timestamp": START_MS + at * 1000,
        **content,
    }


def from_business(at: int = 0, *, person: str = ANA, business: str = PAGE, **content: Any) -> Item:
    """An echo: the sender is the business."""
    item = from_customer(at, person=person, business=business, **content)
    return {**item, "sender": {"id": business}, "recipient": {"id": person}}


def on_instagram(at: int = 0, **content: Any) -> Item:
    return from_customer(at, person=IRA, business=INSTAGRAM, **content)


def page_body(*items: Item, under: str = "messaging", business: str = PAGE) -> dict[str, Any]:
    entry = {"id": business, "time": START_MS + 500, under: list(items)}
    return {"object": "page", "entry": [entry]}


def instagram_body(*items: Item) -> dict[str, Any]:
    entry = {"id": INSTAGRAM, "time": START_MS + 500, "messaging": list(items)}
    return {"object": "instagram", "entry": [entry]}


def encode(content: Any) -> bytes:
    r"""As Meta sends it: non-ASCII as \uXXXX, slashes as \/."""
    return json.dumps(content, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def text(mid: str = "m_A1", words: str = "Magkano po?", at: int = 0, **more: Any) -> Item:
    return from_customer(at, message={"mid": mid, "text": words, **more})


def echo(mid: str = "m_B1", words: str = "350 po", at: int = 100, **more: Any) -> Item:
    message = {"mid": mid, "text": words, "is_echo": True, "app_id": 263902037430900, **more}
    return from_business(at, message=message)
