"""The words behind a decision: literal parts of messages, the telling sentence rather than the whole."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hirocrm.analysis.local.families import Kind
from hirocrm.analysis.local.situation import Archetype, Moment, Situation, shows
from hirocrm.analysis.local.turns import Turn, clean
from hirocrm.analysis.schema import Evidence

MAX_QUOTE_CHARS = 140
MAX_EVIDENCE = 4
_SENTENCES = re.compile(r"[^\n\r\x00]+?(?:[.!?…]+(?=\s|$)|$|(?=[\n\r\x00]))")
_LINES = re.compile(r"[^\n\r\x00]+")

_A, _M = Archetype, Moment
_TELLING: dict[str, tuple[Moment, ...]] = {
    _A.NEW_LEAD: (_M.PRICE_QUESTION, _M.INQUIRY, _M.DETAILS),
    _A.CONTACTED: (_M.INQUIRY, _M.PRICE_QUESTION),
    _A.QUALIFIED: (_M.DETAILS, _M.PRICE_QUESTION, _M.INQUIRY),
    _A.PROPOSAL_SENT: (_M.PRICE, _M.OFFER, _M.PRICE_QUESTION),
    _A.NEGOTIATING: (_M.COUNTER, _M.CHANGE, _M.STALL, _M.PRICE),
    _A.CLOSED_WON: (_M.PAYMENT, _M.ACCEPTANCE, _M.CONFIRMATION),
    _A.CLOSED_LOST: (_M.REFUSAL, _M.FAILURE),
    _A.SUPPORT: (_M.COMPLAINT,),
    _A.NOT_A_LEAD: (_M.SPAM, _M.OFF_TOPIC),
    "New Request": (_M.COMPLAINT, _M.INQUIRY),
    "Resolved": (_M.CONFIRMATION, _M.COMPLAINT),
    "Unresolved": (_M.FAILURE, _M.REFUSAL, _M.COMPLAINT),
}


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote with what it shows (None: simply what was said last)."""

    moment: Moment | None
    turn: Turn
    quote: str


def citations(kind: Kind, turns: Sequence[Turn], situation: Situation) -> tuple[Citation, ...]:
    """Quotes that tell why this kind of stage, the strongest first, one a message."""
    found: list[Citation] = []
    for moment in _TELLING.get(kind.name, ()):
        index = situation.last(moment)
        if index >= 0 and all(turns[index].id != other.turn.id for other in found):
            found += _cite(turns[index], moment)
    for turn in (_last_said(turns, from_customer=True), _last_said(turns, from_customer=False)):
        if turn and len(found) < 2 and all(turn.id != other.turn.id for other in found):
            found += _cite(turn, None)
    return tuple(found[:MAX_EVIDENCE])


def evidence_of(cited: Sequence[Citation]) -> tuple[Evidence, ...]:
    """The citations as the schema has them."""
    return tuple(Evidence(message_id=item.turn.id, quote=item.quote) for item in cited)


def _cite(turn: Turn, moment: Moment | None) -> list[Citation]:
    quote = telling_part(turn, moment)
    return [Citation(moment, turn, quote)] if quote else []


def telling_part(turn: Turn, moment: Moment | None = None) -> str:
    """The sentence of a message that shows the moment, cut at a word; always a literal part of it."""
    said = turn.original or turn.text
    for part in _SENTENCES.findall(said):
        if moment and shows(moment, clean(part).lower(), from_customer=turn.from_customer):
            return shorten(part.strip())
    lines = [line.strip() for line in _LINES.findall(said)]
    return shorten(next((line for line in lines if line), ""))


def shorten(text: str, limit: int = MAX_QUOTE_CHARS) -> str:
    """The text up to a word boundary within the limit."""
    if len(text) <= limit:
        return text
    cut = text[:limit]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut).rstrip(" ,;:-")


def _last_said(turns: Sequence[Turn], *, from_customer: bool) -> Turn | None:
    spoken = (turn for turn in reversed(turns) if turn.text and turn.from_customer is from_customer)
    return next(spoken, None)
