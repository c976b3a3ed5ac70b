"""Cursor pagination over a unique order: stable while rows come and go, and as quick on page 500 as on page 1."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, Model, OrderBy, Q, QuerySet

from hirocrm.core.errors import Invalid
from hirocrm.core.text import clean

M = TypeVar("M", bound=Model)
MAX_LIMIT = 200


class InvalidCursor(Invalid):
    """The cursor isn't one we gave, or belongs to another sort order."""

    code = "invalid_cursor"


@dataclass(frozen=True, slots=True)
class Order:
    """One column of a sort. `attribute` is the field's name; nulls sort last either way."""

    attribute: str
    descending: bool = False


@dataclass(frozen=True)
class CursorPage(Generic[M]):
    """A page of rows, and the cursor of the next one (None: this is the last)."""

    items: list[M]
    next_cursor: str | None


def paginate(
    rows: QuerySet[M], *, order: Sequence[Order], limit: int, cursor: str | None
) -> CursorPage[M]:
    """Rows after `cursor` in `order`, whose last column must be unique.

    Raises:
        InvalidCursor: the cursor can't be read or was made for another order.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    if cursor:
        values = _decode(cursor, order)
        try:
            rows = rows.filter(_after(order, values))
        except (ValidationError, ValueError, TypeError) as exc:
            raise InvalidCursor("This cursor can't be read. Start again without it.") from exc
    found = list(rows.order_by(*ordering(order))[: limit + 1])
    more = len(found) > limit
    items = found[:limit]
    return CursorPage(items, cursor_of(items[-1], order) if more else None)


def ordering(order: Sequence[Order]) -> list[OrderBy]:
    """The order as a queryset's `order_by` takes it."""
    return [
        F(o.attribute).desc(nulls_last=True)
        if o.descending
        else F(o.attribute).asc(nulls_last=True)
        for o in order
    ]


def cursor_of(row: Model, order: Sequence[Order]) -> str:
    """The cursor that asks for what comes after `row`."""
    values = [_plain(getattr(row, o.attribute)) for o in order]
    raw = json.dumps([[o.attribute, o.descending] for o in order] + values, default=str)
    return base64.urlsafe_b64encode(raw.encode()).decode("ascii").rstrip("=")


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _decode(cursor: str, order: Sequence[Order]) -> list[Any]:
    try:
        raw = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
        made_for, values = raw[: len(order)], raw[len(order) :]
    except (ValueError, TypeError, KeyError) as exc:
        raise InvalidCursor("This cursor can't be read. Start again without it.") from exc
    if made_for != [[o.attribute, o.descending] for o in order] or len(values) != len(order):
        raise InvalidCursor("This cursor was made for another sort order. Start again without it.")
    return [clean(value) if isinstance(value, str) else value for value in values]


def _after(order: Sequence[Order], values: Sequence[Any]) -> Q:
    """The condition "sorts after these values": a beyond x, or a = x and b beyond y, and so on."""
    condition = Q()
    same = Q()
    for column, value in zip(order, values, strict=True):
        name = column.attribute
        if value is None:  # nulls are last: nothing of this column comes after
            same &= Q(**{f"{name}__isnull": True})
            continue
        beyond = Q(**{f"{name}__{'lt' if column.descending else 'gt'}": value}) | Q(
            **{f"{name}__isnull": True}
        )
        condition |= same & beyond
        same &= Q(**{name: value})
    return condition
