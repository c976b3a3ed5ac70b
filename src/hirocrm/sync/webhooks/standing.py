"""Events about a whole thread: read, delivered, where the person came from, which app owns it, what opens its window.

Every one leaves the same rows in whatever order it comes: the furthest receipt wins, the latest owner, and
referrals are kept in the order in which they happened.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import F

from hirocrm.contacts.models import Contact, Conversation, Message
from hirocrm.contacts.threads import id_column
from hirocrm.core.bulk import update_rows
from hirocrm.core.platforms import Platform
from hirocrm.core.text import clean
from hirocrm.meta.models import Page
from hirocrm.meta.webhooks.events import (
    ButtonPressed,
    Event,
    MessageCame,
    MessageReacted,
    MessagesDelivered,
    MessagesRead,
    PersonReferred,
    Referral,
    ThreadPassed,
)
from hirocrm.sync.webhooks.parking import Change, park, person_key

KINDS = frozenset({"read", "delivered", "referred", "owner", "acted"})
# Links into a thread; an ad opens the window only by the message that follows it.
# https://developers.facebook.com/docs/messenger-platform/policy/policy-overview
OPENING_LINKS = frozenset({"SHORTLINK", "IGME-SOURCE-LINK"})
ANOTHER_APP = "other"  # standby events don't say which app owns the thread
MOST_REFERRALS = 20


def to_notes(event: Event, at: datetime) -> list[Change]:
    """What an event says of its person's thread."""
    if not event.customer_id:
        return []
    key = person_key(event.platform, event.customer_id)
    found = []
    referral = _referral_of(event)
    if referral is not None:
        content = {name: clean(value) for name, value in asdict(referral).items()}
        found.append(Change(key, "referred", at, content))
    if _opens_window(event):
        found.append(Change(key, "acted", at, {}))
    owner = _owner_after(event)
    if owner is not None:
        found.append(Change(key, "owner", at, {"app": owner}))
    if isinstance(event, MessagesRead):
        found += _receipts(key, "read", event.until, [event.mid] if event.mid else [], at)
    elif isinstance(event, MessagesDelivered):
        found += _receipts(key, "delivered", event.until, event.mids, at)
    return found


def _referral_of(event: Event) -> Referral | None:
    return (
        event.referral if isinstance(event, MessageCame | ButtonPressed | PersonReferred) else None
    )


def _opens_window(event: Event) -> bool:
    """Whether the customer turned to the business without a message; messages open the window by themselves."""
    if isinstance(event, MessageReacted):
        return not event.by_business and event.emoji is not None
    return isinstance(event, PersonReferred) and event.referral.source in OPENING_LINKS


def _owner_after(event: Event) -> str | None:
    """Who owns the thread by this event: "" is our app; None: it doesn't say."""
    if isinstance(event, ThreadPassed):
        return "" if event.owner_app_id == settings.FACEBOOK_APP_ID else clean(event.owner_app_id)
    return ANOTHER_APP if event.is_standby else None


def _receipts(
    person: str, kind: str, until: datetime | None, mids: Iterable[str], at: datetime
) -> list[Change]:
    """A receipt until a time says all; one for messages is settled, or parked, by each message's id.

    Nothing that was sent after the receipt can have been received, whatever the time in it says.
    """
    if until is not None:
        return [Change(person, kind, at, {"until": min(until, at).isoformat()})]
    return [Change(mid, kind, at, {"person": person}) for mid in mids]


def apply_notes(*, page: Page, notes: Sequence[Change], now: datetime) -> None:
    """Write what is known of threads that are here, and park the rest."""
    if not notes:
        return
    threads = _threads(page, {_person_of(note) for note in notes})
    sent_at = _sent_at(page, notes)
    unsettled: list[Change] = []
    referrals: defaultdict[str, list[Change]] = defaultdict(list)
    changed: dict[str, Conversation] = {}
    for note in notes:
        thread = threads.get(_person_of(note))
        if thread is None or (_is_by_message(note) and note.key not in sent_at):
            unsettled.append(note)
        elif note.kind == "referred":
            referrals[note.key].append(note)
        elif _advance(thread, note, sent_at):
            changed[_person_of(note)] = thread
    update_rows(
        Conversation,
        ["id", "delivered_until", "read_until", "thread_owner", "thread_owner_at", "customer_acted_at"],
        [
            (c.pk, c.delivered_until, c.read_until, c.thread_owner, c.thread_owner_at, c.customer_acted_at)
            for c in changed.values()
        ],
    )  # fmt: skip
    _open_windows(changed.values())
    _refer({threads[key].contact_id: notes for key, notes in referrals.items()})
    park(page=page, changes=unsettled, now=now)


