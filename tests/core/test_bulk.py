import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection

from hirocrm.core.bulk import array_text
from hirocrm.core.vocabulary import Level

pytestmark = pytest.mark.django_db
ID = uuid.UUID("0190a0b0-0000-7000-8000-000000000001")
MOMENT = datetime(2026, 11, 22, 16, 30, 1, 250_000, tzinfo=UTC)
HARD_TEXTS = [
    "",
    "NULL",
    "null",
    None,
    "{a,b}",
    'says "hi"',
    "back\\slash",
    '\\"',
    " spaces ",
    "line\nbreak\ttab\r",
    "مرحبا",
    "👍🏽 emoji",
    "50% off, it's %s",
]


def read_back(values: list[object], kind: str) -> list[object]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT unnest(%s::{kind}[])", [array_text(values)])
        return [row[0] for row in cursor.fetchall()]


class TestArrayText:
    def test_gives_every_text_back_as_it_was(self) -> None:
        assert read_back(list(HARD_TEXTS), "text") == HARD_TEXTS

    @pytest.mark.parametrize(
        ("kind", "values"),
        [
            ("uuid", [ID, None]),
            ("timestamptz", [MOMENT, None]),
            ("date", [date(2026, 2, 28)]),
            ("boolean", [True, False, None]),
            ("integer", [0, -5, None]),
            ("double precision", [0.1, 1e-9]),
            ("numeric", [Decimal("12.50")]),
            ("bytea", [b"\x00\xff\\", b""]),
        ],
    )
    def test_gives_other_values_back(self, kind: str, values: list[object]) -> None:
        found = [bytes(v) if isinstance(v, memoryview) else v for v in read_back(values, kind)]

        assert found == values

    def test_takes_a_choice_by_its_value(self) -> None:
        assert read_back([Level.HIGH], "text") == [Level.HIGH.value]

    def test_takes_arrays_as_their_text(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_::uuid[] FROM unnest(%s::text[]) AS source(column_)",
                [array_text([array_text([ID]), array_text([])])],
            )
            assert cursor.fetchall() == [([ID],), ([],)]
