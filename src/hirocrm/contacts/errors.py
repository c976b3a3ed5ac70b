"""Refusals of this module."""

from hirocrm.core.errors import Invalid, NotFound


class ContactNotFound(NotFound):
    """No such contact in this organization."""

    code = "contact_not_found"


class NoteNotFound(NotFound):
    """No such note on this contact."""

    code = "note_not_found"


class TaskNotFound(NotFound):
    """No such task on this contact."""

    code = "task_not_found"


class FilterInvalid(Invalid):
    """A filter or sort that can't be applied."""

    code = "filter_invalid"


class SpreadsheetInvalid(Invalid):
    """The CSV file as a whole can't be read; the sentence says why."""

    code = "spreadsheet_invalid"


class SavedViewNotFound(NotFound):
    """No such view of the member's own."""

    code = "saved_view_not_found"
