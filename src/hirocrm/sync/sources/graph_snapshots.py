"""From what the Graph API answers to the snapshots that ingest takes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hirocrm.contacts.snapshots import (
    ConversationSnapshot,
    MessageSnapshot,
    NameSource,
    ParticipantSnapshot,
    Platform,
    ReactionSnapshot,
    Sender,
)
from hirocrm.meta.graph.shapes import Conversation, Message, Person, Reaction
from hirocrm.sync.sources.graph_attachments import read_attachments

# A clock that is wrong by more than this isn't believed: the contact would stay on top of every list.
AHEAD = timedelta(hours=1)
# What Meta shows instead of the name of someone who left or hides, in the Page admin's language.
NAMELESS = frozenset(
    {
        "facebook user",
        "instagram user",
        "usuario de facebook",
        "usuário do facebook",
        "utilisateur facebook",
        "utilisateur de facebook",
        "facebook-nutzer",
        "utente di facebook",
        "người dùng facebook",
        "pengguna facebook",
    }
)
# Webhooks name reactions by word; the Conversations API mostly by emoji.
_EMOJI = {
    "love": "❤️",
    "like": "👍",
    "dislike": "👎",
    "smile": "😆",
    "wow": "😮",
    "sad": "😢",
    "angry": "😠",
}


@dataclass(frozen=True, slots=True)
class Business:
    """Who "we" are in a conversation: the Page's and its Instagram account's ids and username."""

    ids: frozenset[str]
    username: str | None = None

    def is_us(self, person: Person) -> bool:
        """Whether this participant, sender or recipient is the business itself."""
        if person.id in self.ids or (person.user_id is not None and person.user_id in self.ids):
            return True
        same_name = self.username is not None and person.username is not None
        return same_name and _fold(person.username) == _fold(self.username)

    def including(self, people: Iterable[Person]) -> "Business":
        """With the further ids under which the business appears among `people`."""
        ours = [p for p in people if self.is_us(p)]
        more = {i for p in ours for i in (p.id, p.user_id) if i is not None}
        return replace(self, ids=self.ids | more)


def to_snapshot(
    conversation: Conversation,
    messages: Sequence[Message],
    *,
    platform: Platform,
    business: Business,
    fetched_at: datetime,
) -> ConversationSnapshot:
    """The snapshot of a conversation with these of its messages, in whatever order.

    `fetched_at` stands in where Meta gives no time at all; a time after it counts as none.
    """
    latest = fetched_at + AHEAD
    ordered = _oldest_first([_believed(m, latest) for m in _merge_repeated(messages)])
    business = business.including(_people(conversation, ordered))
    customer = _find_customer(conversation, ordered, business)
    told = conversation.updated_time
    updated_at = (told if told and told <= latest else None) or _newest_time(ordered) or fetched_at
    return ConversationSnapshot(
        platform=platform,
        remote_id=conversation.id,
        participant=_to_participant(conversation, ordered, customer),
        messages=_to_messages(ordered, business, updated_at),
        updated_at=updated_at,
        message_count=conversation.message_count,
    )


def _people(conversation: Conversation, messages: Iterable[Message]) -> list[Person]:
    spoken = [p for m in messages for p in (m.sender, *m.to) if p is not None]
    return [*conversation.participants, *spoken]


def _find_customer(
    conversation: Conversation, messages: Iterable[Message], business: Business
) -> str | None:
    """The one id that isn't ours, or None when there are none or several: that isn't guessed.

    Senders and recipients are asked only when the participants name nobody else.
    """
    listed = _foreign_ids(conversation.participants, business)
    foreign = listed or _foreign_ids(_people(conversation, messages), business)
    return next(iter(foreign)) if len(foreign) == 1 else None


def _foreign_ids(people: Iterable[Person], business: Business) -> set[str]:
    return {p.id for p in people if p.id is not None and not business.is_us(p)}


def _to_participant(
    conversation: Conversation,
    messages: Sequence[Message],
    customer: str | None,
) -> ParticipantSnapshot:
    if customer is None:
        return ParticipantSnapshot(remote_id=f"thread:{conversation.id}")
    senders = [m.sender for m in reversed(messages) if m.sender and m.sender.id == customer]
    listed = [p for p in conversation.participants if p.id == customer]
    name, source = _best_name(senders, listed)
    usernames = (p.username for p in (*senders, *listed) if p.username is not None)
    username = next((u.strip() for u in usernames), None)
    return ParticipantSnapshot(customer, name, source, username)


def _best_name(
    senders: Iterable[Person], listed: Iterable[Person]
) -> tuple[str | None, NameSource]:
    for source, people in ((NameSource.SENDER, senders), (NameSource.PARTICIPANT, listed)):
        for person in people:
            if (name := real_name(person.name)) is not None:
                return name, source
    return None, NameSource.FALLBACK


def real_name(name: str | None) -> str | None:
    """The name with single spaces, or None when it is empty or only stands in for one."""
    joined = " ".join((name or "").split())
    return None if not joined or joined.casefold() in NAMELESS else joined


def _merge_repeated(messages: Iterable[Message]) -> list[Message]:
    """One message per id; a repeated one only fills in what the first lacks."""
    merged: dict[str, Message] = {}
    for message in messages:
        known = merged.get(message.id)
        merged[message.id] = message if known is None else _fill_in(known, message)
    return list(merged.values())


def _fill_in(known: Message, other: Message) -> Message:
    lacking = {
        name: getattr(other, name)
        for name in type(known).model_fields
        if not getattr(known, name) and getattr(other, name)
    }
    return known.model_copy(update=lacking) if lacking else known


def _believed(message: Message, latest: datetime) -> Message:
    if message.created_time is None or message.created_time <= latest:
        return message
    return message.model_copy(update={"created_time": None})


def _oldest_first(messages: Sequence[Message]) -> list[Message]:
    """Sorted by time; those of one second, and those without time, stay as Meta has them.

    Meta lists newest first; a server that lists oldest first is noticed by its times.
    """
    times = [m.created_time for m in messages if m.created_time is not None]
    listed_oldest_first = len(times) > 1 and times[0] < times[-1]
    ordered = list(messages) if listed_oldest_first else list(reversed(messages))
    if len(times) < len(messages):
        return ordered
    return sorted(ordered, key=lambda m: (m.created_time is None, m.created_time))


def _newest_time(messages: Iterable[Message]) -> datetime | None:
    return max((m.created_time for m in messages if m.created_time is not None), default=None)


def _to_messages(
    messages: Iterable[Message],
    business: Business,
    updated_at: datetime,
) -> tuple[MessageSnapshot, ...]:
    """A message without time gets that of the one before it, else of the conversation."""
    snapshots: list[MessageSnapshot] = []
    previous: datetime | None = None
    for message in messages:
        previous = message.created_time or previous or updated_at
        snapshots.append(_to_message(message, business, previous))
    return tuple(snapshots)


def _to_message(message: Message, business: Business, created_at: datetime) -> MessageSnapshot:
    sender = _sender_of(message, business)
    return MessageSnapshot(
        remote_id=message.id,
        sender=sender,
        created_at=created_at,
        text=message.message,
        attachments=read_attachments(message),
        reactions=tuple(
            r for given in message.reactions for r in _reactions(given, business, sender)
        ),
        reply_to=message.reply_to.mid if message.reply_to else None,
    )


def _sender_of(message: Message, business: Business) -> Sender:
    """By `from`; without one, by who received it, then by Messenger's `sent` label."""
    sender = message.sender
    if sender is not None and (sender.id or sender.username):
        return Sender.BUSINESS if business.is_us(sender) else Sender.CUSTOMER
    if message.to:
        to_us = any(business.is_us(person) for person in message.to)
        return Sender.CUSTOMER if to_us else Sender.BUSINESS
    is_sent = any(tag.name == "sent" for tag in message.tags)
    return Sender.BUSINESS if is_sent else Sender.CUSTOMER


def _reactions(
    reaction: Reaction, business: Business, author: Sender
) -> Iterable[ReactionSnapshot]:
    """One per person. Without persons it is taken for the other side's: few react to themselves."""
    given = reaction.emoji or reaction.reaction
    if given is None:
        return
    emoji = _EMOJI.get(given.strip().lower(), given.strip())
    other = Sender.CUSTOMER if author is Sender.BUSINESS else Sender.BUSINESS
    for user in reaction.users:
        yield ReactionSnapshot(Sender.BUSINESS if business.is_us(user) else Sender.CUSTOMER, emoji)
    if not reaction.users:
        yield ReactionSnapshot(other, emoji)


def _fold(name: str | None) -> str:
    return (name or "").strip().lstrip("@").casefold()
