"""Graph nodes and edges as JSON, to the fields that were asked for."""

import base64
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from hirocrm.sandbox.graph.field_list import FieldNode
from hirocrm.sandbox.graph.shapes import BUSINESS, INSTAGRAM, MESSENGER, Conversation, Message, Page

Fields = dict[str, FieldNode]

CONVERSATION_FIELDS = frozenset({
    "id", "updated_time", "link", "snippet", "message_count", "unread_count", "participants",
    "senders", "can_reply", "is_subscribed", "former_participants", "scoped_thread_key", "subject",
    "name", "wallpaper", "messages",
})  # fmt: skip
MESSAGE_FIELDS = frozenset({
    "id", "created_time", "from", "to", "message", "sticker", "tags", "attachments", "shares",
    "reply_to", "reactions", "story", "is_unsupported", "thread_id",
})  # fmt: skip
PAGE_FIELDS = frozenset({
    "id", "name", "access_token", "instagram_business_account", "category", "category_list", "tasks",
    "link", "username", "picture", "about",
})  # fmt: skip
NOT_ON_INSTAGRAM = frozenset({"unread_count"})
MESSENGER_ONLY = frozenset({"senders", "message_count", "unread_count", "snippet"})


class UnknownField(Exception):
    """A field this node doesn't have: Graph answers code 100."""


def check_fields(fields: Fields, known: frozenset[str]) -> None:
    """Refuse fields that the node doesn't have.

    Raises:
        UnknownField: names the first one.
    """
    for name in fields:
        if name not in known:
            raise UnknownField(name)


def graph_time(ms: int) -> str:
    """ISO 8601 to the second with +0000, as the Conversations API writes it."""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def render_page(page: Page, fields: Fields, *, token: str) -> dict[str, Any]:
    """A Page node."""
    values: dict[str, Callable[[], Any]] = {
        "id": lambda: page.id,
        "name": lambda: page.name,
        "access_token": lambda: token,
        "category": lambda: page.category,
        "category_list": lambda: [{"id": "2201", "name": page.category}],
        "tasks": lambda: list(page.tasks),
        "link": lambda: f"https://www.facebook.com/{page.id}",
    }
    shown = {name: values[name]() for name in fields if name in values}
    account = fields.get("instagram_business_account")
    if account is not None and page.instagram_id:
        shown["instagram_business_account"] = render_instagram(page, account.children)
    shown.setdefault("id", page.id)
    return shown


def render_instagram(page: Page, fields: Fields) -> dict[str, Any]:
    """The linked Instagram account: only its id unless more is asked."""
    known = {"id": page.instagram_id, "username": page.instagram_username, "name": page.name}
    return {"id": page.instagram_id} | {n: known[n] for n in fields if n in known}


def participants(page: Page, conversation: Conversation) -> list[dict[str, str]]:
    """Both sides, the Page itself among them; on Instagram the business comes first."""
    customer = person(page, conversation, is_business=False)
    business = person(page, conversation, is_business=True)
    is_instagram = conversation.platform == INSTAGRAM
    return [business, customer] if is_instagram else [customer, business]


def person(page: Page, conversation: Conversation, *, is_business: bool) -> dict[str, str]:
    """One side: name and made-up e-mail on Messenger, username alone on Instagram."""
    if conversation.platform == INSTAGRAM:
        username = page.instagram_username if is_business else conversation.username
        return {
            "username": username,
            "id": page.instagram_id if is_business else conversation.customer_id,
        }
    name, pid = (
        (page.name, page.id) if is_business else (conversation.name, conversation.customer_id)
    )
    shown = {"name": name} if name else {}
    return shown | {"email": f"{pid}@facebook.com", "id": pid}


def render_conversation(
    page: Page, conversation: Conversation, fields: Fields, *, url: str, details_limit: int
) -> dict[str, Any]:
    """A conversation node. `url` is where its edges live, for their paging links."""
    shown: dict[str, Any] = {}
    for name, node in fields.items():
        if name == "messages":
            shown[name] = render_messages(
                page, conversation, node.children, limit=_number(node.modifiers.get("limit"), 25),
                after=node.modifiers.get("after", ""), url=url, details_limit=details_limit,
            )  # fmt: skip
        else:
            value = _conversation_value(name, page, conversation)
            if value is not None:
                shown[name] = value
    shown.setdefault("id", conversation.id)
    return shown


