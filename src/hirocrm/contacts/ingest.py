"""Snapshots in, rows out: the one way in for every source, in a handful of statements a page.

Safe to run twice and side by side: rows are found by Meta's ids, inserted with ON CONFLICT and then
locked in one order, so a webhook and a sync that bring the same message leave one row.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import transaction

from hirocrm.contacts import threads
from hirocrm.contacts.erased import without_erased
from hirocrm.contacts.models import Contact, Conversation, Message
from hirocrm.contacts.search import build_search_text
from hirocrm.contacts.snapshots import (
    ConversationSnapshot,
    MessageSnapshot,
    MessageSource,
    NameSource,
    ParticipantSnapshot,
    Platform,
    Sender,
)
from hirocrm.contacts.threads import id_column, person_of, thread_key
from hirocrm.core.bulk import insert_rows, update_rows
from hirocrm.core.ids import new_id
from hirocrm.core.text import clean, shorten, web_address
from hirocrm.core.vocabulary import LeadStatus
from hirocrm.meta.models import Page

PREVIEW_LENGTH = 200
NAME_LENGTH = 255
SEARCHED_TEXTS = 20  # of the newest messages


class Outcome(Enum):
    """What a snapshot did to its contact."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(slots=True)
class Ingested:
    """A snapshot's rows after ingest. `changed`: there is something to read that wasn't there before."""

    contact: Contact
    conversation: Conversation
    outcome: Outcome
    changed: bool
    new: Sequence[MessageSnapshot] = ()  # the messages that weren't here before


@dataclass(slots=True)
class _Working:
    """A snapshot on its way in."""

    snapshot: ConversationSnapshot
    contact: Contact
    contact_is_new: bool
    conversation: Conversation
    conversation_is_new: bool
    new: list[MessageSnapshot] = field(default_factory=list)
    altered: bool = False
    renamed: bool = False
    advanced: bool = False
    stored: tuple[Any, ...] = ()  # the contact's columns as the database holds them


@transaction.atomic
def ingest(
    *,
    page: Page,
    snapshots: Sequence[ConversationSnapshot],
    source: MessageSource,
    now: datetime,
) -> list[Ingested]:
    """Write contacts, conversations and messages of `snapshots` (all of one Page), in their order.

    What people wrote before they were erased is left out, and so are those who wrote nothing else.
    """
    snapshots = without_erased(page, snapshots) if snapshots else ()
    if not snapshots:
        return []
    contacts, new_contacts = _contacts(page, snapshots, now)
    conversations, new_conversations = threads.find_or_insert(
        page, snapshots, contacts, new_contacts, now
    )
    items = [
        _Working(
            snapshot=snapshot,
            contact=contacts[person_of(snapshot)],
            contact_is_new=contacts[person_of(snapshot)].pk in new_contacts,
            conversation=conversations[thread_key(snapshot)],
            conversation_is_new=conversations[thread_key(snapshot)].pk in new_conversations,
        )
        for snapshot in snapshots
    ]
    _write_messages(page, items, source, now)
    for item in items:
        item.stored = _saved_columns(item.contact)
        _rename(item.contact, item)
        _advance(item)
    _save_conversations(items)
    _save_contacts(items, now)
    return [_ingested(item) for item in items]


# --- contacts -----------------------------------------------------------------------------------


def _contacts(
    page: Page, snapshots: Sequence[ConversationSnapshot], now: datetime
) -> tuple[dict[tuple[Platform, str], Contact], set[UUID]]:
    """The people of the snapshots, locked; missing ones are inserted. Returns them and the new ones' ids."""
    people = {person_of(s): s for s in snapshots}
    found: dict[tuple[Platform, str], Contact] = {}
    inserted: set[UUID] = set()
    for platform in Platform:
        ids = [remote_id for kind, remote_id in people if kind is platform]
        if not ids:
            continue
        column = id_column(platform)
        rows = _locked_contacts(page, column, ids)
        missing = [people[platform, remote_id] for remote_id in ids if remote_id not in rows]
        if missing:
            inserted |= _insert_contacts(page, column, missing, now)
            rows |= _locked_contacts(page, column, [s.participant.remote_id for s in missing])
        found |= {(platform, remote_id): contact for remote_id, contact in rows.items()}
    return found, inserted


