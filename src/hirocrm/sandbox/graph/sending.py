"""POST /{page-id}/messages: what may be sent when, and the echo that follows."""

import json
from typing import Any

from hirocrm.sandbox.graph.context import Context, Refusal
from hirocrm.sandbox.graph.errors import graph_error
from hirocrm.sandbox.graph.reading import own_page
from hirocrm.sandbox.graph.shapes import BUSINESS, INSTAGRAM, Conversation, Page
from hirocrm.sandbox.graph.world import now_ms

WINDOW_SENTENCE = "(#10) This message is sent outside of allowed window. Learn more about the new policy here: https://developers.facebook.com/docs/messenger-platform/policy-overview"
HUMAN_AGENT_HOURS = 7 * 24
MESSENGER_CHARACTERS, INSTAGRAM_BYTES = 2000, 1000
ACTIONS = frozenset({"mark_seen", "typing_on", "typing_off", "react", "unreact"})


def send(context: Context) -> dict[str, Any]:
    """Record a message and answer with its id.

    Raises:
        Refusal: unknown person, closed window, dead tag, too long, or an unreadable body.
    """
    page = own_page(context)
    recipient, message = object_of(context, "recipient"), object_of(context, "message")
    thread = context.world.find_customer(page.id, str(recipient.get("id", "")))
    if thread is None:
        code, sub = (
            (100, 2534014) if str(recipient.get("id", "")).startswith("8") else (100, 2018001)
        )
        raise Refusal(graph_error(code, "(#100) No matching user found", subcode=sub))
    action = context.values.get("sender_action")
    if action and message:
        raise Refusal(
            graph_error(
                100, "(#100) Message and sender action can't be sent together", subcode=2018014
            )
        )
    if action in ACTIONS:
        return {"recipient_id": thread.customer_id}
    if not message:
        raise Refusal(
            graph_error(100, "(#100) No message or sender action was given", subcode=2018015)
        )
    _check_window(context, thread)
    _check_length(thread, message)
    _check_attachment(context, page, message)
    return _recorded(context, page, thread, message)


def object_of(context: Context, name: str) -> dict[str, Any]:
    """A parameter that is an object: sent as JSON, or as JSON in a form's field."""
    value = context.values.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise Refusal(graph_error(100, f"(#100) param {name} must be non-empty.")) from None
    return value if isinstance(value, dict) else {}


def _check_window(context: Context, thread: Conversation) -> None:
    hours = (now_ms() - thread.last_from_customer_ms()) / 3_600_000
    is_tagged = context.values.get("messaging_type") == "MESSAGE_TAG"
    tag = context.values.get("tag")
    if is_tagged and tag != "HUMAN_AGENT":
        raise Refusal(graph_error(100, f"(#100) The message tag {tag} is no longer supported."))
    allowed = HUMAN_AGENT_HOURS if is_tagged else context.world.settings.window_hours
    if hours > allowed:
        subcode = 2534022 if thread.platform == INSTAGRAM else 2018278
        raise Refusal(graph_error(10, WINDOW_SENTENCE, subcode=subcode))


def _check_length(thread: Conversation, message: dict[str, Any]) -> None:
    text = str(message.get("text") or "")
    if thread.platform == INSTAGRAM and len(text.encode()) > INSTAGRAM_BYTES:
        raise Refusal(
            graph_error(
                100,
                "(#100) Length of param message[text] must be less than or equal to 1000 bytes",
                subcode=2534015,
            )
        )
    if len(text) > MESSENGER_CHARACTERS:
        raise Refusal(
            graph_error(
                100, "(#100) Length of param message[text] must be less than or equal to 2000"
            )
        )


def _check_attachment(context: Context, page: Page, message: dict[str, Any]) -> None:
    if "text" in message and "attachment" in message:
        raise Refusal(graph_error(100, "(#100) Invalid keys: text and attachment", subcode=2018008))
    attachment_id = _attachment_id(message)
    found = context.world.uploads.get(attachment_id)
    if attachment_id and (found is None or found.page_id != page.id):
        raise Refusal(graph_error(100, "(#100) Upload attachment failure.", subcode=2018074))


def _attachment_id(message: dict[str, Any]) -> str:
    payload = (message.get("attachment") or {}).get("payload") or {}
    return str(payload.get("attachment_id") or "")


def _recorded(
    context: Context, page: Page, thread: Conversation, message: dict[str, Any]
) -> dict[str, Any]:
    world = context.world
    kept = world.add_message(
        thread,
        sender=BUSINESS,
        text=str(message.get("text") or ""),
        extras=_extras(context, message),
    )
    world.sent.append({
        "page_id": page.id, "recipient_id": thread.customer_id, "message_id": kept.id,
        "message": message, "messaging_type": context.values.get("messaging_type"),
        "tag": context.values.get("tag"), "created_ms": kept.created_ms,
        "reply_to": object_of(context, "reply_to").get("mid"),
    })  # fmt: skip
    world.announce(page, thread, kept, metadata=message.get("metadata"), is_echo=True)
    return {"recipient_id": thread.customer_id, "message_id": kept.id}


def _extras(context: Context, message: dict[str, Any]) -> dict[str, Any]:
    attachment = message.get("attachment")
    if not isinstance(attachment, dict):
        return {}
    url = str((attachment.get("payload") or {}).get("url", ""))
    if attachment_id := _attachment_id(message):
        url = f"{context.request.base_url}/media/sent-{attachment_id}.png"
    kind = str(attachment.get("type", "file"))
    data = {"image": "image_data", "video": "video_data"}.get(kind)
    return {
        "attachments": {
            "data": [{"id": "1", data: {"url": url}} if data else {"id": "1", "file_url": url}]
        }
    }
