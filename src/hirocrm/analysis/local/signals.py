"""Score, intent, urgency, topics and pains: plain arithmetic on what was seen, each part explainable."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from hirocrm.analysis.local.acts import Act, acts_of, money_in
from hirocrm.analysis.local.families import Kind
from hirocrm.analysis.local.plain_words import PLAIN_WORDS
from hirocrm.analysis.local.reading import Reading
from hirocrm.analysis.local.situation import Archetype, Moment
from hirocrm.analysis.local.turns import Turn
from hirocrm.analysis.local.wording import Sentences
from hirocrm.analysis.schema import LeadStatus, Level

A, M = Archetype, Moment
_URGENT = re.compile(
    r"(?<!\w)(?:asap|urgent(?:ly|e)?|right (?:now|away)|immediately|rush|hurry|emergency|now na|ngayon na|agad|agad-?agad|"
    r"kailangan (?:ko )?(?:na|po|ngayon|bukas|mamaya)|need (?:ko )?(?:na|it now|today|tonight)|ya mismo|ahora mismo|"
    r"lo antes posible|urge|deadline|last minute)(?!\w)"
)
_SOON = re.compile(
    r"(?<!\w)(?:today|tonight|tomorrow|this (?:morning|afternoon|evening|weekend|week)|bukas|mamaya|ngayon|hoy|ma[nñ]ana|"
    r"esta (?:tarde|noche|semana))(?!\w)"
)
_TOPICS: dict[str, str] = {
    "price": r"price|how much|magkano|mgkano|hm|presyo|precio|cu[aá]nto|cost|rates?|srp",
    "discount": r"discount|tawad|less|lower|last price|nego\w*|descuento|rebaja|bawas",
    "delivery": r"deliver\w*|ship\w*|sf|lbc|j&t|lalamove|grab|padala|env[ií]os?|tracking|parcel",
    "payment": r"gcash|maya|payment|paid|pay|bayad|cod|cash on delivery|installment|hulugan|transfer\w*|pago|pagu[eé]|tarjeta|dp|down ?payment|deposit",
    "availability": r"available|avail|stock|on ?hand|meron|disponible|sold out|ubos",
    "size_colour": r"size|colou?r|kulay|talla|small|medium|large|xl|black|white|beige|itim|puti",
    "booking": r"book\w*|reserv\w*|appointment|schedule|slot|cita|agendar|sched",
    "problem": r"refund|broken|damaged|sira|wrong (?:item|size|order)|defect\w*|reklamo|complain\w*|not working|reembolso|roto|rota",
    "location": r"where (?:are|is) (?:you|your|the)|location|address|saan|branch|direcci[oó]n|ubicaci[oó]n|ubicad[oa]s",
    "viewing": r"viewing|tripping|visit|see the (?:unit|house|place)|site visit|visita",
}
_PAINS: dict[str, str] = {
    "price": r"too (?:expensive|high|much)|(?:so |very )?expensive|(?:ang |medyo |masyadong )mahal|mahal (?:po|naman|pala|masyado)|over my budget|muy caro|car[oa]",
    "late": r"late|delayed|still waiting|ang tagal|matagal|(?:hindi|di) pa (?:po )?(?:rin )?duma\w+|wala pa (?:rin )?(?:po )?(?:yung|ang)|where(?:'s| is) my|hasn'?t arrived|(?:has )?not arrived|no (?:me )?(?:ha )?lleg\w+|todav[ií]a no",
    "damaged": r"broken|damaged|defect\w*|cracked|not working|does(?:n'?t| not) work|sira|basag|punit|(?:hindi|di) guma\w+|nagana|rot[oa]|da[nñ]ad[oa]|no funciona|no sirve|leak\w*",
    "wrong": r"wrong (?:item|size|colou?r|order|one)|mali(?:ng)? (?:po )?(?:yung |ang |size|kulay|item|order)|equivocad[oa]",
    "refund": r"refund\w*|money back|ibalik (?:ang|yung) (?:bayad|pera)|reembolso",
    "unavailable": r"sold out|out of stock|no stock|not available|ubos|agotad[oa]",
    "shipping": r"(?:mahal|expensive|high|laki)[\w ]{0,12}(?:sf|shipping|delivery fee)|(?:sf|shipping fee|delivery fee) (?:po )?(?:ang |is |too )?(?:mahal|laki|high|expensive)",
    "reply": r"no (?:reply|response)|not (?:replying|responding)|hello\?+|seen ?zoned?|bakit (?:hindi|di) (?:kayo )?(?:nag)?re?reply|nadie (?:contesta|responde)",
}


def _words(parts: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{parts})(?!\w)")


_TOPIC_PATTERNS = {name: _words(parts) for name, parts in _TOPICS.items()}
_PAIN_PATTERNS = {name: _words(parts) for name, parts in _PAINS.items()}
_WORD = re.compile(r"[^\W\d_]{4,}")
_MAX_TOPICS = 4
_LEAST_INTENT: dict[str, int] = {A.QUALIFIED: 45, A.PROPOSAL_SENT: 40, A.NEGOTIATING: 60}


def lead_score(reading: Reading) -> int:
    """0-100: what the kinds of stage are worth by their probability, then what was seen on top."""
    if not reading.readable:
        return 10
    base = sum(k.score * share for k, share in zip(reading.kinds, reading.kind_shares, strict=True))
    if reading.is_open:
        base += _open_adjustment(reading)
    return int(min(_ceiling(reading.kind), max(1, round(base))))


def _ceiling(kind: Kind) -> int:
    ceilings: dict[str, int] = {A.NOT_A_LEAD: 8, A.CLOSED_LOST: 20, A.SUPPORT: 45}
    return ceilings.get(kind.name, 98)


def _open_adjustment(reading: Reading) -> float:
    seen = reading.situation
    points = 4.0 * reading.polarity
    points += 4 * seen.has(M.PRICE_QUESTION) + 4 * seen.has(M.DETAILS)
    points += 8 * seen.recent(M.ACCEPTANCE) + 5 * _asks_how_to_buy(reading)
    points -= 10 * seen.recent(M.STALL) + 12 * seen.recent(M.REFUSAL)
    points += 6 * (0 <= _price_gap(reading.turns) < 0.1)
    return points - min(20.0, 1.5 * reading.silent_days)


def _asks_how_to_buy(reading: Reading) -> bool:
    own = [turn for turn in reading.turns if turn.from_customer][-2:]
    return any(Act.BUYING in acts_of(turn.folded) for turn in own)


def _price_gap(turns: Sequence[Turn]) -> float:
    """How far apart the last prices of both sides are, as a share; -1 when one side named none."""
    last: dict[bool, float] = {}
    for turn in turns:
        for price in money_in(turn.folded):
            last[turn.from_customer] = price.amount
    if len(last) < 2:
        return -1.0
    return abs(last[True] - last[False]) / max(last[True], last[False], 1.0)


def intent_score(reading: Reading) -> int:
    """0-100: how much the customer wants to buy, whatever came of it."""
    if not reading.readable or reading.kind.name == A.NOT_A_LEAD:
        return 0
    if reading.is_support:
        return 10
    seen = reading.situation
    points = (
        15 + 20 * seen.has(M.PRICE_QUESTION) + 10 * seen.has(M.INQUIRY) + 12 * seen.has(M.DETAILS)
    )
    points += 18 * seen.has(M.COUNTER) + 30 * seen.has(M.ACCEPTANCE) + 45 * seen.has(M.PAYMENT)
    points += 10 * _asks_how_to_buy(reading)
    points = max(points, _LEAST_INTENT.get(reading.kind.name, 0)) - 10 * seen.recent(M.STALL)
    if reading.kind.status is LeadStatus.LOST:
        points = min(points - 40, 25)
    if reading.kind.status is LeadStatus.WON:
        points = max(points, 90)
    return max(0, min(100, points))


def buying_signals(reading: Reading) -> bool:
    """Whether the customer said something that buyers say, and hasn't taken it back."""
    seen = reading.situation
    if reading.kind.name in (A.NOT_A_LEAD, A.SUPPORT) or reading.kind.status is LeadStatus.LOST:
        return False
    wanted = (M.PRICE_QUESTION, M.COUNTER, M.ACCEPTANCE, M.PAYMENT)
    return any(seen.has(moment) for moment in wanted) or _asks_how_to_buy(reading)


