"""What hangs on a message in a webhook: the item's own shapes, which differ from the Conversations API's."""

from collections.abc import Iterator, Mapping
from typing import Any

from hirocrm.meta.graph.lenient import read_flag, read_id, read_list, read_text
from hirocrm.meta.webhooks.events import Attachment

URL_LENGTH, TITLE_LENGTH = 4_000, 500
MOST_ATTACHMENTS = 50


def read_attachments(message: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """Everything attached, each thing once; a story that was replied to counts as attached."""
    found = [*_story_reply(message), *_attached(message)]
    if not found and message.get("text") is None and read_flag(message.get("is_unsupported")):
        found.append(Attachment("unsupported_type"))
    return tuple(_once(found))[:MOST_ATTACHMENTS]


def _story_reply(message: Mapping[str, Any]) -> Iterator[Attachment]:
    reply_to = message.get("reply_to")
    story = reply_to.get("story") if isinstance(reply_to, dict) else None
    if isinstance(story, dict):
        yield Attachment("story_reply", _cut(story.get("url"), URL_LENGTH))


def _attached(message: Mapping[str, Any]) -> Iterator[Attachment]:
    for raw in read_list(message.get("attachments")):
        if not isinstance(raw, dict):
            continue
        payload = raw.get("payload")
        if isinstance(payload, str):  # seen in old deliveries
            payload = {"url": payload}
        yield _attachment(
            read_text(raw.get("type")) or "", payload if isinstance(payload, dict) else {}, raw
        )


def _attachment(kind: str, payload: Mapping[str, Any], raw: Mapping[str, Any]) -> Attachment:
    kind = kind.strip().lower()
    if read_id(payload.get("sticker_id")) is not None:  # before 2026-08-30 a sticker was an image
        kind = "sticker"
    url = next(
        (
            found
            for name in ("url", "story_media_url", "media_url")
            if (found := _cut(payload.get(name), URL_LENGTH)) is not None
        ),
        _cut(raw.get("URL") or raw.get("url"), URL_LENGTH),
    )
    return Attachment(kind, url, _title(kind, payload) or _cut(raw.get("title"), TITLE_LENGTH))


def _title(kind: str, payload: Mapping[str, Any]) -> str | None:
    if kind == "location":
        place = payload.get("coordinates")
        place = place if isinstance(place, dict) else {}
        parts = [_cut(place.get(name), 30) for name in ("lat", "long")]
        return ", ".join(part for part in parts if part) or None
    if kind == "template":
        return _template_title(payload) or _cut(payload.get("title"), TITLE_LENGTH)
    if kind == "appointment_booking":
        return _cut(payload.get("start_time"), TITLE_LENGTH)
    return _cut(payload.get("title"), TITLE_LENGTH)


def _template_title(payload: Mapping[str, Any]) -> str | None:
    product = payload.get("product")
    elements = read_list(product.get("elements")) if isinstance(product, dict) else []
    first = next((element for element in elements if isinstance(element, dict)), {})
    return _cut(first.get("title"), TITLE_LENGTH)


def _cut(value: object, length: int) -> str | None:
    text = read_text(value)
    return text[:length] if text else None


def _once(found: list[Attachment]) -> Iterator[Attachment]:
    """Until 2026-08-30 a sticker came twice, as sticker and as image; links repeat as well."""
    seen: set[str] = set()
    stickers = {a.url for a in found if a.type == "sticker"}
    for attachment in found:
        if attachment.type == "image" and attachment.url in stickers:
            continue
        if attachment.url is not None and attachment.url in seen:
            continue
        if attachment.url is not None:
            seen.add(attachment.url)
        yield attachment
