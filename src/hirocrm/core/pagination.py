"""Cursor pagination over a unique order: stable while rows come and go, and as quick on page 500 as on page 1."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import DataError
from django.db.models import F, Model, OrderBy, Q, QuerySet, Value

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
    rows: QuerySet[M],
    *,
    order: Sequence[Order],
    limit: int,
    cursor: str | None,
    backwards: bool = False,
) -> CursorPage[M]:
    """Rows after `cursor` in `order`, whose last column must be unique; before it, nearest first, if `backwards`.

    Only the first column may hold nulls. They make a part of their own, so that each statement is a plain
    range of an index: "greater, or null" would be read from the index's beginning.

    Raises:
        InvalidCursor: the cursor can't be read or was made for another order.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    values = _decode(cursor, order) if cursor else []
    parts = _parts(rows, tuple(order), is_start=not values and not backwards)
    if values and values[0] is None and len(parts) > 1:
        values = values[1:]
        parts = parts[::-1] if backwards else parts[1:]
    elif backwards:
        parts = parts[:1] if values else parts[::-1]
    found: list[M] = []
    try:
        for part in parts:
            found += part.read(after=values, limit=limit + 1 - len(found), backwards=backwards)
            values = []
            if len(found) > limit:
                break
    except (ValidationError, ValueError, TypeError, DataError) as exc:
        raise InvalidCursor("This cursor can't be read. Start again without it.") from exc
    items = found[:limit]
    return CursorPage(items, cursor_of(items[-1], order) if len(found) > limit else None)


def neighbours(rows: QuerySet[M], *, order: Sequence[Order], row: M) -> tuple[M | None, M | None]:
    """The rows just before and just after `row`, which isn't among `rows`, in one statement.

    At the border of the rows that have no value in the first column it takes more.
    """
    cursor = cursor_of(row, order)
    values = [getattr(row, one.attribute) for one in order]
    found: dict[bool, M] = {}
    if values[0] is not None:
        part = _parts(rows, tuple(order), is_start=False)[0]
        before, after = (
            part.ask(after=values, limit=1, backwards=side).annotate(is_before=Value(side))
            for side in (True, False)
        )
        found = {one.is_before: one for one in before.union(after, all=True)}  # type: ignore[attr-defined]  # annotated
    if _is_nullable(rows.model, order[0].attribute):
        for side in {True, False} - found.keys():
            page = paginate(rows, order=order, limit=1, cursor=cursor, backwards=side)
            if page.items:
                found[side] = page.items[0]
    return found.get(True), found.get(False)


@dataclass(frozen=True, slots=True)
class _Part(Generic[M]):
    """Rows of an order in which no column holds nulls, or they are last."""

    rows: QuerySet[M]
    order: tuple[Order, ...]

    def read(self, *, after: Sequence[Any], limit: int, backwards: bool) -> list[M]:
        """The rows after these values."""
        return list(self.ask(after=after, limit=limit, backwards=backwards))

    def ask(self, *, after: Sequence[Any], limit: int, backwards: bool) -> QuerySet[M]:
        """The query for them."""
        order = self.order
        if backwards:
            order = tuple(Order(one.attribute, descending=not one.descending) for one in order)
        rows = self.rows.filter(_after(order, after)) if after else self.rows
        return rows.order_by(*(_exact(rows.model, one) for one in order))[:limit]


def _parts(rows: QuerySet[M], order: tuple[Order, ...], *, is_start: bool) -> list[_Part[M]]:
    """What has a value in the first column, then what has none; the start of a falling order needs no such split."""
    first = order[0].attribute
    if not _is_nullable(rows.model, first) or (is_start and order[0].descending):
        return [_Part(rows, order)]
    return [
        _Part(rows.filter(**{f"{first}__isnull": False}), order),
        _Part(rows.filter(**{f"{first}__isnull": True}), order[1:]),
    ]


def _is_nullable(model: type[Model], attribute: str) -> bool:
    """Whether the column may hold nulls; a generated one may, though Django says of its field that it can't.

    An annotation to sort by must not.
    """
    try:
        field = model._meta.get_field(attribute)  # noqa: SLF001  # Django documents _meta
    except FieldDoesNotExist:
        return False
    return bool(getattr(field, "null", False)) or bool(getattr(field, "generated", False))


def _exact(model: type[Model], order: Order) -> OrderBy:
    """The order as an index of `ordering` gives it, read forwards or backwards."""
    column = F(order.attribute)
    if not _is_nullable(model, order.attribute):
        return column.desc() if order.descending else column.asc()
    return column.desc(nulls_last=True) if order.descending else column.asc(nulls_first=True)


def ordering(order: Sequence[Order]) -> list[OrderBy]:
    """The order as a queryset's `order_by` takes it, nulls last."""
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
    """The condition "sorts after these values": a beyond x, or a = x and b beyond y, and so on.

    That a is x or beyond is said once more, alone: it is what the index can start from.
    """
    condition = Q()
    same = Q()
    for column, value in zip(order, values, strict=True):
        name, beyond = column.attribute, "lt" if column.descending else "gt"
        condition |= same & Q(**{f"{name}__{beyond}": value})
        same &= Q(**{name: value})
    first = order[0]
    bound = Q(**{f"{first.attribute}__{'lte' if first.descending else 'gte'}": values[0]})
    return bound & condition if len(order) > 1 else condition
