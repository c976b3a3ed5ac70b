"""Reads: contacts and what belongs to them."""

from hirocrm.contacts.queries.contacts import (
    get_contact,
    get_note,
    get_task,
    list_activities,
    list_conversations,
    list_export_rows,
    list_messages,
    list_notes,
    list_open_tasks,
    list_tags,
    list_tasks,
    require_contact,
)
from hirocrm.contacts.queries.filters import (
    DEFAULT_SORT,
    SORTS,
    ContactFilter,
    filter_contacts,
    list_contacts,
    page_reference,
)

__all__ = [
    "DEFAULT_SORT",
    "SORTS",
    "ContactFilter",
    "filter_contacts",
    "get_contact",
    "get_note",
    "get_task",
    "list_activities",
    "list_contacts",
    "list_conversations",
    "list_export_rows",
    "list_messages",
    "list_notes",
    "list_open_tasks",
    "list_tags",
    "list_tasks",
    "page_reference",
    "require_contact",
]
