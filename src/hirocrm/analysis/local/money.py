"""Prices in chat text: "₱1,200", "php 350", "1.5k", "Can you do 250?", "350 po each"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBER = r"\d{1,3}(?:[,.\s]\d{3})+(?:\.\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_THOUSAND = r"(?:\s?(?:k|mil)\b)?"
_CURRENCY = r"(?:us\$|mx\$|s/\.?|r\$|[$₱€£¥₫₩₹฿]|\bphp|\bpesos?|\bp(?=\d)|\brs\.?|\busd|\beur|\brm|\bidr|\bvnd|\bmxn|\bcop)"
_UNIT = (
    r"(?:dollars?|bucks|pesos?|php|piso|usd|euros?|eur|credits?|vnd|đ|mxn|soles|quetzales|pounds?)"
)
_MARKED = re.compile(
    rf"(?:{_CURRENCY})\s?({_NUMBER})({_THOUSAND})|({_NUMBER})({_THOUSAND})\s?(?:[$₱€£₫]|{_UNIT}\b)"
)
_LEAD = (
    r"(?:\bfor|\btake|\bdo|\babout|\basking(?:\s(?:for|price(?:\sis)?))?|\bpay|\boffer(?:ing)?|\bgo|\bat|\bto|\baround|\bis|\bsay|"
    r"\blast(?:\sprice)?|\bkahit|\bprice[:\s]*|\bpresyo[:\s]*|\btotal(?:\sis)?[:\s]*|\bonly|\bjust|\bgive\syou|\btig|\bpor|\bdoy|"
    r"\bcuesta|\bvale|\ben|\ba\b|\bpwede(?:\sba)?(?:\spo)?(?:\sang|\sna)?|\bset(?:tle)?(?:\s(?:for|on|at))?|\bsplit.{0,25}|\bcall it|"
    r"\bdown to|\bup to|\bhow(?:\sa)?bout|\b@)"
)
_TAIL = r"(?:\s?(?:firm|each|obo|cash|na\s?lang|nlng|nalang|po\b|each po|isa\b|per\b|/(?!\d)|shipped|all in|max|pwede|is (?:my|the|what|too|as)|works?\b|sounds?\b|final|kunin|kukunin|bilhin|ok(?:ay)? na|deal\b))"
_NOT_MONEY = (
    r"(?!\s?(?:am|pm|a\.m|p\.m|st|nd|rd|th|days?|nights?|people|persons?|pax|guests?|girls?|boys?|ladies|kids?|adults?|miles?|km|gb|tb|mb|months?|mos?\b|years?|yrs?|"
    r"hours?|hrs?|minutes?|mins?|weeks?|wks?|inch|inches|ft|feet|lbs?|kg|cm|mm|ml|pcs|pc|pieces?|sets?|of (?:jan|feb|mar|apr|may|jun|"
    r"jul|aug|sep|oct|nov|dec|this)|%|x\b|[:/]\d|-\d|rooms?|bed|bath|tickets?|stars?|options?|results?|layovers?|bags?|or\b|"
    r"restaurants?|events?|times|araw|oras|tao|días|dias|personas|noches|horas|tallas?))"
)
_BARE_AFTER_LEAD = re.compile(rf"{_LEAD}\s?({_NUMBER})({_THOUSAND})(?![\d,.]*\d)\b{_NOT_MONEY}")
_BARE_BEFORE_TAIL = re.compile(rf"(?<![\d:/.,#-])\b({_NUMBER})({_THOUSAND})(?={_TAIL})")
_MONTHS = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|enero|febrero|marzo|abril|mayo|junio|julio|agosto)\w*\.?\s?\d"
)
_ANY_NUMBER = re.compile(rf"(?<![\w:/.,#@-])({_NUMBER})({_THOUSAND})(?![\d,.]*\d)\b{_NOT_MONEY}")
_NAMED = re.compile(  # "iphone 12 po", "size 38", "blk 12": a number that belongs to a name
    r"\b(?:iphone|ipad|airpods?|samsung|galaxy|redmi|realme|oppo|vivo|infinix|tecno|poco|pixel|note|series|gen|model|version|"
    r"size|talla|room|unit|blo?c?k|lot|phase|batch|table|number|no)\.?\s?\d+"
)
_SMALLEST_BARE = 5.0
_SMALLEST_COUNTER = 100.0  # below it, sizes, house numbers and quantities are likelier
_LOWEST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Price:
    """An amount with its place in the text; `marked` when a currency stands beside it."""

    amount: float
    start: int
    end: int
    marked: bool


def prices_in(folded: str) -> tuple[Price, ...]:
    """Prices in order of appearance. Bare numbers count only where the words around mean money."""
    if not any(character.isdigit() for character in folded):
        return ()
    found = {price.start: price for price in _marked(folded)}
    if not _MONTHS.search(folded):
        for price in _bare(folded):
            if all(
                price.end <= other.start or price.start >= other.end for other in found.values()
            ):
                found[price.start] = price
    return tuple(found[start] for start in sorted(found))


def below(asked: Sequence[float], folded: str) -> bool:
    """Whether a bare number stands a little under a price that was just asked: "12,300 tas uwi na natin to"."""
    amounts = [_amount(match[1], match[2]) for match in _ANY_NUMBER.finditer(folded)]
    return any(
        amount >= _SMALLEST_COUNTER and _LOWEST_SHARE * price <= amount < price
        for amount in amounts
        for price in asked
    )


def _marked(folded: str) -> list[Price]:
    prices = []
    for match in _MARKED.finditer(folded):
        digits, thousand = (match[1], match[2]) if match[1] else (match[3], match[4])
        prices.append(Price(_amount(digits, thousand), match.start(), match.end(), marked=True))
    return prices


def _bare(folded: str) -> list[Price]:
    prices = []
    names = [match.span() for match in _NAMED.finditer(folded)]
    for pattern in (_BARE_AFTER_LEAD, _BARE_BEFORE_TAIL):
        for match in pattern.finditer(folded):
            amount = _amount(match[1], match[2])
            named = any(start < match.start(1) < end for start, end in names)
            if amount >= _SMALLEST_BARE and len(match[1]) <= 9 and not named:
                prices.append(Price(amount, match.start(1), match.end(2), marked=False))
    return prices


def _amount(digits: str, thousand: str) -> float:
    plain = re.sub(r"[,.\s](?=\d{3}(?:\D|$))", "", digits).replace(",", ".")
    return float(plain) * (1000.0 if thousand.strip() else 1.0)