def urgency(reading: Reading) -> Level:
    """High: the customer says so, or complains angrily; medium: soon, or a buyer waits for an answer."""
    own = [turn.folded for turn in reading.turns if turn.from_customer][-3:]
    if reading.kind.name == A.NOT_A_LEAD or reading.kind.status is LeadStatus.LOST:
        return Level.LOW
    if any(_URGENT.search(line) for line in own):
        return Level.HIGH
    if reading.situation.has(M.COMPLAINT) and reading.is_support:
        return Level.HIGH if reading.polarity < -0.3 else Level.MEDIUM
    if any(_SOON.search(line) for line in own):
        return Level.MEDIUM
    waiting = not reading.business_spoke_last and reading.is_open and buying_signals(reading)
    return Level.MEDIUM if waiting else Level.LOW


def priority(reading: Reading, score: int) -> Level:
    """How soon somebody should look: a waiting buyer or complaint first, the finished last."""
    if reading.kind.name == A.NOT_A_LEAD or reading.kind.status is LeadStatus.LOST:
        return Level.LOW
    waiting = not reading.business_spoke_last
    if reading.is_support:
        return Level.HIGH if waiting or reading.polarity < -0.2 else Level.MEDIUM
    if reading.kind.status is LeadStatus.WON:
        return Level.MEDIUM if waiting else Level.LOW
    if waiting and (score >= 60 or urgency(reading) is Level.HIGH):
        return Level.HIGH
    return Level.MEDIUM if waiting or score >= 50 else Level.LOW