def _conversation_value(name: str, page: Page, conversation: Conversation) -> Any:
    """One field's value; None where this platform has no data for it."""
    if name in MESSENGER_ONLY and conversation.platform != MESSENGER:
        return None
    compute = _CONVERSATION_VALUES.get(name)
    return compute(page, conversation) if compute else None


_CONVERSATION_VALUES: dict[str, Callable[[Page, Conversation], Any]] = {
    "id": lambda _, c: c.id,
    "updated_time": lambda _, c: graph_time(c.updated_ms),
    "participants": lambda page, c: {"data": participants(page, c)},
    "senders": lambda page, c: {"data": participants(page, c)},
    "message_count": lambda _, c: len(c.messages),
    "unread_count": lambda _, c: c.unread,
    "snippet": lambda _, c: c.messages[-1].text[:90] if c.messages else None,
    "link": lambda page, c: f"/{page.id}/inbox/{c.customer_id}/",
    "can_reply": lambda _, _c: True,
}


def render_messages(
    page: Page, conversation: Conversation, fields: Fields, *,
    limit: int, after: str, url: str, details_limit: int,
) -> dict[str, Any]:  # fmt: skip
    """A page of the messages edge, newest first; details reach back only `details_limit` messages."""
    fields = fields or {"id": FieldNode("id"), "created_time": FieldNode("created_time")}
    total = len(conversation.messages)
    reach = (
        total
        if not details_limit or fields.keys() <= {"id", "created_time"}
        else min(total, details_limit)
    )
    start = _offset(after)
    chosen = [conversation.messages[total - 1 - i] for i in range(start, min(reach, start + limit))]
    edge: dict[str, Any] = {"data": [render_message(page, conversation, m, fields) for m in chosen]}
    if chosen:
        cursors = {"before": _offset_cursor(start), "after": _offset_cursor(start + len(chosen))}
        edge["paging"] = {"cursors": cursors}
        if start + len(chosen) < reach:
            edge["paging"]["next"] = f"{url}&after={cursors['after']}" if url else cursors["after"]
    return edge


def render_message(
    page: Page, conversation: Conversation, message: Message, fields: Fields
) -> dict[str, Any]:
    """A message node; a field without data is left out, text is never."""
    is_business = message.sender == BUSINESS
    shown: dict[str, Any] = {}
    for name in fields:
        if name == "id":
            shown[name] = message.id
        elif name == "created_time":
            shown[name] = graph_time(message.created_ms)
        elif name == "message":
            shown[name] = message.text
        elif name == "from":
            shown[name] = person(page, conversation, is_business=is_business)
        elif name == "to":
            shown[name] = {"data": [person(page, conversation, is_business=not is_business)]}
        elif name == "tags" and conversation.platform == MESSENGER:
            shown[name] = {"data": _tags(is_business=is_business)}
        elif name in message.extras:
            shown[name] = _narrowed(message.extras[name], fields[name].children)
    shown.setdefault("id", message.id)
    return shown


def _tags(*, is_business: bool) -> list[dict[str, str]]:
    names = ("inbox", "sent", "source:web") if is_business else ("inbox", "read", "source:mobile")
    return [{"name": name} for name in names]


def _narrowed(value: Any, fields: Fields) -> Any:
    """Only the asked sub-fields of an attachment, share or story."""
    if not fields or not isinstance(value, dict):
        return value
    if isinstance(value.get("data"), list):
        return value | {"data": [_narrowed(item, fields) for item in value["data"]]}
    return {name: inner for name, inner in value.items() if name in fields or name == "id"}


def edge_page(
    items: Iterable[dict[str, Any]], *, before: str, after: str, next_url: str
) -> dict[str, Any]:
    """An edge: data, cursors, and a next link while there is more."""
    data = list(items)
    if not data:
        return {"data": []}
    paging: dict[str, Any] = {"cursors": {"before": before, "after": after}}
    if next_url:
        paging["next"] = next_url
    return {"data": data, "paging": paging}


def _offset_cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(f"QVFIm{offset}".encode()).decode().rstrip("=")


def _offset(cursor: str) -> int:
    """The offset a message cursor stands for.

    Raises:
        ValueError: it isn't one of ours.
    """
    if not cursor:
        return 0
    text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    return int(text.removeprefix("QVFIm"))


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() else default
