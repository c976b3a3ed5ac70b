"""The window as a filter and a sort, on the list, on the board and in the API."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.urls import reverse

from hirocrm.contacts.models import Contact
from hirocrm.contacts.queries import SORTS, ContactFilter, filter_contacts
from hirocrm.core.pagination import ordering
from hirocrm.inbox.windows import closes_before, opened_since

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(shop):
    now = datetime.now(UTC)
    for name, hours, last in (
        ("Fresh", 1, "customer"),
        ("Late", 22, "customer"),
        ("Later", 23, "customer"),
        ("Answered", 22.5, "business"),
        ("Gone", 30, "customer"),
    ):
        shop.contact(
            shop.new,
            first_name=name,
            last_customer_message_at=now - timedelta(hours=hours),
            last_interaction_at=now - timedelta(hours=hours),
            last_message_sender=last,
        )


def listed(answer):
    return [row.name.partition(" ")[0] for row in answer.context["rows"]]


class TestList:
    def test_shows_who_must_be_answered_first(self, owner, people, sign_in):
        answer = sign_in(owner).get(reverse("contacts"), {"closing": "1"})

        assert listed(answer) == ["Later", "Late"]

    def test_sorts_open_windows_by_their_end(self, owner, people, sign_in):
        answer = sign_in(owner).get(reverse("contacts"), {"sort": "windowCloses"})

        assert listed(answer) == ["Later", "Answered", "Late", "Fresh"]


class TestBoard:
    def test_shows_the_same_in_the_same_order(self, owner, shop, people, sign_in):
        answer = sign_in(owner).get(reverse("board"), {"closing": "1"})

        column = answer.context["columns"][0]
        assert [card.name for card in column.cards] == ["Later", "Late"]
        assert column.count == 2

    def test_sorts_by_the_windows_end_without_the_filter(self, owner, people, sign_in):
        client = sign_in(owner)
        chip = client.get(reverse("board")).context["filters"].query_by_window

        column = client.get(f"{reverse('board')}?{chip}").context["columns"][0]

        assert chip == "sort=windowCloses"
        assert [card.name for card in column.cards] == ["Later", "Answered", "Late", "Fresh"]


class TestApi:
    def test_filters_and_sorts(self, owner, people):
        from tests.api.client import ApiClient

        api = ApiClient.of(owner, ["read"], datetime.now(UTC))

        closing = api.get("/api/contacts?windowClosesSoon=true&sort=windowCloses").json()["items"]
        open_ones = api.get("/api/contacts?sort=windowCloses").json()["items"]

        assert [one["firstName"] for one in closing] == ["Later", "Late"]
        assert [one["firstName"] for one in open_ones] == ["Later", "Answered", "Late", "Fresh"]


class TestIndex:
    def test_is_used(self, owner, shop, now):
        Contact.objects.bulk_create(
            Contact(
                organization=owner.organization,
                page=shop.page,
                messenger_psid=str(n),
                last_customer_message_at=now - timedelta(hours=n),
                last_message_sender="customer",
            )
            for n in range(3000)
        )
        wanted = ContactFilter(
            waiting=True,
            customer_since=opened_since(now=now),
            customer_until=closes_before(now=now),
        )
        rows = filter_contacts(organization_id=owner.organization_id, wanted=wanted)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE contacts_contact")

        plan = rows.order_by(*ordering(SORTS["windowCloses"]))[:50].explain()

        assert "contact_by_window" in plan
        assert "Sort" not in plan
