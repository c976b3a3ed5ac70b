"""Conversations to serve: the demo's own (`hirocrm.samples`), and any JSONL file of `{id, messages: [{from, text}]}`.

Rows are as `hirocrm.samples` describes them. Beside that a row may have `username` and `customer_id`; an
`attachment` is {"type": "image" | "audio" | "video" | "file" | "sticker" | "share" | "story_reply" |
"story_mention" | "unsupported", "url"?, "title"?}. What a row doesn't say is invented, always the same for the
same row.
"""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path

from hirocrm.samples import Row, dated, gap, milliseconds, read_samples
from hirocrm.sandbox.graph.people import invented_name, invented_username
from hirocrm.sandbox.graph.shapes import (
    BUSINESS,
    CUSTOMER,
    INSTAGRAM,
    MESSENGER,
    Conversation,
    Message,
    Page,
)
from hirocrm.sandbox.graph.shelf import message_id
from hirocrm.sandbox.graph.world import World, now_ms

KEPT_SERIAL = 99  # keeps these ids apart from synthetic ones
DEFAULT_PAGE = Page(
    "110000000000001",
    "Sandbox Shop",
    instagram_id="17841400000000001",
    instagram_username="sandbox.shop",
)
MIME = {
    "image": "image/jpeg",
    "audio": "audio/mpeg",
    "video": "video/mp4",
    "file": "application/pdf",
}
STICKER = 369239263222822


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a JSONL file."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def load_demo(world: World, *, base_url: str) -> int:
    """Add the demo's Pages and conversations; how many conversations."""
    pages, rows = read_samples()
    by_name = {}
    for row in pages:
        page = Page(**{name: value for name, value in row.items() if name != "key"})
        by_name[row["key"]] = page
        world.add_page(page)
    for number, row in enumerate(rows):
        add_row(world, by_name[row["page"]], row, number=number, base_url=base_url)
    return len(rows)


def load_file(world: World, path: Path, *, page: Page, base_url: str) -> int:
    """Add a JSONL file's conversations to a Page; how many."""
    number = -1
    for number, row in enumerate(read_rows(path)):
        add_row(world, page, row, number=number, base_url=base_url)
    return number + 1


def add_row(world: World, page: Page, row: Row, *, number: int, base_url: str) -> Conversation:
    """Add one row as a thread of a Page."""
    conversation = to_conversation(page, row, number=number, base_url=base_url, now=now_ms())
    world.shelves[page.id, conversation.platform].put(conversation)
    return conversation


def to_conversation(page: Page, row: Row, *, number: int, base_url: str, now: int) -> Conversation:
    """One row as a conversation, its last message `ago` before now."""
    platform = row.get("platform", MESSENGER)
    digits = f"{page.id}{KEPT_SERIAL}{number:08d}"
    cid = f"aWdfZAG06{digits}" if platform == INSTAGRAM else f"t_{digits}"
    seed = zlib.crc32(str(row.get("id", number)).encode())
    name = row.get("name", invented_name(seed % 5000))
    first = "8" if platform == INSTAGRAM else "7"
    ago = milliseconds(row["ago"]) if row.get("ago") else 3_600_000 + number * 1_800_000
    messages = _messages(row, cid=cid, last_ms=now - ago, seed=seed, base_url=base_url)
    return Conversation(
        id=cid, page_id=page.id, platform=platform,
        customer_id=str(row.get("customer_id") or f"{first}{page.id[-5:]}{KEPT_SERIAL}{number:08d}"),
        name=name, username=row.get("username") or invented_username(name, seed),
        messages=messages, updated_ms=messages[-1].created_ms if messages else now - ago,
        unread=_unread(messages),
    )  # fmt: skip


def _unread(messages: list[Message]) -> int:
    count = 0
    for message in reversed(messages):
        if message.sender == BUSINESS:
            break
        count += 1
    return count


def _messages(row: Row, *, cid: str, last_ms: int, seed: int, base_url: str) -> list[Message]:
    spoken = row.get("messages") or []
    gaps = [gap(said, seed + index) for index, said in enumerate(spoken)]
    messages: list[Message] = []
    when = last_ms - sum(gaps[1:])
    for index, said in enumerate(spoken):
        when += gaps[index] if index else 0
        sender = CUSTOMER if said.get("from") == CUSTOMER else BUSINESS
        extras = _extras(said, messages, base_url=base_url, seed=seed + index)
        text = dated(said.get("text") or "", last_ms)
        messages.append(Message(message_id(cid, index), sender, text, when, extras))
    return messages


def _extras(said: Row, before: list[Message], *, base_url: str, seed: int) -> Row:
    extras: Row = {}
    if said.get("attachment"):
        extras |= attachment_fields(said["attachment"], base_url=base_url, seed=seed)
    if said.get("reaction"):
        extras["reactions"] = {"data": [{"reaction": said["reaction"], "users": [{"id": "0"}]}]}
    back = said.get("reply_to")
    if back and back <= len(before):
        extras["reply_to"] = {"mid": before[-back].id, "is_self_reply": False}
    return extras


def attachment_fields(attachment: Row, *, base_url: str, seed: int) -> Row:
    """An attachment as the Graph fields that carry it."""
    kind, title = attachment["type"], attachment.get("title", "")
    url = attachment.get("url") or f"{base_url}/media/{kind}-{seed % 1_000_000}.{_ending(kind)}"
    if kind == "sticker":
        return {"sticker": attachment.get("url") or f"{base_url}/media/sticker-{STICKER}.png"}
    if kind == "share":
        share = {
            "id": str(seed),
            "link": url,
            "name": title,
            "type": "post",
            "url": url,
            "title": title,
        }
        return {"shares": {"data": [share]}}
    if kind == "story_reply":
        return {"story": {"reply_to": {"link": url, "id": f"1800{seed}"}}}
    if kind == "story_mention":
        return {"story": {"mention": {"link": url, "id": f"1801{seed}"}}}
    if kind == "unsupported":
        return {"is_unsupported": True}
    item: Row = {
        "id": f"10{seed}",
        "mime_type": MIME.get(kind, MIME["file"]),
        "name": title or f"{kind}-{seed % 10_000}",
        "size": 40_000 + seed % 90_000,
    }
    if kind in {"image", "video"}:
        size = {"width": 960, "height": 1280, "max_width": 960, "max_height": 1280}
        item[f"{kind}_data"] = {"url": url, "preview_url": url} | size
    else:
        item["file_url"] = url
    return {"attachments": {"data": [item]}}


def _ending(kind: str) -> str:
    return {"audio": "mp4", "video": "mp4", "file": "pdf"}.get(kind, "png")
