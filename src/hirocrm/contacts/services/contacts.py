"""Changes of a contact's own fields and tags, and its removal; one by one, or many erased at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from hirocrm.contacts import queries
from hirocrm.contacts.erased import people_of, remember_erased
from hirocrm.contacts.models import Activity, ActivityType, Contact, Message
from hirocrm.contacts.search import build_search_text
from hirocrm.contacts.services.timeline import build_activity, tagged
from hirocrm.contacts.snapshots import NameSource
from hirocrm.core import events, jobs
from hirocrm.core.errors import Invalid
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.organizations.services import record_audit

CONTACT_FIELDS = frozenset(
    {"first_name", "last_name", "email", "phone", "tags", "lead_score", "lead_status"}
)
MAX_TAGS = 50
TAG_LENGTH = 50
SEARCHED_TEXTS = 40  # newest message texts that search looks into
BATCH = 1_000
# How old a message may be that a kept delivery tells of: entries that couldn't be read are kept for 30 days, and
# what is told of a message without saying whose it is (an edit) comes within the hour.
TRACED = timedelta(days=45)


@transaction.atomic
def update_contact(
    *, member: Member, contact_id: UUID, changes: Mapping[str, Any], now: datetime
) -> Contact:
    """Change names, e-mail, phone, tags, score or status; a typed name never gives way to Meta's.

    Raises:
        ContactNotFound: no such contact here.
    """
    permissions.require(member, Right.WORK)
    contact = queries.get_contact(member=member, contact_id=contact_id, for_update=True)
    fields = sorted(CONTACT_FIELDS & changes.keys())
    before = {field: getattr(contact, field) for field in fields}
    for field in fields:
        setattr(contact, field, changes[field])
    if "tags" in fields:
        contact.tags = clean_tags(contact.tags)
    changed = [field for field in fields if getattr(contact, field) != before[field]]
    if not changed:
        return contact
    if {"first_name", "last_name"} & set(changed):
        contact.name_source = NameSource.PERSON.value
        changed.append("name_source")
    contact.search_text = search_text_of(contact)
    contact.save(update_fields=[*changed, "search_text", "updated_at"])
    Activity.objects.bulk_create(_activities(member, contact, before, now))
    publish_change(contact)
    return contact


@transaction.atomic
def delete_contact(*, member: Member, contact_id: UUID, now: datetime) -> None:
    """Erase a contact with its conversations, messages, notes, tasks and history.

    Analyses, and what was learned from them, go too. A sync brings nothing of it back; only what the person
    writes from now on makes a new contact.

    Raises:
        ContactNotFound: no such contact here.
    """
    permissions.require(member, Right.ERASE)
    contact = queries.get_contact(member=member, contact_id=contact_id, for_update=True)
    events.publish(
        organization_id=member.organization_id, kind="contact.deleted", contact=contact.id
    )
    record_audit(member=member, action="contact.erased", subject=str(contact.id), details={})
    erase(organization_id=member.organization_id, ids=[contact.id], now=now)


@transaction.atomic
def add_tags(*, member: Member, contact_id: UUID, tags: Sequence[str], now: datetime) -> Contact:
    """Put tags on a contact; those it has already are kept once."""
    contact = queries.get_contact(member=member, contact_id=contact_id)
    wanted = [*contact.tags, *tags]
    return update_contact(member=member, contact_id=contact_id, changes={"tags": wanted}, now=now)


@transaction.atomic
def remove_tag(*, member: Member, contact_id: UUID, tag: str, now: datetime) -> Contact:
    """Take a tag off a contact; nothing happens if it isn't there."""
    contact = queries.get_contact(member=member, contact_id=contact_id)
    wanted = [kept for kept in contact.tags if kept != tag.strip()]
    return update_contact(member=member, contact_id=contact_id, changes={"tags": wanted}, now=now)


@transaction.atomic
def delete_contacts(*, member: Member, contacts: QuerySet[Contact], now: datetime) -> int:
    """Erase many contacts with all that belongs to them; returns how many there were."""
    permissions.require(member, Right.ERASE)
    ids = list(contacts.order_by("id").values_list("id", flat=True))
    for start in range(0, len(ids), BATCH):
        portion = ids[start : start + BATCH]
        erase(organization_id=member.organization_id, ids=portion, now=now)
    if ids:
        details = {"contacts": len(ids)}
        record_audit(member=member, action="contacts.erased", subject="", details=details)
    publish_changes(member, len(ids))
    return len(ids)


def erase(*, organization_id: UUID, ids: Sequence[UUID], now: datetime) -> int:
    """Erase contacts in the caller's transaction; returns how many. Services that call it have asked who may.

    Remembered is that these people were erased; a job looks for them in what Meta's webhooks delivered.
    """
    rows = Contact.objects.filter(organization_id=organization_id, id__in=ids)
    found = list(rows.only("id", "organization_id", "page_id", "messenger_psid", "instagram_sid"))
    remember_erased(found, now)
    people = [person_id for contact in found for _, person_id in people_of(contact)]
    if people:
        recent = Message.objects.filter(
            conversation__contact__in=found, created_time__gte=now - TRACED
        )
        jobs.defer(
            "privacy.forget_traces",
            organization_id=str(organization_id),
            people=people,
            messages=list(recent.order_by("id").values_list("remote_id", flat=True)),
        )
    rows.delete()
    return len(found)


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Tags without surrounding space, each once, in the given order.

    Raises:
        Invalid: a tag is too long, or there are too many.
    """
    found = list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    if any(len(tag) > TAG_LENGTH for tag in found):
        raise Invalid(f"A tag has at most {TAG_LENGTH} characters.", field="tags")
    if len(found) > MAX_TAGS:
        raise Invalid(f"A contact has at most {MAX_TAGS} tags.", field="tags")
    return found


def search_text_of(contact: Contact) -> str:
    """What search should look into for this contact, read anew from its messages."""
    texts = (
        Message.objects.filter(
            organization_id=contact.organization_id,
            conversation__contact_id=contact.id,
            text__isnull=False,
        )
        .order_by("-created_time")
        .values_list("text", flat=True)[:SEARCHED_TEXTS]
    )
    return build_search_text(
        first_name=contact.first_name,
        last_name=contact.last_name,
        username=contact.username,
        tags=contact.tags,
        texts=[text for text in texts if text],
    )


def publish_change(contact: Contact) -> None:
    """Tell live pages that this contact looks different now."""
    events.publish(
        organization_id=contact.organization_id, kind="contact.changed", contact=contact.id
    )


def publish_changes(member: Member, count: int) -> None:
    """Tell live pages that many contacts look different now."""
    if count:
        events.publish(organization_id=member.organization_id, kind="contacts.changed", count=count)


def _activities(
    member: Member, contact: Contact, before: Mapping[str, Any], now: datetime
) -> Iterable[Activity]:
    """What the timeline says of the change: a new status, and tags that were added."""
    if before.get("lead_status", contact.lead_status) != contact.lead_status:
        yield build_activity(
            member=member,
            contact_id=contact.id,
            kind=ActivityType.STATUS_CHANGED,
            title=f"Status changed to {contact.lead_status}",
            metadata={"from": before["lead_status"], "to": contact.lead_status},
            now=now,
        )
    added = [tag for tag in contact.tags if tag not in before.get("tags", contact.tags)]
    if added:
        yield tagged(member, contact.id, added, now)
