"""Pages of a list follow each other, whatever the order, with and without nulls, forwards and backwards."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hirocrm.contacts.models import Contact
from hirocrm.contacts.queries import SORTS
from hirocrm.core.pagination import InvalidCursor, Order, cursor_of, ordering, paginate
from tests.factories import ContactFactory, PageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd(now) -> list[Contact]:
    """Contacts with equal names, equal scores, and without either."""
    page = PageFactory()
    return [
        ContactFactory(
            page=page,
            first_name="Ana" if n % 3 else "Bea",
            last_name=f"Cruz {n % 4}",
            lead_score=None if n % 5 == 0 else n % 4,
            last_interaction_at=None if n % 4 == 0 else now - timedelta(hours=n % 6),
        )
        for n in range(23)
    ]


def walk(
    order: Any, *, limit: int, cursor: str | None = None, backwards: bool = False
) -> list[Any]:
    found = []
    while True:
        page = paginate(
            Contact.objects.all(), order=order, limit=limit, cursor=cursor, backwards=backwards
        )
        found += [row.id for row in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


class TestPaginate:
    @pytest.mark.parametrize("sort", SORTS)
    @pytest.mark.parametrize("limit", [1, 4, 23])
    def test_gives_each_row_once_in_order(self, crowd, sort, limit):
        order = SORTS[sort]

        found = walk(order, limit=limit)

        expected = Contact.objects.order_by(*ordering(order)).values_list("id", flat=True)
        assert found == list(expected)

    @pytest.mark.parametrize("sort", SORTS)
    def test_walks_back_from_any_row(self, crowd, sort):
        order = SORTS[sort]
        rows = list(Contact.objects.order_by(*ordering(order)))

        for place in (0, 3, 11, 22):
            before = walk(order, limit=5, cursor=cursor_of(rows[place], order), backwards=True)

            assert before == [row.id for row in reversed(rows[:place])]

    def test_starts_in_the_index_where_the_page_starts(self, crowd):
        order = SORTS["-lastInteraction"]
        row = next(row for row in crowd if row.last_interaction_at)
        rows = Contact.objects.filter(organization_id=row.organization_id)
        with CaptureQueriesContext(connection) as captured:
            paginate(rows, order=order, limit=5, cursor=cursor_of(row, order))

        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
            cursor.execute(f"EXPLAIN {captured[0]['sql']}")
            plan = "\n".join(line for (line,) in cursor.fetchall())

        assert "Index Scan using contact_by_interaction" in plan
        assert "last_interaction_at <= " in plan
        assert "Sort" not in plan

    def test_refuses_a_cursor_of_another_order(self, crowd):
        cursor = cursor_of(crowd[0], SORTS["name"])

        with pytest.raises(InvalidCursor):
            paginate(Contact.objects.all(), order=SORTS["-name"], limit=5, cursor=cursor)

    def test_refuses_a_value_that_cannot_be(self, crowd):
        forged = cursor_of(Contact(id="no id"), (Order("id"),))

        with pytest.raises(InvalidCursor):
            paginate(Contact.objects.all(), order=(Order("id"),), limit=5, cursor=forged)
