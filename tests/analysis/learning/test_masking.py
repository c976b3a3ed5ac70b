import pytest

from hirocrm.analysis.learning.masking import EXCERPT_LETTERS, excerpt_of, mask
from hirocrm.contacts.snapshots import Sender
from tests.analysis.requests import message


class TestMask:
    @pytest.mark.parametrize(
        ("text", "masked"),
        [
            ("text me 0917 123 4567 po", "text me (number) po"),
            ("+63 (917) 123-4567", "(number)"),
            ("gcash 09171234567, Ana", "gcash (number), Ana"),
            ("card 4111-1111-1111-1111 ok", "card (number) ok"),
            ("ref no. 5012 3456 78901", "ref no. (number)"),
            ("mail maria.cruz+1@shop.example.ph po", "mail (e-mail) po"),
            ("450 po plus 80 SF, size 38", "450 po plus 80 SF, size 38"),
            ('he said "pay" “now”', "he said 'pay' 'now'"),
        ],
    )
    def test_takes_out_what_tells_who_somebody_is(self, text: str, masked: str) -> None:
        assert mask(text) == masked


class TestExcerpt:
    def test_is_the_last_lines_with_who_wrote_them(self) -> None:
        messages = [
            message(0, "hm po?"),
            message(1, "450 po", Sender.BUSINESS),
            message(2, None, Sender.CUSTOMER, "image"),
            message(3, "sige\npo"),
        ]

        assert excerpt_of(messages) == "customer: hm po?\nbusiness: 450 po\ncustomer: sige po"

    def test_long_messages_leave_room_for_the_latest(self) -> None:
        excerpt = excerpt_of([message(n, f"{n} " + "x" * 900) for n in range(20)])

        assert len(excerpt) <= EXCERPT_LETTERS
        assert excerpt.splitlines()[-1].startswith("customer: 19 xxx")
