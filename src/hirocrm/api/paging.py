"""Turns a queryset into the answer of a list."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from hirocrm.api.schemas.base import ApiSchema, Window
from hirocrm.core.pagination import Order, paginate

M = TypeVar("M", bound=Model)
NEWEST_FIRST = (Order("created_at", descending=True), Order("id", descending=True))
OLDEST_FIRST = (Order("created_at"), Order("id"))


def list_answer(
    rows: QuerySet[M],
    present: Callable[[M], ApiSchema],
    *,
    order: Sequence[Order],
    window: Window,
) -> dict[str, Any]:
    """The part of `rows` that `window` asks for, as a `ListOf` reads it."""
    page = paginate(rows, order=order, limit=window.limit, cursor=window.cursor)
    return {"items": [present(row) for row in page.items], "next_cursor": page.next_cursor}
