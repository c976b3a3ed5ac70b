"""Where a conversation stands, read off by plain rules: the moments that matter and what they add up to.

The rules know shop chats in English, Filipino and Spanish. Their verdict is a feature of the head
(which learns how far to trust them) and their moments are what summary, reasoning and evidence cite.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hirocrm.analysis.local import phrases_moments as phrases
from hirocrm.analysis.local.acts import money_in
from hirocrm.analysis.local.money import below
from hirocrm.analysis.local.turns import Turn


class Archetype(StrEnum):
    """The nine kinds of sales stage the shipped head was trained on."""

    NEW_LEAD = "New Lead"
    CONTACTED = "Contacted"
    QUALIFIED = "Qualified"
    PROPOSAL_SENT = "Proposal Sent"
    NEGOTIATING = "Negotiating"
    CLOSED_WON = "Closed Won"
    CLOSED_LOST = "Closed Lost"
    SUPPORT = "Support"
    NOT_A_LEAD = "Not a Lead"


class Moment(StrEnum):
    """Something that happened in a conversation."""

    INQUIRY = "inquiry"
    PRICE_QUESTION = "price_question"
    DETAILS = "details"
    PRICE = "price"
    OFFER = "offer"
    COUNTER = "counter"
    CHANGE = "change"
    STALL = "stall"
    ACCEPTANCE = "acceptance"
    PAYMENT = "payment"
    CONFIRMATION = "confirmation"
    REFUSAL = "refusal"
    FAILURE = "failure"
    COMPLAINT = "complaint"
    SPAM = "spam"
    OFF_TOPIC = "off_topic"


def _phrase(parts: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{parts.strip()})(?!\w)")


_CUSTOMER: dict[Moment, re.Pattern[str]] = {
    Moment.PRICE_QUESTION: _phrase(phrases.PRICE_QUESTION),
    Moment.INQUIRY: _phrase(phrases.INQUIRY),
    Moment.DETAILS: _phrase(phrases.DETAILS),
    Moment.COUNTER: _phrase(phrases.COUNTER),
    Moment.CHANGE: _phrase(phrases.CHANGE),
    Moment.STALL: _phrase(phrases.STALL),
    Moment.ACCEPTANCE: _phrase(phrases.ACCEPTANCE),
    Moment.PAYMENT: _phrase(phrases.PAYMENT),
    Moment.REFUSAL: _phrase(phrases.REFUSAL),
    Moment.COMPLAINT: _phrase(phrases.COMPLAINT),
    Moment.SPAM: re.compile(rf"(?<!\w)(?:{phrases.SPAM.strip()})"),
    Moment.OFF_TOPIC: _phrase(phrases.OFF_TOPIC),
}
_BUSINESS: dict[Moment, re.Pattern[str]] = {
    Moment.OFFER: _phrase(phrases.OFFER),
    Moment.CONFIRMATION: _phrase(phrases.CONFIRMATION),
    Moment.FAILURE: _phrase(phrases.FAILURE),
    Moment.REFUSAL: _phrase(phrases.BUSINESS_REFUSAL),
    Moment.ACCEPTANCE: _phrase(phrases.BUSINESS_ACCEPTANCE),
}
_PLAIN_YES = re.compile(phrases.PLAIN_YES.strip())
_PLAIN_NO = re.compile(phrases.PLAIN_NO.strip())
_BUDGET = _phrase(phrases.BUDGET)
_BUDGET_QUESTION = _phrase(phrases.BUDGET_QUESTION)
_HAGGLE = _phrase(phrases.HAGGLE)
_RECENT = 3
_SHORT = 12  # words: a longer message holds numbers of other kinds, too


@dataclass(frozen=True)
class Situation:
    """What happened, when (turn indexes, in order), and the stage that the rules would choose."""

    moments: dict[Moment, tuple[int, ...]]
    verdict: Archetype
    length: int

    def last(self, moment: Moment) -> int:
        """Index of the latest turn with this moment, or -1."""
        return self.moments.get(moment, (-1,))[-1]

    def has(self, moment: Moment) -> bool:
        """Whether it happened at all."""
        return moment in self.moments

    def recent(self, moment: Moment, within: int = _RECENT) -> bool:
        """Whether it happened in the last few turns."""
        return self.last(moment) >= max(0, self.length - within)

    @property
    def opens_as_buyer(self) -> bool:
        """Whether nobody answered yet somebody who asks what buyers ask (right for all 14 of the labelled rows)."""
        asks = self.has(Moment.PRICE_QUESTION) or self.has(Moment.INQUIRY)
        return self.verdict is Archetype.NEW_LEAD and asks


def situation_of(turns: Sequence[Turn]) -> Situation:
    """Find the moments of a conversation and the stage they add up to."""
    found: dict[Moment, list[int]] = {}
    heard = _Heard()
    for index, turn in enumerate(turns):
        seen = (
            _customer_moments(turn, heard) if turn.from_customer else _business_moments(turn, heard)
        )
        for moment in seen:
            found.setdefault(moment, []).append(index)
        heard = heard.after(turn, seen)
    moments = {moment: tuple(indexes) for moment, indexes in found.items()}
    draft = Situation(moments, Archetype.NEW_LEAD, len(turns))
    return Situation(moments, _verdict(draft, turns), len(turns))


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a message answers. `asked`: the business's last prices, () after an offer without one, None before any."""

    asked: tuple[float, ...] | None = None
    asked_budget: bool = False
    put_off: bool = False  # the customer's last words put the decision off

    def after(self, turn: Turn, seen: set[Moment]) -> "_Heard":
        """What the next message answers."""
        if turn.from_customer:
            return _Heard(self.asked, self.asked_budget, Moment.STALL in seen)
        asked = self.asked
        if seen & {Moment.PRICE, Moment.OFFER}:
            asked = tuple(price.amount for price in money_in(turn.folded)) or asked or ()
        return _Heard(asked, bool(_BUDGET_QUESTION.search(turn.folded)), self.put_off)


