"""What a message does: greets, asks a price, offers, counters, accepts, refuses…, found by phrase."""

import re
from enum import IntEnum
from functools import lru_cache

from hirocrm.analysis.local import phrases_acts as phrases
from hirocrm.analysis.local.money import Price, prices_in


class Act(IntEnum):
    """One thing a message can do; the value is its column among the features."""

    GREET = 0
    THANKS = 1
    BYE = 2
    ASK_PRICE = 3
    ASK_AVAILABLE = 4
    DETAILS = 5
    ASK_DETAILS = 6
    OFFER = 7
    LOWER = 8
    CHANGE = 9
    ACCEPT = 10
    PAID = 11
    CONFIRM = 12
    FAIL = 13
    REFUSE = 14
    STALL = 15
    SUPPORT = 16
    SPAM = 17
    OFF_TOPIC = 18
    URGENT = 19
    BUYING = 20
    WAIT = 21
    ASK_MORE = 22
    PRICE = 23
    QUESTION = 24


def _compiled(parts: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{parts.strip()})(?!\w)")


PATTERNS: dict[Act, re.Pattern[str]] = {
    act: _compiled(getattr(phrases, act.name))
    for act in Act
    if act not in (Act.PRICE, Act.QUESTION)
}
_OWN_EDGES = {Act.SPAM: re.compile(rf"(?<!\w)(?:{phrases.SPAM.strip()})")}
PATTERNS.update(_OWN_EDGES)


@lru_cache(maxsize=4096)
def acts_of(folded: str) -> frozenset[Act]:
    """Every act found in one message (lower-case text of a `Turn`)."""
    found = {act for act, pattern in PATTERNS.items() if pattern.search(folded)}
    if money_in(folded):
        found.add(Act.PRICE)
    if "?" in folded or "¿" in folded:
        found.add(Act.QUESTION)
    return frozenset(found)


@lru_cache(maxsize=4096)
def money_in(folded: str) -> tuple[Price, ...]:
    """The prices in one message."""
    return prices_in(folded)
