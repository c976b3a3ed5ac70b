"""Contacts from a CSV file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from hirocrm.contacts.models import Contact
from hirocrm.contacts.search import build_search_text
from hirocrm.contacts.services.contacts import clean_tags
from hirocrm.contacts.snapshots import NameSource
from hirocrm.contacts.spreadsheets import ImportRow, LineError, read_rows
from hirocrm.core import events
from hirocrm.core.errors import Invalid
from hirocrm.meta.models import ConnectionState, Page
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right

BATCH = 500
WRITTEN = (
    "first_name",
    "last_name",
    "name_source",
    "email",
    "phone",
    "tags",
    "lead_score",
    "lead_status",
    "search_text",
    "updated_at",
)


@dataclass(slots=True)
class SpreadsheetResult:
    """What came of a file: rows taken, and what is wrong with the others."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: list[LineError] = field(default_factory=list)


@transaction.atomic
def import_spreadsheet(
    *, member: Member, content: bytes, page_id: UUID | None = None, now: datetime
) -> SpreadsheetResult:
    """Update contacts that a row names by id or by Meta's id, and add the others to their Page.

    `page_id` (HiroCRM's) is the Page of rows that name none. An empty cell changes nothing. Tags are added.

    Raises:
        SpreadsheetInvalid: the file as a whole can't be read.
    """
    permissions.require(member, Right.WORK)
    result = SpreadsheetResult()
    rows: list[ImportRow] = []
    for item in read_rows(content):
        if isinstance(item, LineError):
            result.errors.append(item)
        else:
            rows.append(item)
    book = _Book(member, rows, page_id, now)
    for row in rows:
        try:
            book.take(row)
        except Invalid as exc:
            result.errors.append(LineError(row.line, exc.sentence))
    book.save()
    result.created, result.updated = len(book.created), len(book.updated)
    result.unchanged = book.unchanged
    result.errors.sort(key=lambda error: error.line)
    if book.created or book.updated:
        count = len(book.created) + len(book.updated)
        events.publish(organization_id=member.organization_id, kind="contacts.changed", count=count)
    return result


class _Book:
    """The organization's contacts that a file speaks of, found in three statements and written in two."""

    def __init__(
        self, member: Member, rows: Sequence[ImportRow], page_id: UUID | None, now: datetime
    ) -> None:
        self.member, self.now = member, now
        pages = Page.objects.filter(organization_id=member.organization_id).exclude(
            state=ConnectionState.FORGOTTEN
        )
        self.pages: dict[str, Page] = {}
        for page in pages:
            self.pages[str(page.id)] = page
            if page.remote_id:
                self.pages[page.remote_id] = page
        self.default_page = self.pages.get(str(page_id)) if page_id else None
        self.found = self._find(rows)
        self.created: dict[UUID, Contact] = {}
        self.updated: dict[UUID, Contact] = {}
        self.unchanged = 0

    def _find(self, rows: Sequence[ImportRow]) -> dict[tuple[str, str], Contact]:
        wanted = Q(id__in=[i for row in rows if (i := _uuid(row.cells.get("id", "")))])
        for column, name in (
            ("messengerPSID", "messenger_psid"),
            ("instagramSID", "instagram_sid"),
        ):
            values = [row.cells[column] for row in rows if column in row.cells]
            wanted |= Q(**{f"{name}__in": values})
        found: dict[tuple[str, str], Contact] = {}
        contacts = Contact.objects.select_for_update().filter(
            wanted, organization_id=self.member.organization_id
        )
        for contact in contacts.order_by("id").defer("search", "ai_context"):
            found["id", str(contact.id)] = contact
            for key in _keys(contact):
                found[key] = contact
        return found

    def take(self, row: ImportRow) -> None:
        """Match the row with a contact, and note what changes.

        Raises:
            Invalid: it names a contact or Page that isn't there.
        """
        contact = self._match(row)
        if contact is None:
            contact = self._add(row)
            _apply(contact, row)
            contact.search_text = _searched(contact)
            return
        before = _state(contact)
        _apply(contact, row)
        if _state(contact) == before:
            self.unchanged += contact.id not in self.updated and contact.id not in self.created
            return
        contact.updated_at = self.now
        contact.search_text = f"{_searched(contact)} {contact.search_text}"
        if contact.id not in self.created:
            self.updated[contact.id] = contact

    def _match(self, row: ImportRow) -> Contact | None:
        if "id" in row.cells:
            contact_id = _uuid(row.cells["id"])
            contact = self.found.get(("id", str(contact_id)))
            if contact is None:
                raise Invalid("There is no contact with this id.")
            return contact
        page = self._page(row)
        for column in ("messengerPSID", "instagramSID"):
            contact = self.found.get((f"{page.id}:{column}", row.cells.get(column, "")))
            if contact is not None:
                return contact
        return None

    def _page(self, row: ImportRow) -> Page:
        named = row.cells.get("pageId")
        page = self.pages.get(named) if named else self.default_page
        if page is None:
            raise Invalid(
                "There is no such Page." if named else "Name a contact by id, or a Page by pageId."
            )
        return page

    def _add(self, row: ImportRow) -> Contact:
        if not row.cells.keys() & {"firstName", "lastName", "messengerPSID", "instagramSID"}:
            raise Invalid("A new contact needs a name or an id of Meta's.")
        contact = Contact(
            organization_id=self.member.organization_id,
            page=self._page(row),
            messenger_psid=row.cells.get("messengerPSID"),
            instagram_sid=row.cells.get("instagramSID"),
        )
        self.created[contact.id] = contact
        for key in _keys(contact):
            self.found[key] = contact
        return contact

    def save(self) -> None:
        """Write what was noted."""
        Contact.objects.bulk_create(self.created.values(), batch_size=BATCH)
        Contact.objects.bulk_update(self.updated.values(), list(WRITTEN), batch_size=BATCH)


def _keys(contact: Contact) -> list[tuple[str, str]]:
    known = (("messengerPSID", contact.messenger_psid), ("instagramSID", contact.instagram_sid))
    return [(f"{contact.page_id}:{column}", value) for column, value in known if value]


def _state(contact: Contact) -> tuple[object, ...]:
    return (
        contact.first_name,
        contact.last_name,
        contact.email,
        contact.phone,
        tuple(contact.tags),
        contact.lead_score,
        contact.lead_status,
    )


def _apply(contact: Contact, row: ImportRow) -> None:
    for column, name in (
        ("firstName", "first_name"),
        ("lastName", "last_name"),
        ("email", "email"),
        ("phone", "phone"),
    ):
        if column in row.cells:
            setattr(contact, name, row.cells[column])
    if {"firstName", "lastName"} & row.cells.keys():
        contact.name_source = NameSource.PERSON.value
    if row.tags:
        contact.tags = clean_tags([*contact.tags, *row.tags])
    contact.lead_score = contact.lead_score if row.score is None else row.score
    contact.lead_status = row.status or contact.lead_status


def _searched(contact: Contact) -> str:
    return build_search_text(
        contact.first_name, contact.last_name, contact.username, contact.tags, ()
    )


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
