"""Contacts as rows of a CSV file, out and in.

A cell that a spreadsheet program would run as a formula gets an apostrophe in front, which such programs
hide; it is taken off again on the way in.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hirocrm.contacts.errors import SpreadsheetInvalid
from hirocrm.contacts.models import Contact
from hirocrm.core.text import clean
from hirocrm.core.vocabulary import LeadStatus

EXPORT_COLUMNS = (
    "id",
    "pageId",
    "pageName",
    "messengerPSID",
    "instagramSID",
    "username",
    "firstName",
    "lastName",
    "email",
    "phone",
    "tags",
    "pipeline",
    "stage",
    "leadScore",
    "leadStatus",
    "needsReview",
    "sentiment",
    "urgency",
    "lastInteraction",
    "createdAt",
    "summary",
)
IMPORT_COLUMNS = frozenset(
    {
        "id",
        "pageId",
        "messengerPSID",
        "instagramSID",
        "firstName",
        "lastName",
        "email",
        "phone",
        "tags",
        "leadScore",
        "leadStatus",
    }
)
TAG_SEPARATOR = ";"
MAX_ROWS = 5_000
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
LENGTHS = {
    "firstName": 255,
    "lastName": 255,
    "email": 254,
    "phone": 40,
    "messengerPSID": 128,
    "instagramSID": 128,
}


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A row that can be taken: its line in the file, and its cells by column, empty ones left out."""

    line: int
    cells: Mapping[str, str]
    score: int | None
    status: str | None

    @property
    def tags(self) -> list[str]:
        """The row's tags."""
        return [tag for tag in self.cells.get("tags", "").split(TAG_SEPARATOR) if tag.strip()]


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong with one line of the file; the others are taken."""

    line: int
    error: str


def csv_lines(contacts: Iterable[Contact], *, header: bool) -> str:
    """The contacts as CSV lines. They must come with page, pipeline and stage."""
    out = io.StringIO()
    writer = csv.writer(out)
    if header:
        writer.writerow(EXPORT_COLUMNS)
    for contact in contacts:
        writer.writerow([safe_cell(value) for value in _values(contact)])
    return out.getvalue()


def _values(contact: Contact) -> Sequence[Any]:
    return (
        contact.id,
        contact.page.remote_id,
        contact.page.name,
        contact.messenger_psid,
        contact.instagram_sid,
        contact.username,
        contact.first_name,
        contact.last_name,
        contact.email,
        contact.phone,
        TAG_SEPARATOR.join(contact.tags),
        contact.pipeline.name if contact.pipeline else "",
        contact.stage.name if contact.stage else "",
        contact.lead_score,
        contact.lead_status,
        contact.needs_review,
        contact.sentiment,
        contact.urgency,
        contact.last_interaction_at,
        contact.created_at,
        contact.ai_context,
    )


def safe_cell(value: Any) -> str:
    """A value as a cell that no spreadsheet program runs."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def read_rows(content: bytes) -> Iterator[ImportRow | LineError]:
    """The rows of a CSV file (UTF-8, comma or semicolon, the column names in the first line).

    Raises:
        SpreadsheetInvalid: the file as a whole can't be read.
    """
    try:
        text = clean(content.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise SpreadsheetInvalid("The file isn't UTF-8. Save it as “CSV UTF-8”.") from exc
    first_line = text.partition("\n")[0]
    separator = ";" if first_line.count(";") > first_line.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    _check_columns(reader)
    try:
        for number, cells in enumerate(reader, start=1):
            if number > MAX_ROWS:
                raise SpreadsheetInvalid(
                    f"The file has more than {MAX_ROWS} rows. Split it into smaller ones."
                )
            yield _read(reader.line_num, cells)
    except csv.Error as exc:
        raise SpreadsheetInvalid(f"Line {reader.line_num} can't be read as CSV: {exc}.") from exc


def _check_columns(reader: "csv.DictReader[str]") -> None:
    try:
        names = {name.strip() for name in reader.fieldnames or ()}
    except csv.Error as exc:
        raise SpreadsheetInvalid(f"The first line can't be read as CSV: {exc}.") from exc
    if not names & IMPORT_COLUMNS:
        raise SpreadsheetInvalid(
            f"The first line must name columns, of {', '.join(sorted(IMPORT_COLUMNS))}."
        )
    reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]


def _read(line: int, raw: Mapping[str | None, Any]) -> ImportRow | LineError:
    if None in raw:
        return LineError(line, "The line has more cells than the first line has names.")
    cells = {
        str(name): _without_apostrophe(value.strip())
        for name, value in raw.items()
        if name in IMPORT_COLUMNS and value and value.strip()
    }
    for name, length in LENGTHS.items():
        if len(cells.get(name, "")) > length:
            return LineError(line, f"{name} has more than {length} characters.")
    score = cells.get("leadScore")
    if score is not None and not (score.isdecimal() and score.isascii() and int(score) <= 100):
        return LineError(line, "leadScore must be a whole number from 0 to 100.")
    status = cells.get("leadStatus")
    if status is not None and status not in list(LeadStatus):
        return LineError(line, f"leadStatus must be one of {', '.join(LeadStatus)}.")
    return ImportRow(line, cells, int(score) if score is not None else None, status)


def _without_apostrophe(value: str) -> str:
    return value[1:] if value.startswith("'") and value[1:].startswith(FORMULA_STARTS) else value
