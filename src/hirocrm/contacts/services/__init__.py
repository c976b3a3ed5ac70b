"""Writes a person makes on contacts. What sources bring is written by `ingest`."""

from hirocrm.contacts.services.contacts import (
    add_tags,
    delete_contact,
    delete_contacts,
    erase,
    remove_tag,
    search_text_of,
    update_contact,
)
from hirocrm.contacts.services.notes import (
    add_note,
    change_note,
    complete_task,
    create_task,
    delete_note,
    delete_task,
    reopen_task,
    update_task,
)
from hirocrm.contacts.services.spreadsheets import SpreadsheetResult, import_spreadsheet
from hirocrm.contacts.services.tags import (
    tag_contacts,
    undo_tagging,
    undo_untagging,
    untag_contacts,
)
from hirocrm.contacts.services.views import delete_view, save_view

__all__ = [
    "SpreadsheetResult",
    "add_note",
    "add_tags",
    "change_note",
    "complete_task",
    "create_task",
    "delete_contact",
    "delete_contacts",
    "delete_note",
    "delete_task",
    "delete_view",
    "erase",
    "import_spreadsheet",
    "remove_tag",
    "reopen_task",
    "save_view",
    "search_text_of",
    "tag_contacts",
    "undo_tagging",
    "undo_untagging",
    "untag_contacts",
    "update_contact",
    "update_task",
]
