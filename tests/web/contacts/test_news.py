"""What a list is told that somebody looks at: its rows as they are now, and who else would be in it."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from hirocrm.contacts.models import Contact
from hirocrm.web.contacts.news import count_new, is_moved
from hirocrm.web.contacts.rows import SHOWN
from tests.web.shops import make_shop

pytestmark = pytest.mark.django_db


def rows(answer):
    return re.findall(r'<tr data-row="([^"]+)"', answer.text)


def ask(client, shown, **query):
    return client.get("/contacts/news", {"ids": ",".join(str(one.pk) for one in shown), **query})


class TestShowNews:
    def test_draws_the_rows_that_are_shown_where_they_are(self, shop, owner, sign_in, now):
        ana = shop.contact(shop.new, first_name="Ana", last_interaction_at=now)
        ben = shop.contact(shop.new, first_name="Ben", last_interaction_at=now - timedelta(hours=1))
        Contact.objects.filter(pk=ben.pk).update(
            stage=shop.won, last_interaction_at=now + timedelta(hours=1)
        )

        answer = ask(sign_in(owner), [ana, ben])

        assert rows(answer) == [str(ana.pk), str(ben.pk)]
        assert "Won" in answer.text
        assert (answer.context["new"], answer.context["is_moved"]) == (0, True)
        assert "The order has changed: show" in answer.text

    def test_counts_who_came_and_leads_to_them(self, shop, owner, sign_in, now):
        ana = shop.contact(shop.new, first_name="Ana", last_interaction_at=now)
        shop.contact(shop.new, first_name="Ben", last_interaction_at=now + timedelta(hours=1))

        answer = ask(sign_in(owner), [ana], page=str(shop.page.pk))

        assert rows(answer) == [str(ana.pk)]
        assert f'href="/contacts?page={shop.page.pk}"' in answer.text
        assert "1 new: show" in answer.text

    def test_keeps_the_row_that_the_filters_find_no_more(self, shop, owner, sign_in):
        ana = shop.contact(shop.won, first_name="Ana")

        answer = ask(sign_in(owner), [ana], stage=str(shop.new.pk))

        assert rows(answer) == [str(ana.pk)]
        assert answer.context["is_moved"] is True

    def test_says_nothing_where_nothing_changed(self, shop, owner, sign_in):
        ana = shop.contact(shop.new)

        answer = ask(sign_in(owner), [ana])

        assert '<a class="btn' not in answer.text

    def test_leaves_out_who_was_erased_or_is_foreign(self, shop, owner, stranger, sign_in):
        ana, gone = shop.contact(shop.new), shop.contact(shop.new)
        foreign = make_shop(stranger).contact()
        shown = [gone, ana, foreign]
        Contact.objects.filter(pk=gone.pk).delete()

        answer = ask(sign_in(owner), shown)

        assert rows(answer) == [str(ana.pk)]
        assert answer.context["is_moved"] is False

    def test_survives_ids_that_are_none(self, shop, owner, sign_in):
        answer = sign_in(owner).get("/contacts/news", {"ids": "a,,\x00,1"})

        assert (answer.status_code, rows(answer)) == (200, [])

    def test_asks_the_database_little(self, shop, owner, sign_in, django_assert_max_num_queries):
        shown = [shop.contact(shop.new) for _ in range(30)]
        client = sign_in(owner)

        with django_assert_max_num_queries(10):
            ask(client, shown, stage=str(shop.won.pk))


class TestCountNew:
    def test_counts_none_that_moved_up_at_the_end_of_a_full_page(self):
        shown = [uuid4() for _ in range(SHOWN)]

        assert count_new(shown, [*shown[1:], uuid4()]) == 0
        assert count_new(shown, [uuid4(), *shown[:-1]]) == 1

    def test_counts_all_on_a_page_that_wasnt_full(self):
        shown = [uuid4()]

        assert count_new(shown, [*shown, uuid4()]) == 1
        assert count_new([], [uuid4(), uuid4()]) == 2


class TestIsMoved:
    def test_compares_the_order_of_those_shown(self):
        a, b, c = uuid4(), uuid4(), uuid4()

        assert is_moved([a, b], [c, a, b]) is False
        assert is_moved([a, b], [b, a]) is True
        assert is_moved([a, b], [a]) is True
