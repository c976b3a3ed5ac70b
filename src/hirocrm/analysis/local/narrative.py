"""Summary, reasoning and next step, written from what was seen; every claim quotes its message."""

from collections.abc import Callable, Sequence
from itertools import takewhile

from hirocrm.analysis.local.quotes import Citation, shorten, telling_part
from hirocrm.analysis.local.reading import Reading
from hirocrm.analysis.local.situation import Archetype, Moment
from hirocrm.analysis.local.turns import Turn
from hirocrm.analysis.local.wording import Sentences
from hirocrm.analysis.schema import LeadStatus

A, M = Archetype, Moment
_SUMMARY_QUOTE_CHARS = 110
_UNSURE_BELOW = 50


def summary(reading: Reading, sentences: Sentences, stage: str = "", percent: int = 0) -> str:
    """Three to five sentences: how it began, what was offered, what was said last, whose turn it is.

    `stage` empty: none was asked for. `percent`: how likely the stage is.
    """
    if not reading.turns:
        return sentences["empty"]
    if not reading.readable:
        kinds = sorted({kind for turn in reading.turns for kind in turn.kinds}) or ["emoji"]
        return sentences["attachments"].format(kinds=", ".join(kinds))
    parts = [_opening(reading, sentences), _middle(reading, sentences), _latest(reading, sentences)]
    parts.append(_whose_turn(reading, sentences))
    standing = sentences["stands" if percent >= _UNSURE_BELOW else "unclear"].format(stage=stage)
    parts.append(_coverage(reading, sentences) or (standing if stage else ""))
    return " ".join(part for part in parts if part)


def _opening(reading: Reading, sentences: Sentences) -> str:
    first = next(turn for turn in reading.turns if turn.text)
    if first.from_customer or len(reading.turns) == 1:
        telling = _telling_opening(reading) or first
        return sentences["opened"].format(quote=_short(telling))
    return sentences["business_opened"].format(quote=_short(first))


def _telling_opening(reading: Reading) -> Turn | None:
    """Of the customer's messages before any reply the one that says most, rather than "hi"."""
    early = list(takewhile(lambda turn: turn.from_customer, reading.turns))
    spoken = [turn for turn in early if turn.text][:4]
    return max(spoken, key=lambda turn: min(len(turn.text), 60)) if spoken else None


def _middle(reading: Reading, sentences: Sentences) -> str:
    seen, turns = reading.situation, reading.turns
    for moment, name in ((M.CONFIRMATION, "confirmed"), (M.PRICE, "priced"), (M.OFFER, "offered")):
        index = seen.last(moment)
        if index >= 0:
            return sentences[name].format(quote=_short(turns[index], moment))
    if not reading.answered:
        return sentences["unanswered"]
    business = next(
        (turn for turn in reversed(turns) if not turn.from_customer and turn.text), None
    )
    return sentences["business_said"].format(quote=_short(business)) if business else ""


def _latest(reading: Reading, sentences: Sentences) -> str:
    own = [turn for turn in reading.turns if turn.from_customer and turn.text]
    if len(own) < 2:
        return ""
    return sentences["customer_said"].format(quote=_short(own[-1]))


def _whose_turn(reading: Reading, sentences: Sentences) -> str:
    lost = reading.kind.status is LeadStatus.LOST
    if lost or (reading.kind.status is LeadStatus.WON and reading.business_spoke_last):
        return sentences["finished"]
    if not reading.business_spoke_last:
        return sentences["business_turn"]
    if reading.silent_days >= 2:
        return sentences["silent"].format(days=reading.silent_days)
    return sentences["customer_turn"]


def _coverage(reading: Reading, sentences: Sentences) -> str:
    total, read = reading.request.message_count, len(reading.request.messages)
    return sentences["partial"].format(read=read, all=total) if total and total > read else ""


def _short(turn: Turn, moment: Moment | None = None) -> str:
    whole = turn.text
    if len(whole) <= _SUMMARY_QUOTE_CHARS:
        return whole
    return shorten(telling_part(turn, moment), _SUMMARY_QUOTE_CHARS) + "…"


