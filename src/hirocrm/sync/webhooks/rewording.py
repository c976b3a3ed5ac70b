"""What lists, search and the AI know of a conversation, after a message in it was edited or taken back."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from hirocrm.analysis.models import Analysis
from hirocrm.contacts.ingest import SEARCHED_TEXTS, preview
from hirocrm.contacts.models import Activity, Contact, Conversation, Message
from hirocrm.contacts.search import build_search_text
from hirocrm.contacts.snapshots import AttachmentSnapshot, MessageSnapshot, Sender
from hirocrm.core.bulk import update_rows
from hirocrm.meta.models import Page
from hirocrm.pipelines.models import Suggestion


def refresh_wording(*, conversation_ids: Collection[UUID], now: datetime) -> None:
    """Count a new revision, and rebuild the contacts' last line and searched words from what is left."""
    if not conversation_ids:
        return
    with_text = Message.objects.filter(
        conversation_id__in=conversation_ids, text__isnull=False
    ).values("conversation_id")
    readable = {row["conversation_id"] for row in with_text.distinct()}
    rows = list(Conversation.objects.filter(pk__in=conversation_ids).only("id", "revision", "contact_id"))  # fmt: skip
    update_rows(
        Conversation,
        ["id", "revision", "analysis_attempts", "has_text"],
        [(row.pk, row.revision + 1, 0, row.pk in readable) for row in rows],
    )
    forget_readings(conversation_ids=[row.pk for row in rows if row.pk not in readable])
    _refresh_contacts({row.contact_id for row in rows}, now)


def _refresh_contacts(contact_ids: set[UUID], now: datetime) -> None:
    newest = _newest_messages(contact_ids)
    rows = []
    for contact in Contact.objects.filter(pk__in=contact_ids).defer("search", "search_text"):
        messages = newest[contact.pk]
        last = _last_line(messages) if messages else ("", "")
        texts = [message.text for message in messages if message.text]
        words = build_search_text(
            contact.first_name, contact.last_name, contact.username, contact.tags or [], texts
        )
        rows.append((contact.pk, *last, words, now))
    columns = ["id", "last_message_text", "last_message_sender", "search_text", "updated_at"]
    update_rows(Contact, columns, rows)


def _newest_messages(contact_ids: set[UUID]) -> dict[UUID, list[Message]]:
    """The newest messages of each contact, newest first."""
    place = Window(
        RowNumber(),
        partition_by=F("conversation__contact_id"),
        order_by=[F("created_time").desc(), F("id").desc()],
    )
    found: defaultdict[UUID, list[Message]] = defaultdict(list)
    rows = (
        Message.objects.filter(conversation__contact_id__in=contact_ids)
        .annotate(place=place, contact_id=F("conversation__contact_id"))
        .filter(place__lte=SEARCHED_TEXTS)
        .order_by("contact_id", "place")
    )
    for row in rows:
        found[row.contact_id].append(row)
    return found


def _last_line(messages: Sequence[Message]) -> tuple[str, str]:
    last = messages[0]
    attachments = tuple(AttachmentSnapshot(a.get("type", "file")) for a in last.attachments)
    snapshot = MessageSnapshot(
        last.remote_id, Sender(last.sender), last.created_time, last.text, attachments
    )
    return preview(snapshot), last.sender


def drop_quotes(*, page: Page, message_ids: Collection[UUID]) -> None:
    """Take the words of unsent messages out of what the AI gave as its evidence."""
    if not message_ids:
        return
    unsent = Message.objects.filter(page=page, pk__in=message_ids)
    gone = set(unsent.values_list("remote_id", flat=True))  # evidence names Meta's ids
    contacts = Conversation.objects.filter(messages__in=message_ids).values("contact_id")
    for model in (Analysis, Suggestion):
        quoting = model.objects.filter(
            organization_id=page.organization_id, contact_id__in=contacts
        ).exclude(evidence=[])
        rows = [
            (pk, json.dumps([quote for quote in evidence if quote.get("messageId") not in gone]))
            for pk, evidence in quoting.values_list("pk", "evidence")
            if any(quote.get("messageId") in gone for quote in evidence)
        ]
        update_rows(model, ["id", "evidence"], rows)
    _drop_from_timeline(contacts, gone)


def _drop_from_timeline(contacts: QuerySet[Any], gone: set[str]) -> None:
    """The same in the timeline, whose rows the database lets nobody change but for this."""
    quoting = Activity.objects.filter(contact_id__in=contacts, metadata__has_key="evidence")
    rows = [
        (pk, json.dumps({**metadata, "evidence": kept}))
        for pk, metadata in quoting.values_list("pk", "metadata")
        if (kept := [q for q in metadata["evidence"] if q.get("messageId") not in gone])
        != metadata["evidence"]
    ]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL hirocrm.dropping_quotes = 'on'")
        update_rows(Activity, ["id", "metadata"], rows)
        cursor.execute("SET LOCAL hirocrm.dropping_quotes = 'off'")


def forget_readings(*, conversation_ids: Collection[UUID]) -> None:
    """Take back what the AI said of contacts who have no text left: all of it came from what was unsent."""
    if not conversation_ids:
        return
    silent = Contact.objects.filter(conversations__in=conversation_ids).exclude(
        conversations__has_text=True
    )
    ids = list(silent.values_list("pk", flat=True))
    Analysis.objects.filter(contact_id__in=ids).delete()
    Suggestion.objects.filter(contact_id__in=ids).update(reasoning="", evidence=[])
    Contact.objects.filter(pk__in=ids).update(
        ai_context="", ai_context_updated_at=None, ai_confidence=None, sentiment="", urgency=""
    )
