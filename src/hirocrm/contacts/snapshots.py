"""The one shape every source of conversations yields, whatever it read them from.

A Graph API page, a webhook delivery and an export archive all become `ConversationSnapshot`s;
`contacts.ingest` knows nothing else.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from hirocrm.core.platforms import Platform

__all__ = [
    "AttachmentSnapshot",
    "ConversationSnapshot",
    "MessageSnapshot",
    "MessageSource",
    "NameSource",
    "ParticipantSnapshot",
    "Platform",
    "ReactionSnapshot",
    "Sender",
]


class Sender(StrEnum):
    """Who wrote a message: the person, or the Page (whoever typed for it)."""

    CUSTOMER = "customer"
    BUSINESS = "business"


class MessageSource(StrEnum):
    """How a message reached us."""

    SYNC = "sync"
    WEBHOOK = "webhook"
    IMPORT = "import"
    SENT = "sent"


class NameSource(IntEnum):
    """Where a person's name came from; a higher source never gives way to a lower one."""

    FALLBACK = 0  # "User 123456", made from the id
    PARTICIPANT = 10  # the conversation's participants list
    SENDER = 20  # the `from` of a message they wrote
    PROFILE = 30  # Meta's profile API
    PERSON = 40  # typed by a member


@dataclass(frozen=True, slots=True)
class AttachmentSnapshot:
    """One attachment; `type` is image, video, audio, file, sticker, share, story_reply, story_mention, call, location or unsupported."""

    type: str
    url: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class ReactionSnapshot:
    """One reaction to a message."""

    sender: Sender
    emoji: str


@dataclass(frozen=True, slots=True)
class MessageSnapshot:
    """One message. `remote_id` is Meta's message id, or a stable digest where Meta gives none (archives)."""

    remote_id: str
    sender: Sender
    created_at: datetime
    text: str | None = None
    attachments: tuple[AttachmentSnapshot, ...] = ()
    reactions: tuple[ReactionSnapshot, ...] = ()
    reply_to: str | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    sent_by_app: str = ""  # of a business's message: the app it was sent with, where that is told


@dataclass(frozen=True, slots=True)
class ParticipantSnapshot:
    """The person on the other side: their id on this Page, and the best name this source knows.

    `remote_id` is the PSID or Instagram-scoped id; an archive, which has neither, gives its
    thread's own key. `name` is None when nothing better than a fallback is known.
    """

    remote_id: str
    name: str | None = None
    name_source: NameSource = NameSource.FALLBACK
    username: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationSnapshot:
    """A conversation as a source saw it at one moment.

    `messages` are in order, oldest first, and may be only the newest of a longer conversation;
    `message_count` is the platform's own count of all of them (None: it doesn't say). A webhook doesn't
    name the conversation: `remote_id` None means the person's thread on that platform, whatever its id.
    """

    platform: Platform
    remote_id: str | None
    participant: ParticipantSnapshot
    messages: tuple[MessageSnapshot, ...]
    updated_at: datetime
    message_count: int | None = None