def reasoning(
    reading: Reading,
    cited: Sequence[Citation],
    sentences: Sentences,
    *,
    ranked: Sequence[tuple[str, int]],
    has_stage: bool,
) -> str:
    """Why this stage: what was seen, each with its quote; then doubts. `ranked`: (stage, percent)."""
    parts = [_reason(item, sentences) for item in cited if item.moment][:3]
    parts = parts or [_reason(item, sentences) for item in cited][:2]
    parts.append(_circumstance(reading, sentences))
    stage, percent = ranked[0]
    if not has_stage and reading.kind.name in (A.SUPPORT, A.NOT_A_LEAD):
        which = "support" if reading.is_support else "not_a_lead"
        parts.append(sentences[f"no_stage_for_{which}"].format(stage=stage))
    if percent < 70 and len(ranked) > 1 and ranked[1][1] >= 10:
        parts.append(sentences["second"].format(stage=ranked[1][0], probability=ranked[1][1]))
    if percent < _UNSURE_BELOW:
        parts.append(sentences["unsure"])
    if reading.injections:
        parts.append(sentences["injection"])
    return " ".join(part for part in parts if part)


def _reason(item: Citation, sentences: Sentences) -> str:
    key = f"why.{item.moment}" if item.moment else "why.said"
    if not item.turn.from_customer and f"{key}.business" in sentences:
        key = f"{key}.business"
    return sentences[key].format(quote=item.quote)


def _circumstance(reading: Reading, sentences: Sentences) -> str:
    if not reading.readable:
        return sentences["nothing_read"]
    if reading.kind.name == A.NEW_LEAD and not reading.answered:
        return sentences["no_reply"]
    if reading.kind.name == A.PROPOSAL_SENT and reading.business_spoke_last:
        return sentences["no_answer_to_offer"]
    if reading.kind.name == A.QUALIFIED and not reading.situation.has(M.PRICE):
        return sentences["no_price_yet"]
    return sentences["needs_unknown"] if reading.kind.name == A.CONTACTED else ""


def next_step(reading: Reading, sentences: Sentences) -> str:
    """What to do now."""
    if not reading.readable:
        return sentences["do.reply"]
    return sentences[f"do.{_step(reading)}"]


def _step(reading: Reading) -> str:
    steps: dict[str, Callable[[Reading], str]] = {
        A.NEW_LEAD: lambda r: "reply_price" if r.situation.has(M.PRICE_QUESTION) else "reply",
        A.CONTACTED: lambda r: "wait" if r.business_spoke_last else "qualify",
        A.QUALIFIED: lambda r: "wait" if r.business_spoke_last else "quote",
        A.PROPOSAL_SENT: lambda r: "follow_offer" if r.business_spoke_last else "answer",
        A.NEGOTIATING: _negotiating_step,
        A.CLOSED_LOST: lambda r: "alternative_lost" if r.situation.has(M.FAILURE) else "lost",
        A.CLOSED_WON: lambda r: "thank" if r.business_spoke_last else "fulfil",
    }
    return steps.get(reading.kind.name, _fixed_step)(reading)


def _negotiating_step(reading: Reading) -> str:
    seen = reading.situation
    latest = max((M.COUNTER, M.CHANGE, M.STALL), key=seen.last)
    if seen.last(latest) < 0:
        return "follow_offer" if reading.business_spoke_last else "answer"
    if latest is M.STALL:
        return "stall"
    if reading.business_spoke_last:
        return "follow_offer"
    return "counter" if latest is M.COUNTER else "alternative"


def _fixed_step(reading: Reading) -> str:
    by_name: dict[str, str] = {
        A.SUPPORT: "help",
        A.NOT_A_LEAD: "nothing",
        "New Request": "help",
        "Awaiting Customer": "wait",
        "In Progress": "solve",
        "Resolved": "thank",
        "Unresolved": "escalate",
    }
    return by_name.get(reading.kind.name, "answer")