def _business_moments(turn: Turn, heard: _Heard) -> set[Moment]:
    found = {moment for moment, pattern in _BUSINESS.items() if pattern.search(turn.folded)}
    if heard.put_off:  # "Sige po" to somebody who waits for payday closes nothing
        found.discard(Moment.ACCEPTANCE)
    return found | ({Moment.PRICE} if money_in(turn.folded) else set())


def _customer_moments(turn: Turn, heard: _Heard) -> set[Moment]:
    """What a customer's message does, given what it answers."""
    found = {moment for moment, pattern in _CUSTOMER.items() if pattern.search(turn.folded)}
    if _names_another_price(turn, found, heard.asked):
        found.add(Moment.COUNTER)
    if heard.asked is None:
        only_told = heard.asked_budget or _only_budget(turn)
        return found - {Moment.CHANGE} - ({Moment.COUNTER} if only_told else set())
    if _PLAIN_YES.search(turn.folded):
        found.add(Moment.ACCEPTANCE)
    if _PLAIN_NO.search(turn.folded) and not found & {Moment.CHANGE, Moment.COUNTER}:
        found.add(Moment.REFUSAL)
    if found & {Moment.COUNTER, Moment.STALL, Moment.REFUSAL, Moment.CHANGE}:
        found.discard(Moment.ACCEPTANCE)
    return found


def _names_another_price(turn: Turn, found: set[Moment], asked: tuple[float, ...] | None) -> bool:
    """A price in a customer's mouth is a counter-offer, unless it is the one that was asked."""
    if found & {Moment.PAYMENT, Moment.SPAM, Moment.COMPLAINT}:
        return False
    prices = {price.amount for price in money_in(turn.folded)}
    if not prices:
        return turn.words <= _SHORT and bool(asked) and below(asked or (), turn.folded)
    return Moment.ACCEPTANCE not in found or bool(asked and min(prices) < min(asked))


def _only_budget(turn: Turn) -> bool:
    return bool(_BUDGET.search(turn.folded)) and not _HAGGLE.search(turn.folded)


