"""All that is kept of one person, as one JSON document: for the person, or for another program."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Model, QuerySet

from hirocrm.analysis import queries as analyses
from hirocrm.contacts import queries as contacts
from hirocrm.contacts.models import Contact, Conversation, StageChange
from hirocrm.inbox.models import OutgoingMessage
from hirocrm.organizations.models import Member
from hirocrm.organizations.services import record_audit
from hirocrm.pipelines.models import Assignment, Suggestion

FORMAT = "hirocrm.contact/1"
# Ours alone: what other columns are made of, and who else's row it is.
_LEFT_OUT = frozenset(
    {"search", "search_text", "organization_id", "analysed_settings", "input_hash", "client_key"}
)


@transaction.atomic
def export_contact(*, member: Member, contact_id: UUID, now: datetime) -> dict[str, Any]:
    """Everything about a contact, in plain JSON values. The audit log tells that it was taken out.

    Raises:
        ContactNotFound: no such contact here.
    """
    contact = contacts.get_contact(member=member, contact_id=contact_id)
    record_audit(member=member, action="contact.exported", subject=str(contact.id), details={})
    page = contact.page
    return {
        "format": FORMAT,
        "exportedAt": now.isoformat(),
        "page": {"id": str(page.id), "remoteId": page.remote_id, "name": page.name},
        "contact": _plain(contact),
        **{name: [_plain(row) for row in rows] for name, rows in _lists(contact).items()},
    }


def _lists(contact: Contact) -> Mapping[str, Iterable[Model]]:
    own = {"organization_id": contact.organization_id, "contact_id": contact.id}
    through = {
        "organization_id": contact.organization_id,
        "conversation__contact_id": contact.id,
    }
    found: dict[str, QuerySet[Any]] = {
        "conversations": Conversation.objects.filter(**own).order_by("created_at", "id"),
        "messages": contacts.messages_of(contact).order_by("created_time", "id"),
        "sentFromHere": OutgoingMessage.objects.filter(**through).order_by("created_at", "id"),
        "notes": contacts.notes_of(contact).order_by("created_at", "id"),
        "tasks": contacts.tasks_of(contact).order_by("created_at", "id"),
        "activities": contacts.activities_of(contact).order_by("created_at", "id"),
        "stageChanges": StageChange.objects.filter(**own).order_by("created_at", "id"),
        "analyses": analyses.analyses_of(contact).order_by("created_at", "id"),
        "assignments": Assignment.objects.filter(**own).order_by("created_at", "id"),
        "suggestions": Suggestion.objects.filter(**own).order_by("created_at", "id"),
    }
    return {name: rows.iterator(chunk_size=500) for name, rows in found.items()}


def _plain(row: Model) -> dict[str, Any]:
    """A row's columns by their names; ids and times as text."""
    names = (field.attname for field in row._meta.concrete_fields)  # noqa: SLF001  # Django documents _meta
    return {name: _value(getattr(row, name)) for name in names if name not in _LEFT_OUT}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    return str(value)
