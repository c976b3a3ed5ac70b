"""One messaging item becomes events; the key it has says which kind it is."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hirocrm.core.platforms import Platform
from hirocrm.meta.graph.lenient import (
    read_count,
    read_flag,
    read_id,
    read_list,
    read_text,
    read_time,
)
from hirocrm.meta.webhooks.attachments import read_attachments
from hirocrm.meta.webhooks.events import (
    ButtonPressed,
    Event,
    Ignored,
    MessageAnnounced,
    MessageCame,
    MessageEdited,
    MessageReacted,
    MessagesDelivered,
    MessagesRead,
    MessageUnsent,
    PersonReferred,
    PolicyEnforced,
    Referral,
    ThreadPassed,
)

MID_LENGTH, PERSON_LENGTH = 512, 128
MOST_EDITS = 1_000  # Meta allows five
# Old captures spell an emoji as text: \u{2764}\u{FE0F}
_SPELLED = re.compile(r"\\u\{([0-9A-Fa-f]{1,6})\}")
_EMOJI = {
    "love": "❤️", "like": "👍", "dislike": "👎", "smile": "😆", "wow": "😮", "sad": "😢", "angry": "😠",
}  # fmt: skip
_ENVELOPE = frozenset({"sender", "recipient", "timestamp", "prior_message", "hop_context"})


class ItemUnreadable(Exception):
    """The item can't be read; `reason` is for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where an item was found."""

    platform: Platform
    business_id: str
    entry_time: datetime | None
    listed_under: str
    original: object = None  # the `change` it was taken from


@dataclass(frozen=True, slots=True)
class _Item:
    """An item with its envelope read."""

    raw: Mapping[str, Any]
    body: Mapping[str, Any]
    sender_id: str | None
    recipient_id: str | None
    common: dict[str, Any]

    @property
    def is_ours(self) -> bool:
        return self.sender_id is not None and self.sender_id == self.common["business_id"]


def read_item(raw: object, around: Surroundings) -> Iterator[Event]:
    """The events of one item, seldom more than one.

    Raises:
        ItemUnreadable: it isn't an object, says nothing, or lacks what its kind needs.
    """
    if not isinstance(raw, dict):
        raise ItemUnreadable("an event isn't an object")
    kinds = [key for key in raw if key not in _ENVELOPE]
    if not kinds:
        raise ItemUnreadable("an event has no content")
    kind = next((key for key in _READERS if key in raw), kinds[0])
    reader = _READERS.get(kind)
    if reader is None:
        yield Ignored(**_common(around), kind=kind[:40])
        return
    body = raw[kind]
    if not isinstance(body, dict):
        raise ItemUnreadable(f"“{kind}” isn't an object")
    yield from reader(_open(raw, body, around))


def _common(around: Surroundings) -> dict[str, Any]:
    return {
        "platform": around.platform,
        "business_id": around.business_id,
        "is_standby": around.listed_under == "standby",
    }


def _open(raw: Mapping[str, Any], body: Mapping[str, Any], around: Surroundings) -> _Item:
    sender, recipient = _person(raw, "sender"), _person(raw, "recipient")
    is_ours = sender == around.business_id or read_flag(body.get("is_echo"))
    customer = recipient if is_ours else sender
    if customer == around.business_id:  # no sender: app_roles, policy_enforcement
        customer = None
    common = {
        **_common(around),
        "customer_id": customer or "",
        "at": read_time(raw.get("timestamp")) or around.entry_time,
    }
    return _Item(raw, body, sender, recipient, common)


def _person(raw: Mapping[str, Any], side: str) -> str | None:
    person = raw.get(side)
    found = read_id(person.get("id")) if isinstance(person, dict) else None
    if found is not None and len(found) > PERSON_LENGTH:
        raise ItemUnreadable("a person's id is too long")
    return found


def _mid(item: _Item) -> str:
    mid = read_id(item.body.get("mid"))
    if mid is None or len(mid) > MID_LENGTH:
        raise ItemUnreadable("the message has no usable id")
    return mid


def _need_customer(item: _Item) -> None:
    if not item.common["customer_id"]:
        raise ItemUnreadable("it doesn't say which customer it is about")


# --- messages -------------------------------------------------------------------------------------


def _message(item: _Item) -> Iterator[Event]:
    body = item.body
    if read_flag(body.get("is_self")):
        yield Ignored(**item.common, kind="message to oneself")
        return
    mid = _mid(item)
    if read_flag(body.get("is_deleted")):  # before all else: it may say it is unsupported, too
        yield MessageUnsent(**item.common, mid=mid)
        return
    _need_customer(item)
    reply_to = body.get("reply_to")
    reply_to = reply_to if isinstance(reply_to, dict) else {}
    yield MessageCame(
        **item.common,
        mid=mid,
        text=read_text(body.get("text")),
        is_echo=item.is_ours or read_flag(body.get("is_echo")),
        attachments=read_attachments(body),
        reply_to=_short(reply_to.get("mid"), MID_LENGTH) or None,
        referral=_referral(body.get("referral")) or _referral(item.raw.get("referral")),
        app_id=_short(body.get("app_id"), 32),
        metadata=_short(body.get("metadata"), 1000),
    )


