"""People who were erased: what they wrote until then doesn't come back, what they write afterwards is new.

Kept of them is a keyed hash of platform and id, without which nobody could tell that a sync brings them back.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from hirocrm.contacts.models import Contact, ErasedPerson
from hirocrm.contacts.snapshots import ConversationSnapshot
from hirocrm.core.encryption import keyed_hash, keyed_hashes
from hirocrm.core.platforms import Platform
from hirocrm.meta.models import Page


def remember_erased(contacts: Iterable[Contact], now: datetime) -> None:
    """Note that these contacts are erased; call it in the transaction that erases them."""
    rows = [
        ErasedPerson(
            organization_id=contact.organization_id,
            page_id=contact.page_id,
            person_hash=keyed_hash(_key(platform, person_id)),
            erased_at=now,
        )
        for contact in contacts
        for platform, person_id in people_of(contact)
    ]
    ErasedPerson.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["page", "person_hash"],
        update_fields=["erased_at"],
    )


def people_of(contact: Contact) -> list[tuple[Platform, str]]:
    """The contact's ids, by platform."""
    ids = (
        (Platform.MESSENGER, contact.messenger_psid),
        (Platform.INSTAGRAM, contact.instagram_sid),
    )
    return [(platform, person_id) for platform, person_id in ids if person_id]


def find_erased(
    page: Page, people: Collection[tuple[Platform, str]]
) -> frozenset[tuple[Platform, str]]:
    """Those of a Page's people who were erased; some may have written since."""
    if not people or not ErasedPerson.objects.filter(page=page).exists():  # mostly none was
        return frozenset()
    hashes = {digest: person for person in people for digest in keyed_hashes(_key(*person))}
    rows = ErasedPerson.objects.filter(page=page, person_hash__in=hashes)
    return frozenset(hashes[digest] for digest in rows.values_list("person_hash", flat=True))


def without_erased(
    page: Page, snapshots: Sequence[ConversationSnapshot]
) -> Sequence[ConversationSnapshot]:
    """The snapshots without what was said until their people were erased; those with nothing else are left out."""
    erased = _erased_times(page, snapshots)
    if not erased:
        return snapshots
    kept = []
    for snapshot in snapshots:
        until = erased.get(_key(snapshot.platform, snapshot.participant.remote_id))
        if until is None:
            kept.append(snapshot)
            continue
        messages = tuple(m for m in snapshot.messages if m.created_at > until)
        if messages:
            kept.append(replace(snapshot, messages=messages))
    return kept


def _erased_times(page: Page, snapshots: Sequence[ConversationSnapshot]) -> dict[str, datetime]:
    """When the people of the snapshots were erased, as far as they were: one query, by hash."""
    keys = {_key(s.platform, s.participant.remote_id) for s in snapshots}
    hashes = {digest: key for key in keys for digest in keyed_hashes(key)}
    rows = ErasedPerson.objects.filter(page=page, person_hash__in=hashes)
    return {hashes[digest]: at for digest, at in rows.values_list("person_hash", "erased_at")}


def _key(platform: Platform, person_id: str) -> str:
    return f"{platform.value}:{person_id}"