def _locked_contacts(page: Page, column: str, ids: Iterable[str]) -> dict[str, Contact]:
    rows = (
        Contact.objects.select_for_update()
        .filter(page=page, **{f"{column}__in": list(ids)})
        .defer("search")
        .order_by("id")
    )
    return {getattr(row, column): row for row in rows}


def _insert_contacts(
    page: Page, column: str, snapshots: Sequence[ConversationSnapshot], now: datetime
) -> set[UUID]:
    """Insert whoever is missing as they will be once their messages are here.

    A row of `Contact` is dear to write, with all its indexes: this spares nearly every new one a second writing.
    """
    columns = [
        "id", "organization", "page", column, "email", "phone", "moved_by", "lead_status", "needs_review",
        "ai_context", "sentiment", "urgency", "version", "created_at", *_SAVED, "updated_at",
    ]  # fmt: skip
    rows = [
        (new_id(), page.organization_id, page.pk, snapshot.participant.remote_id, "", "", "",
         LeadStatus.NEW.value, False, "", "", "", 0, now, *_saved_columns(_first_seen(snapshot)), now)
        for snapshot in snapshots
    ]  # fmt: skip
    # `tags` has no place in unnest; its column default is filled in by the migration.
    inserted = insert_rows(
        Contact, columns, rows, on_conflict=f"(page_id, {column}) DO NOTHING", returning="id"
    )
    return {row[0] for row in inserted}


def _first_seen(snapshot: ConversationSnapshot) -> Contact:
    """The person as this conversation alone shows them; not saved."""
    first, last, source = split_name(snapshot.participant)
    contact = Contact(
        first_name=first,
        last_name=last,
        name_source=int(source),
        username=clean(snapshot.participant.username)[:64],
    )
    _show_newest(contact, snapshot.messages)
    if contact.last_interaction_at is None:
        contact.last_interaction_at = snapshot.updated_at
    written = (m.created_at for m in snapshot.messages if m.sender is Sender.CUSTOMER)
    contact.last_customer_message_at = max(written, default=None)
    contact.search_text = _searched(contact, snapshot)
    return contact


def split_name(person: ParticipantSnapshot) -> tuple[str, str, NameSource]:
    """First name, last name and where they came from.

    Without any name: an Instagram username, else "User " and the last six characters of the id.
    """
    name = " ".join(clean(person.name).split())
    if not any(map(str.isprintable, name.replace(" ", ""))):
        name = ""  # of invisible characters only: nobody could tell whose it is
    source = person.name_source
    if not name and person.username:
        name, source = clean(person.username), NameSource.PARTICIPANT
    if not name:
        return "User", person.remote_id[-6:], NameSource.FALLBACK
    first, _, last = name.partition(" ")
    return first[:NAME_LENGTH], last[:NAME_LENGTH], source


def _rename(contact: Contact, item: _Working) -> None:
    """Take a better or newer name; a better one never gives way to a lesser."""
    person = item.snapshot.participant
    first, last, source = split_name(person)
    username = clean(person.username)[:64]
    if username and username != contact.username:
        contact.username = username
        item.renamed = True
    if int(source) < contact.name_source or source is NameSource.FALLBACK:
        return
    if (first, last, int(source)) != (contact.first_name, contact.last_name, contact.name_source):
        contact.first_name, contact.last_name, contact.name_source = first, last, int(source)
        item.renamed = True


# --- messages -----------------------------------------------------------------------------------

_MESSAGE_COLUMNS = [
    "id", "organization", "page", "conversation", "remote_id", "sender", "text", "attachments", "reactions",
    "reply_to", "created_time", "edited_time", "deleted_time", "source", "sent_by_app", "stored_at",
]  # fmt: skip


