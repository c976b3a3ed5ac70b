"""Field types that take Meta's data as it comes.

Documents and captures disagree about almost every field: ids as numbers, times as ISO or Unix
time, lists bare or as `{"data": …}`. Whatever can't be read becomes None, so that one odd field
never costs a conversation. Only an object without an id is given up.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from hirocrm.core.text import shorten

_T = TypeVar("_T")

LONGEST_TEXT = 50_000  # characters; Messenger takes 20,000
_MILLISECONDS_FROM = 1e11  # Unix seconds stay below this until the year 5138
# Facebook began in 2004, and no token is made out for centuries: a time beyond these is a fault. Taken as it is,
# it would stand at one end of every list, and the ends of the calendar can't be shown in every time zone.
_EARLIEST, _LATEST = datetime(2004, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def clean_text(value: str) -> str:
    """`value` without what PostgreSQL can't store: NUL, and halves of surrogate pairs."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value.replace("\x00", "") if "\x00" in value else value


def read_id(value: object) -> str | None:
    """An id as a string, whatever it came as; None when it is none."""
    if isinstance(value, str):
        return clean_text(value).strip() or None
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int) else None


def read_time(value: object) -> datetime | None:
    """ISO 8601 (with `+0000` or not), or Unix time in seconds or milliseconds; else None, as for an absurd one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        moment = _read_number(value) or _read_iso(str(value).strip())
    except (ValueError, OverflowError, OSError):
        return None
    return moment if _EARLIEST <= moment < _LATEST else None


def _read_number(value: str | float) -> datetime | None:
    """None for what isn't a number."""
    try:
        number = float(value)
    except ValueError:
        return None
    seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
    return datetime.fromtimestamp(seconds, UTC)


def _read_iso(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def read_text(value: object) -> str | None:
    """Text without NUL, cut where it is longer than any of Meta's; None for an empty one and for what isn't text."""
    if not isinstance(value, str):
        return None if isinstance(value, bool) or not isinstance(value, int | float) else str(value)
    text = clean_text(value)
    return None if not text or text.isspace() else shorten(text, LONGEST_TEXT)


def read_count(value: object) -> int | None:
    """A whole number from 0, also from a string; else None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return None
    return number if number >= 0 else None


def read_flag(value: object) -> bool:
    """True for `true` and for the string "true"; Meta sends both."""
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def read_list(value: object) -> list[object]:
    """The items of a list, of `{"data": […]}`, or of a single object; [] for anything else."""
    if isinstance(value, Mapping):
        value = value.get("data", [value])
    return list(value) if isinstance(value, list | tuple) else []


def _or_none(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    try:
        return validate(value)
    except ValidationError:
        return None


def _each_readable(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    """Validate all items at once; when that fails, one by one, leaving out the unreadable."""
    items = read_list(value)
    if not items:
        return ()
    try:
        return validate(items)
    except ValidationError:
        pass
    kept: list[object] = []
    for item in items:
        try:
            kept.extend(validate([item]))
        except ValidationError:
            continue
    return tuple(kept)


Id = Annotated[str, BeforeValidator(read_id)]
OptionalId = Annotated[str | None, BeforeValidator(read_id)]
Text = Annotated[str | None, BeforeValidator(read_text)]
Time = Annotated[datetime | None, BeforeValidator(read_time)]
Count = Annotated[int | None, BeforeValidator(read_count)]
Flag = Annotated[bool, BeforeValidator(read_flag)]
Maybe = Annotated[_T | None, WrapValidator(_or_none)]
Many = Annotated[tuple[_T, ...], WrapValidator(_each_readable)]
