"""What a delivery says, typed. One class for each kind of event that means something to HiroCRM.

Every event names the business (the Page or Instagram account it is for) and, where Meta says so, the
customer: whoever isn't the business. `at` is the event's own time, None where Meta gives none.
"""

from dataclasses import dataclass
from datetime import datetime

from hirocrm.core.platforms import Platform

__all__ = [
    "Attachment",
    "ButtonPressed",
    "Entry",
    "Event",
    "Ignored",
    "MessageAnnounced",
    "MessageCame",
    "MessageEdited",
    "MessageReacted",
    "MessageUnsent",
    "MessagesDelivered",
    "MessagesRead",
    "PersonReferred",
    "PolicyEnforced",
    "Referral",
    "ThreadPassed",
    "Unreadable",
]


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something that hangs on a message; `type` is Meta's word, or story_reply."""

    type: str
    url: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Referral:
    """Where a person came from: an ad, an m.me or ig.me link, a plugin. "" where Meta doesn't say."""

    source: str = ""
    type: str = ""
    ref: str = ""
    ad_id: str = ""
    ad_title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events share. `is_standby`: another app owns the thread, and ours only listens."""

    platform: Platform
    business_id: str
    customer_id: str = ""
    at: datetime | None = None
    is_standby: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCame(Event):
    """A message, the customer's or (`is_echo`) the business's, whoever typed it and wherever."""

    mid: str
    text: str | None = None
    is_echo: bool = False
    attachments: tuple[Attachment, ...] = ()
    reply_to: str | None = None
    referral: Referral | None = None
    app_id: str = ""  # of an echo: the app it was sent with
    metadata: str = ""  # of an echo: what our send call gave along


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageUnsent(Event):
    """Somebody took their message back: its content must not be shown any more."""

    mid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited(Event):
    """A message's wording changed for the `number`-th time; `text` None: Meta doesn't say to what."""

    mid: str
    number: int
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReacted(Event):
    """Somebody reacted to a message, or (`emoji` None) took their reaction back."""

    mid: str
    by_business: bool
    emoji: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesRead(Event):
    """The customer has read all that was sent until then, or up to that message (Instagram)."""

    until: datetime | None = None
    mid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesDelivered(Event):
    """All that was sent until then, or these messages, reached the customer's device."""

    until: datetime | None = None
    mids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPressed(Event):
    """A postback: Get Started, a menu item, an ice breaker. `mid` is a digest where Meta gives none."""

    mid: str
    title: str | None = None
    referral: Referral | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReferred(Event):
    """Somebody with a thread came back to it by a link or an ad."""

    referral: Referral


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPassed(Event):
    """Another app took the thread, or got it; or ours did."""

    owner_app_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyEnforced(Event):
    """Meta warns or blocks the Page for breaking a policy, or lifts that: warning, block, unblock."""

    action: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAnnounced(Event):
    """Instagram's `message_edit` with `num_edit` 0: a new message, whose own event is to come."""

    mid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored(Event):
    """An event that is kept with its delivery and changes nothing, on purpose."""

    kind: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part that can't be read, as JSON, and why."""

    content: object
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One business's part of a delivery. `is_test`: it came from the button in Meta's dashboard."""

    business_id: str
    events: tuple[Event, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    is_test: bool = False