def _write_messages(
    page: Page, items: Sequence[_Working], source: MessageSource, now: datetime
) -> None:
    """Insert what is new and update what changed; each item learns which of its messages those were."""
    known = _known_messages(page, [i for i in items if not i.conversation_is_new])
    rows: list[tuple[Any, ...]] = []
    changes: list[tuple[Any, ...]] = []
    fresh: dict[str, tuple[_Working, MessageSnapshot]] = {}
    for item in items:
        for message in item.snapshot.messages:
            stored = known.get(message.remote_id)
            if stored is not None:
                change = _change(stored, message)
                if change is not None:
                    item.altered = True
                    changes.append((stored.pk, *change))
            elif message.remote_id not in fresh:
                fresh[message.remote_id] = (item, message)
                rows.append(_message_row(page, item.conversation, message, source, now))
    inserted = insert_rows(
        Message,
        _MESSAGE_COLUMNS,
        rows,
        on_conflict="(page_id, remote_id) DO NOTHING",
        returning="remote_id",
    )
    for (remote_id,) in inserted:
        item, message = fresh[remote_id]
        item.new.append(message)
    update_rows(Message, ["id", "text", "reactions", "edited_time", "deleted_time"], changes)


def _known_messages(page: Page, items: Sequence[_Working]) -> dict[str, Message]:
    remote_ids = [message.remote_id for item in items for message in item.snapshot.messages]
    if not remote_ids:
        return {}
    rows = Message.objects.filter(page=page, remote_id__in=remote_ids).only(
        "id", "remote_id", "text", "reactions", "edited_time", "deleted_time", "expired_at"
    )
    return {row.remote_id: row for row in rows}


def _message_row(
    page: Page,
    conversation: Conversation,
    message: MessageSnapshot,
    source: MessageSource,
    now: datetime,
) -> tuple[Any, ...]:
    text = clean(message.text) or None
    return (
        new_id(), page.organization_id, page.pk, conversation.pk, message.remote_id, message.sender.value,
        None if message.deleted_at else text, _attachments(message), _reactions(message),
        message.reply_to or "", message.created_at, message.edited_at, message.deleted_at, source.value,
        message.sent_by_app, now,
    )  # fmt: skip


def _attachments(message: MessageSnapshot) -> str:
    if not message.attachments or message.deleted_at:
        return "[]"
    return json.dumps(
        [
            {"type": a.type, "url": web_address(clean(a.url)), "title": clean(a.title) or None}
            for a in message.attachments
        ]
    )


def _reactions(message: MessageSnapshot) -> str:
    if not message.reactions:
        return "[]"
    return json.dumps(
        [{"sender": r.sender.value, "emoji": clean(r.emoji)} for r in message.reactions]
    )


def _change(stored: Message, message: MessageSnapshot) -> tuple[Any, ...] | None:
    """New values of (text, reactions, edited, deleted) where the message changed since it was stored.

    An unsent message stays unsent: only Meta's list no longer showing it says so, never a reappearance.
    One that the retention rule emptied stays empty.
    """
    if stored.deleted_time is not None or stored.expired_at is not None:
        return None
    if message.deleted_at is not None:
        return None, "[]", stored.edited_time, message.deleted_at
    text, edited = stored.text, stored.edited_time
    newer = message.edited_at is not None and (edited is None or message.edited_at > edited)
    if newer and message.text:
        text, edited = clean(message.text), message.edited_at
    reactions = _reactions(message)
    # A source that shows no reactions may not have been asked for them: only news counts.
    if not message.reactions or json.loads(reactions) == stored.reactions:
        reactions = json.dumps(stored.reactions)
    if (text, edited, json.loads(reactions)) == (stored.text, stored.edited_time, stored.reactions):
        return None
    return text, reactions, edited, None


# --- what lists show ----------------------------------------------------------------------------