def _verdict(seen: Situation, turns: Sequence[Turn]) -> Archetype:
    for rule in _RULES:
        answer = rule(seen, turns)
        if answer:
            return answer
    customer = sum(turn.from_customer for turn in turns)
    return Archetype.QUALIFIED if customer >= 2 and len(turns) > 2 else Archetype.CONTACTED


def _not_a_lead(seen: Situation, turns: Sequence[Turn]) -> Archetype | None:
    selling = seen.has(Moment.PRICE_QUESTION) or seen.has(Moment.INQUIRY) or seen.has(Moment.OFFER)
    if seen.has(Moment.SPAM) and not seen.has(Moment.ACCEPTANCE) and not selling:
        return Archetype.NOT_A_LEAD
    if seen.has(Moment.OFF_TOPIC) and not selling and not seen.has(Moment.COMPLAINT):
        return Archetype.NOT_A_LEAD
    has_letters = any(c.isalpha() for turn in turns if turn.from_customer for c in turn.text)
    return Archetype.NOT_A_LEAD if len(turns) > 6 and not has_letters else None


def _support(seen: Situation, _turns: Sequence[Turn]) -> Archetype | None:
    complained = seen.last(Moment.COMPLAINT)
    if complained < 0 or max(seen.last(Moment.PRICE), seen.last(Moment.OFFER)) > complained:
        return None
    return Archetype.SUPPORT


def _unanswered(_seen: Situation, turns: Sequence[Turn]) -> Archetype | None:
    return Archetype.NEW_LEAD if all(turn.from_customer for turn in turns) else None


def _ended(seen: Situation, _turns: Sequence[Turn]) -> Archetype | None:
    """Won or lost, by whichever of agreement and refusal came last."""
    won = max(seen.last(Moment.CONFIRMATION), seen.last(Moment.PAYMENT))
    agreed = max(seen.last(Moment.ACCEPTANCE), won)
    lost = max(seen.last(Moment.REFUSAL), seen.last(Moment.FAILURE))
    counter = max(seen.last(Moment.COUNTER), seen.last(Moment.CHANGE))
    offered = max(seen.last(Moment.OFFER), seen.last(Moment.PRICE))
    if won >= 0 and won >= lost and won >= counter:
        return Archetype.CLOSED_WON
    if agreed > max(lost, counter) and agreed >= offered >= 0:
        return Archetype.CLOSED_WON
    if lost >= 0 and lost >= seen.length - 4 and lost >= max(agreed, counter):
        return Archetype.CLOSED_LOST
    return None


def _in_talks(seen: Situation, turns: Sequence[Turn]) -> Archetype | None:
    offered = max(seen.last(Moment.OFFER), seen.last(Moment.PRICE))
    first = min(
        (seen.moments[moment][0] for moment in (Moment.OFFER, Moment.PRICE) if seen.has(moment)),
        default=-1,
    )
    haggled = max(seen.last(Moment.COUNTER), seen.last(Moment.CHANGE), seen.last(Moment.STALL))
    if seen.has(Moment.COUNTER) or (first >= 0 and haggled > first):
        return Archetype.NEGOTIATING
    if offered < 0:
        return None
    answered = any(turn.from_customer for turn in turns[offered + 1 :])
    return Archetype.NEGOTIATING if answered and haggled > offered else Archetype.PROPOSAL_SENT


_RULES: tuple[Callable[[Situation, Sequence[Turn]], Archetype | None], ...] = (
    _not_a_lead,
    _support,
    _unanswered,
    _ended,
    _in_talks,
)


def shows(moment: Moment, folded: str, *, from_customer: bool) -> bool:
    """Whether a piece of a message (lower case) shows the moment by itself: for choosing quotes."""
    if moment is Moment.PRICE:
        return bool(money_in(folded))
    pattern = (_CUSTOMER if from_customer else _BUSINESS).get(moment)
    return bool(pattern and pattern.search(folded)) or (
        moment is Moment.COUNTER and bool(money_in(folded))
    )
