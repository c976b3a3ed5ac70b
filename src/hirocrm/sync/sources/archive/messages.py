"""One exported message as a `MessageSnapshot`.

An export has no message ids. The id made here depends only on what doesn't change from one
download to the next: the thread, the moment, which side wrote, the words, and how many equal
messages stand before it. So neither a person's new name nor a box moved makes a message new.
"""

import hashlib
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from hirocrm.contacts.snapshots import (
    AttachmentSnapshot,
    MessageSnapshot,
    ReactionSnapshot,
    Sender,
)
from hirocrm.core.platforms import Platform
from hirocrm.sync.sources.archive.part import JsonObject
from hirocrm.sync.sources.archive.system_lines import LineKind, SystemLines
from hirocrm.sync.sources.archive.text import clean, clean_name, clean_url, fold_name

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_TEXT_CHARS = 50_000  # Messenger takes 20,000
MAX_TITLE_CHARS = 500
MAX_ATTACHMENTS = 100
MAX_REACTIONS = 100
MEDIA_TYPES = {
    "photos": "image",
    "videos": "video",
    "audio_files": "audio",
    "gifs": "image",
    "files": "file",
}
MAP_HOSTS = ("bing.com/maps", "google.com/maps", "maps.google.", "maps.apple.com")


class MessageReader:
    """Turns the messages of one thread into snapshots, oldest first."""

    def __init__(
        self, *, platform: Platform, thread_key: str, own_name: str, lines: SystemLines
    ) -> None:
        self._thread = (platform.value, thread_key)
        self._own = fold_name(own_name)
        self._lines = lines
        self._moment = -1
        self._seen: Counter[tuple[str, str]] = Counter()  # of this moment alone

    def read(self, sent_ms: int, message: JsonObject) -> MessageSnapshot | None:
        """The snapshot; None for a system line that nobody wrote."""
        sender = self._side(message.get("sender_name"))
        text = clean(message.get("content"), max_chars=MAX_TEXT_CHARS)
        attachments = read_attachments(message)
        line = self._lines.kind_of(text) if text else None
        kind = kind_by_fields(message) or line
        # System lines come in the account's language and with names, which both change.
        words = "" if line or kind is LineKind.PLACEHOLDER else text
        remote_id = self._remote_id(sent_ms, sender, words or describe(attachments))
        if kind is LineKind.NOTICE and not attachments:
            return None
        created_at = EPOCH + timedelta(milliseconds=sent_ms)
        if kind is LineKind.UNSENT:
            return MessageSnapshot(remote_id, sender, created_at, deleted_at=created_at)
        if not words and not attachments:
            attachments = [AttachmentSnapshot("unsupported")]
        return MessageSnapshot(
            remote_id=remote_id,
            sender=sender,
            created_at=created_at,
            text=words or None,
            attachments=tuple(settle_story(attachments, words)),
            reactions=self._reactions(message.get("reactions")),
        )

    def _side(self, name: object) -> Sender:
        is_own = fold_name(clean_name(name)) == self._own
        return Sender.BUSINESS if is_own else Sender.CUSTOMER

    def _remote_id(self, sent_ms: int, sender: Sender, content: str) -> str:
        if sent_ms != self._moment:
            self._moment = sent_ms
            self._seen.clear()
        self._seen[sender, content] += 1
        parts = [*self._thread, sent_ms, sender.value, content, self._seen[sender, content]]
        digest = hashlib.sha256(json.dumps(parts).encode("ascii"))
        return f"archive:{digest.hexdigest()[:32]}"

    def _reactions(self, value: object) -> tuple[ReactionSnapshot, ...]:
        found = (
            ReactionSnapshot(self._side(one.get("actor")), emoji)
            for one in dicts(value)[:MAX_REACTIONS]
            if (emoji := clean(one.get("reaction"), max_chars=32))
        )
        return tuple(dict.fromkeys(found))


def kind_by_fields(message: JsonObject) -> LineKind | None:
    """What the message's fields say it is, whatever its text."""
    if message.get("is_unsent") is True or message.get("is_taken_down") is True:
        return LineKind.UNSENT
    if message.get("type") in ("Subscribe", "Unsubscribe"):
        return LineKind.NOTICE
    return LineKind.PLACEHOLDER if is_call(message) else None  # "Ana called you."


def read_attachments(message: JsonObject) -> list[AttachmentSnapshot]:
    """Everything a message carries beside its text."""
    found = [
        media_attachment(kind, one)
        for key, kind in MEDIA_TYPES.items()
        for one in dicts(message.get(key))[:MAX_ATTACHMENTS]
    ]
    found += [
        AttachmentSnapshot("sticker", clean_url(one.get("uri")))
        for one in dicts(message.get("sticker"))
    ]
    found += [shared for one in dicts(message.get("share")) if (shared := share_attachment(one))]
    if is_call(message):
        found.append(AttachmentSnapshot("call", title=call_title(message)))
    return found[:MAX_ATTACHMENTS]


def dicts(value: object) -> list[JsonObject]:
    """The objects of a list, or a lone object as a list of one."""
    if isinstance(value, dict):
        return [value] if value else []
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def media_attachment(kind: str, media: JsonObject) -> AttachmentSnapshot:
    """A photo, video, voice note or document. Its file stays in the archive, so there is no URL."""
    uri = media.get("uri")
    title = None
    if kind == "file":
        title = clean(uri, max_chars=4_096).rpartition("/")[2][:MAX_TITLE_CHARS] or None
    return AttachmentSnapshot(kind, clean_url(uri), title)


def share_attachment(share: JsonObject) -> AttachmentSnapshot | None:
    """A link, post, story or place; None for an empty share."""
    url = clean_url(share.get("link"))
    owner = clean_name(share.get("original_content_owner"))
    title = clean(share.get("share_text"), max_chars=MAX_TITLE_CHARS) or owner or None
    if not url and not title:
        return None
    is_place = url is not None and any(host in url for host in MAP_HOSTS)
    return AttachmentSnapshot("location" if is_place else "share", url, title)


def settle_story(attachments: list[AttachmentSnapshot], text: str) -> list[AttachmentSnapshot]:
    """A story shared together with words is the story they answer."""
    return [
        AttachmentSnapshot("story_reply", one.url, one.title) if text and is_story(one) else one
        for one in attachments
    ]


def is_story(attachment: AttachmentSnapshot) -> bool:
    """Whether a share points to an Instagram or Facebook story."""
    if attachment.type != "share" or not attachment.url:
        return False
    return urlsplit(attachment.url).path.startswith("/stories/")


def is_call(message: JsonObject) -> bool:
    """Whether the message stands for a call, answered or missed."""
    return (
        "call_duration" in message or message.get("missed") is True or message.get("type") == "Call"
    )


def call_title(message: JsonObject) -> str:
    """How long it took, as "Call, 2:05" or "Call, 1:00:07"; else "Missed call"."""
    seconds = message.get("call_duration")
    usable = isinstance(seconds, int | float) and 0 < seconds < 7 * 86_400
    if message.get("missed") is True or not usable:
        return "Missed call"
    minutes, second = divmod(int(seconds), 60)  # type: ignore[call-overload]  # `usable` says it's a number
    hours, minute = divmod(minutes, 60)
    return f"Call, {hours}:{minute:02}:{second:02}" if hours else f"Call, {minute}:{second:02}"


def describe(attachments: list[AttachmentSnapshot]) -> str:
    """What tells a message without text from another, whatever its files are called."""
    return json.dumps([[one.type, one.url if one.type == "share" else None] for one in attachments])