def _person_of(note: Change) -> str:
    return str(note.content.get("person", note.key))


def _is_by_message(note: Change) -> bool:
    return "person" in note.content


def _threads(page: Page, keys: set[str]) -> dict[str, Conversation]:
    """The threads with these people, locked."""
    found: dict[str, Conversation] = {}
    for platform in Platform:
        ids = [key.removeprefix(prefix) for key in keys if key.startswith(prefix := person_key(platform, ""))]  # fmt: skip
        if not ids:
            continue
        column = f"contact__{id_column(platform)}"
        rows = (
            Conversation.objects.select_for_update(of=("self",))
            .filter(page=page, platform=platform.value, **{f"{column}__in": ids})
            .annotate(person_id=F(column))
            .order_by("id")
        )
        found |= {person_key(platform, row.person_id): row for row in rows}
    return found


def _sent_at(page: Page, notes: Sequence[Change]) -> dict[str, datetime]:
    """When the messages were sent that receipts name by their ids."""
    mids = {note.key for note in notes if _is_by_message(note)}
    if not mids:
        return {}
    rows = Message.objects.filter(page=page, remote_id__in=mids)
    return dict(rows.values_list("remote_id", "created_time"))


def _advance(thread: Conversation, note: Change, sent_at: dict[str, datetime]) -> bool:
    if note.kind == "owner":
        return _own(thread, note)
    if note.kind == "acted":
        return _act(thread, note)
    by_message = _is_by_message(note)
    until = sent_at[note.key] if by_message else datetime.fromisoformat(note.content["until"])
    before = thread.delivered_until, thread.read_until
    thread.delivered_until = max(thread.delivered_until or until, until)
    if note.kind == "read":  # what was read was delivered, too
        thread.read_until = max(thread.read_until or until, until)
    return before != (thread.delivered_until, thread.read_until)


def _act(thread: Conversation, note: Change) -> bool:
    known = thread.customer_acted_at
    thread.customer_acted_at = max(known or note.at, note.at)
    return known != thread.customer_acted_at


def _own(thread: Conversation, note: Change) -> bool:
    """The latest handover says who; a standby event, which names nobody, counts only while there was none."""
    owner = note.content["app"]
    if owner == ANOTHER_APP:
        if thread.thread_owner_at is not None or thread.thread_owner:
            return False
        thread.thread_owner = owner
        return True
    if thread.thread_owner_at is not None and note.at <= thread.thread_owner_at:
        return False
    thread.thread_owner, thread.thread_owner_at = owner, note.at
    return True


def _open_windows(threads: Iterable[Conversation]) -> None:
    """Let the contacts know when they last opened a window."""
    moments = sorted((c.customer_acted_at, c.contact_id) for c in threads if c.customer_acted_at)
    acted = {
        contact_id: at for at, contact_id in moments
    }  # the latest, should somebody use both channels
    if not acted:
        return
    known = dict(Contact.objects.filter(pk__in=acted).values_list("pk", "customer_acted_at"))
    rows = [(pk, max(at, known[pk] or at)) for pk, at in acted.items() if pk in known]
    update_rows(Contact, ["id", "customer_acted_at"], rows)


def _refer(notes: dict[Any, list[Change]]) -> None:
    if not notes:
        return
    rows = list(Contact.objects.filter(pk__in=notes).only("id", "referrals"))
    for row in rows:
        row.referrals = _with_referrals(row.referrals, notes[row.pk])
    update_rows(Contact, ["id", "referrals"], [(row.pk, json.dumps(row.referrals)) for row in rows])


def _with_referrals(known: list[dict[str, Any]], notes: Sequence[Change]) -> list[dict[str, Any]]:
    """In order and each once; of very many the first, which won the customer, and the latest."""
    told = [
        {
            "source": note.content["source"], "type": note.content["type"], "ref": note.content["ref"],
            "adId": note.content["ad_id"], "adTitle": note.content["ad_title"], "at": note.at.isoformat(),
        }
        for note in notes
    ]  # fmt: skip
    unique = {json.dumps(entry, sort_keys=True): entry for entry in [*known, *told]}
    ordered = sorted(
        unique.values(), key=lambda entry: (entry["at"], json.dumps(entry, sort_keys=True))
    )
    if len(ordered) > MOST_REFERRALS:
        return [ordered[0], *ordered[1 - MOST_REFERRALS :]]
    return ordered
