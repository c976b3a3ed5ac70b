"""A Page's events become rows, in a number of statements that doesn't grow with theirs.

The caller holds the transaction. Lock order is contacts, conversations, messages, as everywhere. Every step
may meet an event for the second time, or too early or late, and leaves the same rows.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from hirocrm.contacts.ingest import Ingested, ingest
from hirocrm.contacts.models import Contact, Message
from hirocrm.contacts.snapshots import ConversationSnapshot, MessageSource
from hirocrm.contacts.threads import id_column
from hirocrm.core.events import NAMED_MAX, publish
from hirocrm.core.platforms import Platform
from hirocrm.inbox import services as inbox
from hirocrm.meta.models import Page
from hirocrm.meta.webhooks.events import (
    Event,
    MessageAnnounced,
)
from hirocrm.sync.webhooks import health, standing, touches
from hirocrm.sync.webhooks.activities import tell_of_webhooks
from hirocrm.sync.webhooks.echoes import settle_echoes
from hirocrm.sync.webhooks.parking import (
    ANNOUNCED,
    Change,
    ask_to_reread,
    park,
    person_key,
    unpark,
)
from hirocrm.sync.webhooks.quiet import wait_for_quiet
from hirocrm.sync.webhooks.rewording import drop_quotes, refresh_wording
from hirocrm.sync.webhooks.snapshots import happened_at, to_snapshots

Received = tuple[Event, datetime]  # an event, and when we got it


def apply_events(*, page: Page, events: Sequence[Received], now: datetime) -> None:
    """Write everything that these events say of one Page's contacts."""
    changes = [change for event in events for change in _changes(*event)]
    _lock_contacts(page, [event for event, _ in events], changes)
    ingested = ingest(
        page=page, snapshots=to_snapshots(events), source=MessageSource.WEBHOOK, now=now
    )
    ours = settle_echoes(page=page, events=events, now=now)
    changes += _what_waited_for(page, ingested)
    reworded = _apply(page, changes, now)
    _await_announced(page, events, now)
    _follow(page, ingested, ours=ours, reworded=reworded, now=now)
    health.note_events(page=page, events=events)


def apply_fetched(*, page: Page, snapshots: Sequence[ConversationSnapshot], now: datetime) -> None:
    """Write messages that Meta was asked for because their own events didn't come."""
    ingested = ingest(page=page, snapshots=snapshots, source=MessageSource.WEBHOOK, now=now)
    reworded = _apply(page, _what_waited_for(page, ingested), now)
    _follow(page, ingested, ours=set(), reworded=reworded, now=now)


def _follow(
    page: Page,
    ingested: Sequence[Ingested],
    *,
    ours: Collection[str],
    reworded: set[UUID],
    now: datetime,
) -> None:
    """What follows from new messages: activities, an analysis, and news for open pages."""
    tell_of_webhooks(page, ingested, ours)
    changed = {i.conversation.pk for i in ingested if i.changed and i.conversation.has_text}
    wait_for_quiet(conversation_ids=changed | reworded, now=now)
    _tell(page, ingested)


def _changes(event: Event, received_at: datetime) -> list[Change]:
    at = happened_at(event, received_at)
    touch = touches.to_touch(event, at)
    return [*standing.to_notes(event, at), *([touch] if touch else [])]


def _lock_contacts(page: Page, events: Sequence[Event], changes: Sequence[Change]) -> None:
    """All contacts of the round in one go, so that no two writers wait for each other in a circle."""
    ids: set[UUID] = set()
    mids = {c.key for c in changes if c.kind not in standing.KINDS}
    if mids:
        rows = Message.objects.filter(page=page, remote_id__in=mids)
        ids |= set(rows.values_list("conversation__contact_id", flat=True))
    for platform in Platform:
        people = {e.customer_id for e in events if e.platform is platform and e.customer_id}
        if people:
            found = Contact.objects.filter(page=page, **{f"{id_column(platform)}__in": people})
            ids |= set(found.values_list("pk", flat=True))
    locked = Contact.objects.select_for_update().filter(pk__in=ids).order_by("id")
    list(locked.values_list("pk", flat=True))


def _what_waited_for(page: Page, ingested: Sequence[Ingested]) -> list[Change]:
    """What came too early for the messages and people that are here now."""
    keys = {message.remote_id for item in ingested for message in item.new}
    for item in ingested:
        for platform in Platform:
            person_id = getattr(item.contact, id_column(platform))
            if person_id:
                keys.add(person_key(platform, person_id))
    return unpark(page=page, keys=keys) if keys else []


def _apply(page: Page, changes: Sequence[Change], now: datetime) -> set[UUID]:
    """Apply changes; returns the conversations whose wording they changed."""
    standing.apply_notes(page=page, notes=[c for c in changes if c.kind in standing.KINDS], now=now)
    touched = touches.apply_touches(
        page=page, touches=[c for c in changes if c.kind not in standing.KINDS], now=now
    )
    refresh_wording(conversation_ids=touched.reworded, now=now)
    drop_quotes(page=page, message_ids=touched.unsent)
    inbox.forget_words(message_ids=touched.unsent)
    park(page=page, changes=touched.wordless, now=now)
    if touched.wordless:
        ask_to_reread(page)
    return set(touched.reworded)


def apply_parked(*, page: Page, keys: Iterable[str], now: datetime) -> None:
    """Apply what was parked for messages and people that something other than a webhook brought."""
    apply_changes(page=page, changes=unpark(page=page, keys=keys), now=now)


def apply_changes(*, page: Page, changes: Sequence[Change], now: datetime) -> None:
    """Apply changes that no webhook has just brought."""
    _lock_contacts(page, [], changes)
    wait_for_quiet(conversation_ids=_apply(page, changes, now), now=now)


def _await_announced(page: Page, events: Iterable[Received], now: datetime) -> None:
    """Remember the messages that are announced but not here: the sweep looks for those that don't come."""
    mids = {e.mid: e.platform for e, _ in events if isinstance(e, MessageAnnounced)}
    if not mids:
        return
    here = set(
        Message.objects.filter(page=page, remote_id__in=mids).values_list("remote_id", flat=True)
    )
    changes = [
        Change(mid, ANNOUNCED, now, {"platform": mids[mid].value})
        for mid in sorted(mids.keys() - here)
    ]
    park(page=page, changes=changes, now=now)


def _tell(page: Page, ingested: Sequence[Ingested]) -> None:
    """News for open pages, by ids alone."""
    contacts = sorted({str(item.contact.pk) for item in ingested if item.changed})
    few = {"contacts": contacts} if len(contacts) <= NAMED_MAX else {}
    publish(organization_id=page.organization_id, kind="messages.changed", page=str(page.pk), **few)
    publish(organization_id=page.organization_id, kind="contacts.changed", page=str(page.pk), **few)