def _advance(item: _Working) -> None:
    """Bring the conversation's and contact's summary columns up to the new messages."""
    conversation, contact, snapshot = item.conversation, item.contact, item.snapshot
    if snapshot.message_count not in {None, conversation.message_count}:
        conversation.message_count = snapshot.message_count
        item.advanced = True
    if (
        conversation.remote_updated_at is None
        or snapshot.updated_at > conversation.remote_updated_at
    ):
        conversation.remote_updated_at = snapshot.updated_at
        item.advanced = True
    conversation.stored_count += len(item.new)
    if item.new or item.altered:
        conversation.revision += 1
        conversation.analysis_attempts = 0
    for message in item.new:
        conversation.has_text = conversation.has_text or bool(
            message.text and not message.deleted_at
        )
        conversation.last_message_at = _later(conversation.last_message_at, message.created_at)
        if message.sender is Sender.CUSTOMER:
            conversation.last_customer_message_at = _later(
                conversation.last_customer_message_at, message.created_at
            )
    _advance_contact(contact, item)


def _advance_contact(contact: Contact, item: _Working) -> None:
    if item.new:
        _show_newest(contact, item.new)
        contact.last_customer_message_at = _later(
            contact.last_customer_message_at, item.conversation.last_customer_message_at
        )
    elif contact.last_interaction_at is None:
        contact.last_interaction_at = item.snapshot.updated_at
    if item.new or item.renamed or item.contact_is_new:
        contact.search_text = _searched(contact, item.snapshot)


def _show_newest(contact: Contact, messages: Sequence[MessageSnapshot]) -> None:
    """Let lists show the newest of these messages, unless they show a later one."""
    if not messages:
        return
    newest = max(messages, key=lambda message: message.created_at)
    if contact.last_interaction_at is None or newest.created_at >= contact.last_interaction_at:
        contact.last_message_text = preview(newest)
        contact.last_message_sender = newest.sender.value
        contact.last_interaction_at = newest.created_at


def _searched(contact: Contact, snapshot: ConversationSnapshot) -> str:
    """What the contact is found by: names, tags and the newest texts."""
    texts = [
        clean(m.text) for m in snapshot.messages[-SEARCHED_TEXTS:] if m.text and not m.deleted_at
    ]
    # A webhook brings only what is new: the rest is searched as before.
    if snapshot.remote_id is None:
        texts = [*reversed(texts), contact.search_text]
    return build_search_text(
        contact.first_name, contact.last_name, contact.username, contact.tags or [], texts
    )


def preview(message: MessageSnapshot) -> str:
    """One line that stands for the message in a list: its text, else what kind of thing it holds."""
    text = " ".join(clean(message.text).split())
    if text:
        return shorten(text, PREVIEW_LENGTH)
    return f"({message.attachments[0].type})" if message.attachments else ""


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return max(one, other)


def _save_conversations(items: Sequence[_Working]) -> None:
    columns = [
        "id", "remote_updated_at", "message_count", "stored_count", "last_message_at",
        "last_customer_message_at", "has_text", "revision", "analysis_attempts",
    ]  # fmt: skip
    changed = {i.conversation.pk: i.conversation for i in items if i.advanced or i.new or i.altered}
    update_rows(
        Conversation,
        columns,
        [
            (c.pk, c.remote_updated_at, c.message_count, c.stored_count, c.last_message_at,
             c.last_customer_message_at, c.has_text, c.revision, c.analysis_attempts)
            for c in changed.values()
        ],
    )  # fmt: skip


_SAVED = (
    "first_name", "last_name", "name_source", "username", "last_interaction_at", "last_message_text",
    "last_message_sender", "last_customer_message_at", "search_text",
)  # fmt: skip
_saved_columns = attrgetter(*_SAVED)


def _save_contacts(items: Sequence[_Working], now: datetime) -> None:
    changed = {
        i.contact.pk: _saved_columns(i.contact)
        for i in items
        if i.stored != _saved_columns(i.contact)
        or (not i.contact_is_new and (i.new or i.altered))  # `updated_at` tells of every change
    }
    update_rows(
        Contact,
        ["id", *_SAVED, "updated_at"],
        [(pk, *values, now) for pk, values in changed.items()],
    )


def _ingested(item: _Working) -> Ingested:
    changed = bool(item.new or item.altered)
    if item.contact_is_new:
        outcome = Outcome.CREATED
    elif changed or item.renamed:
        outcome = Outcome.UPDATED
    else:
        outcome = Outcome.UNCHANGED
    return Ingested(item.contact, item.conversation, outcome, changed, item.new)
