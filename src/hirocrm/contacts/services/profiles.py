"""Taking what Meta tells of a contact: a better name, username, locale, picture."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from hirocrm.contacts.ingest import split_name
from hirocrm.contacts.models import Contact, ContactPicture
from hirocrm.contacts.services.contacts import publish_change, search_text_of
from hirocrm.contacts.snapshots import NameSource, ParticipantSnapshot
from hirocrm.core.text import clean
from hirocrm.meta.profiles import Person, Picture

KEY_LENGTH = 16


@transaction.atomic
def take_profiles(*, people: Mapping[UUID, Person | None], now: datetime) -> int:
    """Take the profiles by their contacts' ids (None: Meta doesn't show it); returns how many contacts changed.

    A name that a person typed stays, and so does a name when Meta tells none.
    """
    changed = 0
    rows = Contact.objects.select_for_update().filter(pk__in=list(people)).defer("search")
    for contact in rows.order_by("id"):
        person = people[contact.pk]
        fields = _take(contact, person, now) if person is not None else []
        contact.profile_checked_at = now
        if fields:
            changed += 1
            contact.search_text = search_text_of(contact)
            fields += ["search_text", "updated_at"]
        contact.save(update_fields=[*fields, "profile_checked_at"])
        if fields:
            publish_change(contact)
    return changed


def _take(contact: Contact, person: Person, now: datetime) -> list[str]:
    """Set what is new; the names of the fields that changed."""
    fields = _take_name(contact, person)
    username = clean(person.username)[:64]
    if username and username != contact.username:
        contact.username = username
        fields.append("username")
    if person.locale and person.locale != contact.locale:
        contact.locale = clean(person.locale)
        fields.append("locale")
    if person.picture is not None and _keep_picture(contact, person.picture, now):
        fields.append("picture_key")
    return fields


def _take_name(contact: Contact, person: Person) -> list[str]:
    if contact.name_source > NameSource.PROFILE:
        return []
    told = ParticipantSnapshot(
        remote_id=contact.messenger_psid or contact.instagram_sid or "",
        name=person.name,
        username=person.username,
        name_source=NameSource.PROFILE,
    )
    first, last, source = split_name(told)
    if source < contact.name_source or source is NameSource.FALLBACK:
        return []
    if (first, last, int(source)) == (contact.first_name, contact.last_name, contact.name_source):
        return []
    contact.first_name, contact.last_name, contact.name_source = first, last, int(source)
    return ["first_name", "last_name", "name_source"]


def _keep_picture(contact: Contact, picture: Picture, now: datetime) -> bool:
    """Store the picture; whether it is another one than before."""
    key = hashlib.sha256(picture.content).hexdigest()[:KEY_LENGTH]
    if key == contact.picture_key:
        return False
    contact.picture_key = key
    ContactPicture.objects.update_or_create(
        contact=contact,
        defaults={
            "organization_id": contact.organization_id,
            "content": picture.content,
            "content_type": picture.content_type,
            "fetched_at": now,
        },
    )
    return True
