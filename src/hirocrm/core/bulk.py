"""Many rows in one statement: INSERT and UPDATE from arrays.

Django's `bulk_create` builds a placeholder per value and `bulk_update` a CASE per row; with
`unnest` a statement has one parameter per column, whatever the number of rows. Values are given
as the database takes them: JSON as text, and an array as its text form (see `array_text`), since
`unnest` would flatten arrays of arrays. The columns' own text form is written here too: psycopg's
does the same value by value in Python, at ten times the cost.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Field, Model

Row = Sequence[Any]


def insert_rows(
    model: type[Model],
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    on_conflict: str = "",
    returning: str = "",
) -> list[tuple[Any, ...]]:
    """Insert `rows`; `on_conflict` follows ON CONFLICT, `returning` follows RETURNING."""
    if not rows:
        return []
    sql = (
        f"INSERT INTO {_table(model)} ({', '.join(_quoted(model, columns))}) "  # noqa: S608  # names come from models
        f"SELECT {_selected(model, columns)} FROM unnest({_arrays(model, columns)}) "
        f"AS source({', '.join(_quoted(model, columns))})"
    )
    if on_conflict:
        sql += f" ON CONFLICT {on_conflict}"
    if returning:
        sql += f" RETURNING {returning}"
    with connection.cursor() as cursor:
        cursor.execute(sql, _transposed(rows))
        return cursor.fetchall() if returning else []


def array_text(values: Iterable[object]) -> str:
    """PostgreSQL's text form of an array of texts, numbers, times, ids, bytes or None: `{"1","2"}`."""
    return "{" + ",".join(map(_element, values)) + "}"


def update_rows(model: type[Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Set `columns[1:]` of the rows whose primary key is in `columns[0]`."""
    if not rows:
        return
    names = _quoted(model, columns)
    sql = (
        f"UPDATE {_table(model)} AS target SET "  # noqa: S608  # names come from models
        f"{', '.join(f'{name} = source.{name}' for name in names[1:])} "
        f"FROM unnest({_arrays(model, columns)}) AS source({', '.join(names)}) "
        f"WHERE target.{names[0]} = source.{names[0]}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, _transposed(rows))


def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001  # Django documents _meta


def _field(model: type[Model], name: str) -> "Field[Any, Any]":
    field = model._meta.get_field(name)  # noqa: SLF001  # Django documents _meta
    assert isinstance(field, Field)  # noqa: S101  # callers name columns, never reverse relations
    return field


def _quoted(model: type[Model], columns: Sequence[str]) -> list[str]:
    return [connection.ops.quote_name(str(_field(model, name).column)) for name in columns]


def _arrays(model: type[Model], columns: Sequence[str]) -> str:
    types = (_field(model, name).db_type(connection) for name in columns)
    return ", ".join(f"%s::{_plain(kind or '')}[]" for kind in types)


def _selected(model: type[Model], columns: Sequence[str]) -> str:
    """The columns of the source, those that hold arrays cast from their text form."""
    names = []
    for name in columns:
        field = _field(model, name)
        quoted = connection.ops.quote_name(str(field.column))
        names.append(f"{quoted}::{field.db_type(connection)}" if _is_array(field) else quoted)
    return ", ".join(names)


def _is_array(field: "Field[Any, Any]") -> bool:
    return (field.db_type(connection) or "").endswith("[]")


def _plain(db_type: str) -> str:
    """The type without its length: `varchar(20)[]` would silently cut, `varchar[]` lets the column refuse."""
    return "text" if db_type.endswith("[]") else db_type.partition("(")[0]


def _transposed(rows: Sequence[Row]) -> list[str]:
    return [array_text(column) for column in zip(*rows, strict=True)]


def _element(value: object) -> str:
    """A value inside PostgreSQL's text form of an array: https://www.postgresql.org/docs/current/arrays.html."""
    if isinstance(value, str):
        if "\\" in value or '"' in value:
            value = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + value + '"'  # not an f-string: an enum's member would be formatted by its name
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    return f'"{value}"'
