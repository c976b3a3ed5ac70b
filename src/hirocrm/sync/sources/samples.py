"""The sample conversations of one shop, as any source gives them."""

from collections.abc import Iterator
from datetime import UTC, datetime

from hirocrm.contacts.snapshots import (
    AttachmentSnapshot,
    ConversationSnapshot,
    MessageSnapshot,
    NameSource,
    ParticipantSnapshot,
    ReactionSnapshot,
    Sender,
)
from hirocrm.core.platforms import Platform
from hirocrm.samples import Row, dated, gap, milliseconds, read_samples

HALF_AN_HOUR_MS = 1_800_000


def read_sample(key: str, *, now: datetime) -> Iterator[ConversationSnapshot]:
    """The shop's conversations, the last of them a few minutes before `now`. Their ids are always the same."""
    _pages, rows = read_samples()
    mine = [row for row in rows if row["page"] == key]
    for number, row in enumerate(mine):
        yield _snapshot(row, number=number, now_ms=int(now.timestamp() * 1000))


def _snapshot(row: Row, *, number: int, now_ms: int) -> ConversationSnapshot:
    ago = milliseconds(row["ago"]) if row.get("ago") else (number + 2) * HALF_AN_HOUR_MS
    last_ms = now_ms - ago
    messages = _messages(row, number=number, last_ms=last_ms)
    return ConversationSnapshot(
        platform=Platform(row["platform"]),
        remote_id=f"sample-{row['id']}",
        participant=ParticipantSnapshot(
            remote_id=f"sample-{row['id']}",
            name=row["name"],
            name_source=NameSource.SENDER,
            username=row.get("username"),
        ),
        messages=messages,
        updated_at=_moment(last_ms),
        message_count=len(messages),
    )


def _messages(row: Row, *, number: int, last_ms: int) -> tuple[MessageSnapshot, ...]:
    spoken = row["messages"]
    gaps = [gap(said, number + place) for place, said in enumerate(spoken)]
    when = last_ms - sum(gaps[1:])
    found: list[MessageSnapshot] = []
    for place, said in enumerate(spoken):
        when += gaps[place] if place else 0
        back = said.get("reply_to") or 0
        found.append(
            MessageSnapshot(
                remote_id=f"sample-{row['id']}-{place}",
                sender=Sender(said["from"]),
                created_at=_moment(when),
                text=dated(said["text"], last_ms) if said.get("text") else None,
                attachments=_attachments(said),
                reactions=_reactions(said),
                reply_to=found[-back].remote_id if 0 < back <= len(found) else None,
            )
        )
    return tuple(found)


def _attachments(said: Row) -> tuple[AttachmentSnapshot, ...]:
    """The attachment without an address: its file is nowhere."""
    given = said.get("attachment")
    return (AttachmentSnapshot(given["type"], title=given.get("title")),) if given else ()


def _reactions(said: Row) -> tuple[ReactionSnapshot, ...]:
    emoji = said.get("reaction")
    other = Sender.BUSINESS if said["from"] == Sender.CUSTOMER else Sender.CUSTOMER
    return (ReactionSnapshot(other, emoji),) if emoji else ()


def _moment(milliseconds_since_1970: int) -> datetime:
    return datetime.fromtimestamp(milliseconds_since_1970 / 1000, UTC)
