"""Events that change a message which is there already: edited, unsent, reacted to.

They may come before their message, twice, or in the wrong order, and must leave the same row whatever the
order: the highest number of an edit wins, the latest reaction of each side, and an unsend for good.
What comes before its message is parked (`parking`) until it is there.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from hirocrm.contacts.erased import find_erased
from hirocrm.contacts.models import Message
from hirocrm.contacts.snapshots import Sender
from hirocrm.core.bulk import update_rows
from hirocrm.core.platforms import Platform
from hirocrm.core.text import clean
from hirocrm.meta.models import Page
from hirocrm.meta.webhooks.events import Event, MessageEdited, MessageReacted, MessageUnsent
from hirocrm.sync.webhooks.parking import REREAD, Change, park, person_key

_FIELDS = (
    "id", "remote_id", "conversation_id", "sender", "text", "attachments", "reactions", "created_time", "edited_time",
    "deleted_time", "expired_at", "edits", "reacted_times",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Touched:
    """Conversations with a message whose wording changed, and the messages whose words are gone, or not known."""

    reworded: frozenset[UUID] = frozenset()
    unsent: frozenset[UUID] = frozenset()
    wordless: tuple[Change, ...] = ()


def to_touch(event: Event, at: datetime) -> Change | None:
    """The change an event asks for; None for other events."""
    if isinstance(event, MessageEdited):
        content: dict[str, Any] = {"number": event.number, "text": clean(event.text) or None}
        if event.customer_id:  # so that erasing the person finds it while it is parked
            content["person"] = person_key(event.platform, event.customer_id)
        return Change(event.mid, "edited", at, content)
    if isinstance(event, MessageUnsent):
        return Change(event.mid, "unsent", at, {})
    if isinstance(event, MessageReacted):
        side = Sender.BUSINESS if event.by_business else Sender.CUSTOMER
        emoji = clean(event.emoji) or None
        return Change(event.mid, "reacted", at, {"side": side.value, "emoji": emoji})
    return None


def apply_touches(*, page: Page, touches: Sequence[Change], now: datetime) -> Touched:
    """Change the messages that are here, and park the rest. The contacts concerned are locked by the caller."""
    if not touches:
        return Touched()
    rows = {
        row.remote_id: row
        for row in Message.objects.select_for_update(of=("self",))
        .filter(page=page, remote_id__in={touch.key for touch in touches})
        .only(*_FIELDS)
        .order_by("id")
    }
    reworded: set[UUID] = set()
    changed: dict[UUID, Message] = {}
    by_mid: defaultdict[str, list[Change]] = defaultdict(list)
    for touch in touches:
        by_mid[touch.key].append(touch)
    for mid, row in rows.items():
        before = row.text, row.attachments
        if any([_apply(row, touch) for touch in by_mid[mid]]):  # noqa: C419  # all of them
            changed[row.pk] = row
        if before != (row.text, row.attachments):
            reworded.add(row.conversation_id)
    _save(changed.values())
    waiting = [touch for touch in touches if touch.key not in rows]
    park(page=page, changes=_without_words_of_erased(page, waiting), now=now)
    unsent = frozenset(row.pk for row in changed.values() if row.deleted_time is not None)
    wordless = [edit for row in changed.values() for edit in _wordless_edit(row)]
    return Touched(frozenset(reworded), unsent, tuple(wordless))


def _without_words_of_erased(page: Page, touches: Sequence[Change]) -> list[Change]:
    """What is to be parked; an edit of somebody who was erased without its words, for it may be of an erased message.

    Should its message come, which is new then, Meta is asked for them.
    """
    people = {
        _person(touch): touch.content["person"] for touch in touches if "person" in touch.content
    }
    erased = {people[person] for person in find_erased(page, people)}
    return [
        replace(touch, content={**touch.content, "text": None})
        if touch.content.get("person") in erased
        else touch
        for touch in touches
    ]


def _person(touch: Change) -> tuple[Platform, str]:
    platform, person_id = touch.content["person"].split(":", 2)[1:]
    return Platform(platform), person_id


def _wordless_edit(row: Message) -> Iterator[Change]:
    """That Meta has to be asked for the message's latest wording, if so."""
    latest = row.edits[-1] if row.edits else {"text": ""}
    if latest["text"] is None:
        at = datetime.fromisoformat(latest["at"])
        yield Change(row.remote_id, REREAD, at, {"number": latest["number"]})


def _apply(row: Message, touch: Change) -> bool:
    """Change the row as the touch says; whether it did."""
    if touch.kind == "unsent":
        return _unsend(row, touch)
    if row.deleted_time is not None:
        return False
    if row.expired_at is not None and touch.kind == "edited":
        return False  # its words were dropped on purpose
    return _edit(row, touch) if touch.kind == "edited" else _react(row, touch)


def _unsend(row: Message, touch: Change) -> bool:
    """What was taken back must not be shown to anybody, nor what it said before it was edited."""
    if row.deleted_time is not None and row.deleted_time <= touch.at:
        return False
    row.deleted_time, row.text = touch.at, None
    row.attachments, row.reactions, row.edits, row.reacted_times = [], [], [], {}
    row.edited_time = None
    return True


def _edit(row: Message, touch: Change) -> bool:
    number, text = int(touch.content["number"]), touch.content["text"]
    known = next((edit for edit in row.edits if edit["number"] == number), None)
    if known is not None and (known["text"] is not None or text is None):
        return False
    others = [edit for edit in row.edits if edit is not known]
    original = {"number": 0, "text": row.text, "at": row.created_time.isoformat()}
    wordings = [
        *(others or [original]),
        {"number": number, "text": text, "at": touch.at.isoformat()},
    ]
    row.edits = sorted(wordings, key=lambda edit: edit["number"])
    latest = row.edits[-1]
    # Meta may leave the new wording out: the last one that is known stays, marked as edited.
    words = next((e["text"] for e in reversed(row.edits) if e["text"] is not None), row.text)
    row.text, row.edited_time = words, datetime.fromisoformat(latest["at"])
    return True


def _react(row: Message, touch: Change) -> bool:
    side, emoji = touch.content["side"], touch.content["emoji"]
    # At the same moment the one with an emoji wins, whichever came first.
    told = [touch.at.isoformat(), emoji or ""]
    if row.reacted_times.get(side, ["", ""]) >= told:
        return False
    row.reacted_times = {**row.reacted_times, side: told}
    others = [reaction for reaction in row.reactions if reaction.get("sender") != side]
    mine = [{"sender": side, "emoji": emoji}] if emoji else []
    row.reactions = sorted([*others, *mine], key=lambda reaction: str(reaction.get("sender")))
    return True


def _save(rows: Iterable[Message]) -> None:
    update_rows(
        Message,
        ["id", "text", "attachments", "reactions", "edited_time", "deleted_time", "edits", "reacted_times"],
        [
            (row.pk, row.text, json.dumps(row.attachments), json.dumps(row.reactions), row.edited_time,
             row.deleted_time, json.dumps(row.edits), json.dumps(row.reacted_times))
            for row in rows
        ],
    )  # fmt: skip