def topics(reading: Reading, sentences: Sentences) -> tuple[str, ...]:
    """What it is about: the words that come back, then known subjects in the organization's language."""
    if reading.kind.name == A.NOT_A_LEAD:
        return (sentences["topic.spam"],) if reading.situation.has(M.SPAM) else ()
    text = " ".join(turn.folded for turn in reading.turns)
    known = [
        sentences[f"topic.{name}"]
        for name, pattern in _TOPIC_PATTERNS.items()
        if pattern.search(text)
    ]
    return tuple([*_recurring_words(reading.turns), *known][:_MAX_TOPICS])


def _recurring_words(turns: Sequence[Turn]) -> list[str]:
    """Up to two words, not plain ones, that occur in at least two messages."""
    seen: Counter[str] = Counter()
    for turn in turns:
        seen.update(dict.fromkeys(_WORD.findall(turn.folded), 1))
    common = [
        word for word, count in seen.most_common(30) if count >= 2 and word not in PLAIN_WORDS
    ]
    return common[:2]


def pain_points(reading: Reading, sentences: Sentences) -> tuple[str, ...]:
    """What bothers the customer, by their own messages."""
    if reading.kind.name == A.NOT_A_LEAD:
        return ()
    text = " ".join(turn.folded for turn in reading.turns if turn.from_customer)
    return tuple(
        sentences[f"pain.{name}"]
        for name, pattern in _PAIN_PATTERNS.items()
        if pattern.search(text)
    )[:3]


def follow_up_date(reading: Reading) -> date | None:
    """When to write next; None when nothing is to be done or the caller gave no date."""
    today = reading.today
    if today is None or not reading.readable:
        return None
    if reading.kind.status is LeadStatus.LOST:
        return None
    if not reading.business_spoke_last:
        return today
    if reading.kind.status is LeadStatus.WON:
        return today + timedelta(days=7)
    if reading.situation.recent(M.STALL):
        return today + timedelta(days=3)
    return today + timedelta(days=1 if reading.situation.has(M.COUNTER) else 2)
