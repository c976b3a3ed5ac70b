"""The same deliveries twice, in another order, or one by one leave the same rows."""

import random

import pytest

from hirocrm.sync.models import ParkedEvent
from tests.sync.webhooks.payloads import (
    INSTAGRAM,
    IRA,
    echo,
    from_business,
    from_customer,
    instagram_body,
    on_instagram,
    page_body,
    text,
)
from tests.sync.webhooks.rows import rows_of

pytestmark = pytest.mark.django_db

STORY = [
    page_body(text()),
    page_body(text("m_A2", "po", at=5)),
    page_body(from_customer(7, referral={"ref": "p1", "source": "SHORTLINK", "type": "OPEN_THREAD"})),
    page_body(from_customer(8, referral={"ref": "p2", "source": "ADS", "ad_id": "9"})),
    page_body(from_customer(10, message_edit={"mid": "m_A1", "text": "Magkano po ito?", "num_edit": 1})),
    page_body(from_customer(12, message_edit={"mid": "m_A1", "text": "Magkano ito?", "num_edit": 2})),
    page_body(echo()),
    page_body(echo("m_B2", "Oops", at=101)),
    page_body(from_customer(110, delivery={"mids": ["m_B1"], "watermark": 1767312109000})),
    page_body(from_customer(120, read={"watermark": 1767312119000})),
    page_body(from_customer(121, read={"watermark": 1767312101000})),
    page_body(from_customer(130, reaction={"emoji": "❤️", "action": "react", "mid": "m_B1"})),
    page_body(from_customer(131, reaction={"action": "unreact", "mid": "m_B1"})),
    page_body(from_customer(132, reaction={"emoji": "👍", "action": "react", "mid": "m_B1"})),
    page_body(from_customer(140, message={"mid": "m_A2", "is_deleted": True})),
    page_body(from_customer(141, reaction={"emoji": "😢", "action": "react", "mid": "m_A2"})),
    page_body(from_business(150, message={"mid": "m_B2", "is_echo": True, "is_deleted": True})),
    page_body(from_customer(160, pass_thread_control={"new_owner_app_id": "26390"})),
    page_body(from_customer(170, take_thread_control={"new_owner_app_id": "5"})),
    page_body(text("m_S1", "hello?", at=165), under="standby"),
    page_body(from_customer(180, postback={"title": "Order", "payload": "ORDER"})),
    instagram_body(on_instagram(message={"mid": "aWd_1", "text": "hi"})),
    instagram_body({"timestamp": 1767312000410, "message_edit": {"mid": "aWd_1", "num_edit": 0}}),
    instagram_body(from_business(10, person=IRA, business=INSTAGRAM, message={"mid": "aWd_2", "text": "hello", "is_echo": True})),
    instagram_body(on_instagram(20, read={"mid": "aWd_2"})),
    instagram_body(on_instagram(30, reaction={"mid": "aWd_2", "action": "react", "reaction": "love"})),
]  # fmt: skip


class TestOrder:
    @pytest.fixture
    def expected(self, page, deliver):
        """The rows of the story told once, in its order; they are gone again."""
        from django.db import transaction

        try:
            with transaction.atomic():
                deliver(*STORY)
                told = rows_of(page)
                raise RuntimeError  # noqa: TRY301  # the way out of an atomic block without its rows
        except RuntimeError:
            return told

    def test_the_story_is_a_full_one(self, expected):
        assert len(expected["messages"]) == 8
        assert len(expected["contacts"]) == 2
        assert len(expected["activities"]) == 8
        assert expected["unreadable"] == []

    def test_every_delivery_twice(self, page, deliver, expected):
        deliver(*STORY, *STORY)

        assert rows_of(page) == expected

    def test_one_by_one(self, page, deliver, expected):
        deliver(*STORY, together=False)

        assert rows_of(page) == expected

    @pytest.mark.parametrize("seed", range(12))
    def test_shuffled_and_one_by_one_and_some_twice(self, page, deliver, expected, seed):
        dice = random.Random(seed)
        told = [*STORY, *dice.sample(STORY, 8)]
        dice.shuffle(told)

        deliver(*told, together=False)

        assert rows_of(page) == expected
        assert ParkedEvent.objects.count() == 0

    @pytest.mark.parametrize("seed", range(4))
    def test_shuffled_and_batched(self, page, deliver, expected, seed):
        dice = random.Random(seed)
        items = [(body["object"], entry) for body in STORY for entry in body["entry"]]
        dice.shuffle(items)
        bodies = [
            {"object": kind, "entry": [entry for other, entry in items if other == kind]}
            for kind in ("instagram", "page")
        ]

        deliver(*bodies)

        assert rows_of(page) == expected