def _edit(item: _Item) -> Iterator[Event]:
    mid, number = _mid(item), read_count(item.body.get("num_edit"))
    if not number:
        yield MessageAnnounced(**item.common, mid=mid)
        return
    text = read_text(item.body.get("text"))
    yield MessageEdited(**item.common, mid=mid, number=min(number, MOST_EDITS), text=text)


def _reaction(item: _Item) -> Iterator[Event]:
    body = item.body
    emoji = _SPELLED.sub(_spelled_character, read_text(body.get("emoji")) or "")
    word = (read_text(body.get("reaction")) or "").strip().lower()
    given = emoji or _EMOJI.get(word) or word
    is_taken_back = read_text(body.get("action")) == "unreact" or not given
    yield MessageReacted(
        **item.common,
        mid=_mid(item),
        by_business=item.is_ours,
        emoji=None if is_taken_back else given[:64],
    )


def _spelled_character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else ""


def _read(item: _Item) -> Iterator[Event]:
    _need_customer(item)
    until, mid = read_time(item.body.get("watermark")), read_id(item.body.get("mid"))
    yield MessagesRead(**item.common, until=until or (None if mid else item.common["at"]), mid=mid)


def _delivery(item: _Item) -> Iterator[Event]:
    _need_customer(item)
    mids = [read_id(mid) for mid in read_list(item.body.get("mids"))]
    yield MessagesDelivered(
        **item.common,
        until=read_time(item.body.get("watermark")),
        mids=tuple(mid for mid in mids if mid is not None),
    )


# --- what isn't a message -------------------------------------------------------------------------


def _postback(item: _Item) -> Iterator[Event]:
    if not item.common["customer_id"] and _has_only_a_reference(item):
        yield Ignored(**item.common, kind="postback of a plugin's visitor")
        return
    _need_customer(item)
    mid = read_id(item.body.get("mid"))
    yield ButtonPressed(
        **item.common,
        mid=mid if mid and len(mid) <= MID_LENGTH else _made_up_mid(item),
        title=read_text(item.body.get("title")),
        referral=_referral(item.body.get("referral")),
    )


def _made_up_mid(item: _Item) -> str:
    """The same for the same press: old versions of Meta's API give postbacks no id."""
    parts = [item.sender_id, item.raw.get("timestamp"), item.body.get("payload"), item.body.get("title")]  # fmt: skip
    text = json.dumps(parts, sort_keys=True, default=str)
    return f"postback:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()}"


def _has_only_a_reference(item: _Item) -> bool:
    sender = item.raw.get("sender")
    return isinstance(sender, dict) and "user_ref" in sender


def _referral_event(item: _Item) -> Iterator[Event]:
    referral = _referral(item.body)
    if referral is None or not item.common["customer_id"]:
        yield Ignored(**item.common, kind="referral")
    else:
        yield PersonReferred(**item.common, referral=referral)


def _optin(item: _Item) -> Iterator[Event]:
    """A plugin's opt-in says where somebody came from; a token for notifications is of no use here."""
    ref = _short(item.body.get("ref"), 250)
    if not ref or not item.common["customer_id"]:
        yield Ignored(**item.common, kind="optin")
        return
    yield PersonReferred(**item.common, referral=Referral(source="OPTIN", ref=ref))


def _referral(raw: object) -> Referral | None:
    if not isinstance(raw, dict):
        return None
    context = raw.get("ads_context_data")
    context = context if isinstance(context, dict) else {}
    found = Referral(
        source=_short(raw.get("source"), 40),
        type=_short(raw.get("type"), 40),
        ref=_short(raw.get("ref"), 250),
        ad_id=_short(raw.get("ad_id"), 64),
        ad_title=_short(context.get("ad_title"), 250),
    )
    return found if found != Referral() else None


def _thread(item: _Item) -> Iterator[Event]:
    owner = _short(item.body.get("new_owner_app_id"), 64)
    if not owner or not item.common["customer_id"]:
        yield Ignored(**item.common, kind="thread control")
    else:
        yield ThreadPassed(**item.common, owner_app_id=owner)


def _policy(item: _Item) -> Iterator[Event]:
    action = _short(item.body.get("action"), 20).lower()
    if not action:
        raise ItemUnreadable("a policy notice says nothing")
    yield PolicyEnforced(
        **{**item.common, "customer_id": ""},
        action=action,
        reason=_short(item.body.get("reason"), 500),
    )


def _short(value: object, length: int) -> str:
    """Text or a number as text, cut; "" for anything else."""
    return (read_id(value) or "")[:length]


# The first of these that an item has says what it is; anything else is ignored on purpose.
_READERS: dict[str, Callable[[_Item], Iterator[Event]]] = {
    "message": _message,
    "message_edit": _edit,
    "reaction": _reaction,
    "postback": _postback,
    "read": _read,
    "delivery": _delivery,
    "referral": _referral_event,
    "optin": _optin,
    "pass_thread_control": _thread,
    "take_thread_control": _thread,
    "policy_enforcement": _policy,
    "policy-enforcement": _policy,
}
