import pytest

from hirocrm.analysis.local.money import below, prices_in
from hirocrm.analysis.local.situation import Archetype, Moment, Situation, situation_of
from hirocrm.analysis.local.turns import turns_of
from tests.analysis.local.conftest import messages, request

OFFER = "b ₱13,500 posted price sir, 89% battery health"


def situation(*lines: str) -> Situation:
    """What the rules see in those lines."""
    return situation_of(turns_of(messages(*lines)))


class TestMoments:
    @pytest.mark.parametrize("line", ["11k sir cash ngayon na", "12,300 tas uwi na natin to sir"])
    def test_a_bare_number_under_the_price_asked_is_a_counter_offer(self, line):
        assert situation("c iphone 12 po?", OFFER, f"c {line}").last(Moment.COUNTER) == 2

    @pytest.mark.parametrize(
        "line",
        [
            "13500 okay",
            "Blk 12 Lot 14 po yung bahay",
            "15000 nakita ko sa iba",
            "pick up ko sa dec 12",
            "taga 9000 Cagayan de Oro po ako pero luluwas naman po ako dyan sa Sabado ng umaga",
        ],
    )
    def test_other_numbers_are_none(self, line):
        assert not situation("c iphone 12 po?", OFFER, f"c {line}").has(Moment.COUNTER)

    def test_a_sum_told_when_asked_for_the_budget_is_none(self):
        told = situation("c do you buy phones?", "b How much would you add?", "c Around 5 to 6k")

        assert not told.has(Moment.COUNTER)

    @pytest.mark.parametrize(
        "line",
        [
            "ayaw na po bumukas ng phone ko",
            "ayaw na niyang mag charge",
            "ayaw na po gumana nung fan",
        ],
    )
    def test_a_thing_that_refuses_to_work_is_no_refusal(self, line):
        assert not situation("c hm po repair?", "b ₱800 po", f"c {line}").has(Moment.REFUSAL)

    @pytest.mark.parametrize(
        "line",
        [
            "ayaw na po ng mama ko",
            "Hindi na po tuloy. Salamat po",
            "We talked it over and decided to go with another studio.",
        ],
    )
    def test_saying_no_in_other_words_is_one(self, line):
        seen = situation("c hm po?", "b ₱8,500 po", f"c {line}")

        assert seen.last(Moment.REFUSAL) == 2
        assert seen.verdict is Archetype.CLOSED_LOST

    @pytest.mark.parametrize(
        "line", ["That's good to hear. Is there parking?", "That's good to know, thank you"]
    )
    def test_being_glad_to_hear_something_agrees_to_nothing(self, line):
        seen = situation("c is the unit open?", "b Yes, ₱25,000 a month", f"c {line}")

        assert not seen.has(Moment.ACCEPTANCE)
        assert seen.verdict is Archetype.PROPOSAL_SENT

    def test_that_is_good_agrees(self):
        assert situation("c hm po?", "b ₱450 po", "c that's good").verdict is Archetype.CLOSED_WON

    def test_a_business_that_lets_somebody_wait_for_payday_has_sold_nothing(self):
        waiting = ("c hm po?", "b ₱1,800 po", "c ok po, hintayin ko lang po sweldo sa 30")
        seen = situation(*waiting, "b Sige po Ma'am, hold ko po price")

        assert seen.verdict is Archetype.NEGOTIATING

    def test_a_business_that_agrees_to_a_counter_offer_has_sold(self):
        seen = situation("c hm po?", "b ₱1,800 po", "c 1500 na lang po", "b sige po deal")

        assert seen.verdict is Archetype.CLOSED_WON


class TestOpensAsBuyer:
    def test_who_asks_a_price_and_has_no_answer_yet(self):
        assert situation("c Hm po choco moist?").opens_as_buyer
        assert situation("c may stock pa po?").opens_as_buyer

    def test_nobody_else(self):
        assert not situation("c hello").opens_as_buyer
        assert not situation("c hm po?", "b ₱450 po").opens_as_buyer
        assert not situation("c refund please, it arrived damaged, how much?").opens_as_buyer

    def test_is_a_new_lead_whatever_else_was_said(self, analyser, plain_analyser):

        asked = request(
            'c Hm po choco moist na "Sorry na babe" 😅 kailangan ko mamayang gabi, urgent po'
        )
        for either in (analyser, plain_analyser):
            assert either.analyse(asked).result.recommended_stage == "New Lead"


class TestMoney:
    @pytest.mark.parametrize(
        "text", ["around 25 girls", "9/10, small scratch", "for 12 kids", "setup by 1pm"]
    )
    def test_counts_and_marks_are_no_prices(self, text):
        assert prices_in(text) == ()

    def test_a_price_per_piece_is_one(self):
        assert [price.amount for price in prices_in("350/pc po")] == [350.0]

    def test_below_is_within_half_of_the_price_and_never_the_price_itself(self):
        assert below((13_500.0,), "12k sir")
        assert not below((13_500.0,), "13,500 sir")
        assert not below((13_500.0,), "6k sir")
        assert not below((150.0,), "size 80")
        assert not below((), "12k sir")

    @pytest.mark.parametrize("text", ["iphone 12 po?", "size 38 po", "blk 12 po kami"])
    def test_a_number_that_belongs_to_a_name_is_none(self, text):
        assert prices_in(text) == ()
