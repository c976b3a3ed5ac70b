"""The stand-in model: rules instead of weights, the same answer for the same prompt every time.

It reads what the prompt holds (transcript, stages) and nothing else, so its answers are as good as
the prompt: a message that never reached it can't be quoted.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from hirocrm.sandbox.llm import words
from hirocrm.sandbox.llm.transcript import Line

# What a stage is called, by what it means.
STAGE_WORDS = (
    ("spam", re.compile(r"not a lead|spam|junk", re.IGNORECASE)),
    ("support", re.compile(r"support|complain|issue|problem", re.IGNORECASE)),
    ("lost", re.compile(r"lost|cancel|unresolved|no.?show|declined|dead", re.IGNORECASE)),
    ("won", re.compile(r"won|paid|resolved|booked|completed|confirmed|sold|signed|done", re.IGNORECASE)),
    ("negotiating", re.compile(r"negotiat|counter|haggl|in progress", re.IGNORECASE)),
    ("proposal", re.compile(r"propos|quot|offer|awaiting|viewing|price", re.IGNORECASE)),
    ("qualified", re.compile(r"qualif|interest|detail|triage", re.IGNORECASE)),
    ("contacted", re.compile(r"contact|replied|reached|open", re.IGNORECASE)),
    ("new", re.compile(r"new|lead|inquir|request|inbox|first", re.IGNORECASE)),
)  # fmt: skip
LADDER = ("new", "contacted", "qualified", "proposal", "negotiating", "won")
INSTEAD = {"spam": ("lost", "new"), "support": ("contacted", "new"), "lost": ("new",)}
STATUS = {
    "new": "NEW", "contacted": "CONTACTED", "qualified": "QUALIFIED", "proposal": "PROPOSAL_SENT",
    "negotiating": "NEGOTIATING", "won": "WON", "lost": "LOST", "support": "CONTACTED", "spam": "LOST",
}  # fmt: skip
SCORES = {
    "new": 25,
    "contacted": 35,
    "qualified": 55,
    "proposal": 62,
    "negotiating": 72,
    "won": 95,
    "lost": 8,
    "support": 30,
    "spam": 2,
}
ACTIONS = {
    "new": "Reply now with a greeting and the answer to the question.",
    "contacted": "Ask what the customer needs: item, quantity, date.",
    "qualified": "Send a price or a concrete offer.",
    "proposal": "Follow up on the offer and ask if there are questions.",
    "negotiating": "Answer the counter-offer with your best terms.",
    "won": "Confirm delivery details and say thank you.",
    "lost": "Thank the customer and ask to stay in touch.",
    "support": "Apologise, ask for the order number and solve the problem.",
    "spam": "No reply is needed.",
}
REASONS = {
    "new": "the customer has asked and nobody has answered yet",
    "contacted": "the business has replied, but the need isn't clear yet",
    "qualified": "the customer has said what they need, and no price is on the table yet",
    "proposal": "the business has named a price and the customer hasn't answered it",
    "negotiating": "the customer reacted to the price and asks for other terms",
    "won": "order, booking or payment is confirmed",
    "lost": "one side has walked away",
    "support": "the customer has a problem with something already bought",
    "spam": "the message has nothing to do with the business",
}


@dataclass(slots=True)
class Reading:
    """What the rules found: the meaning, the lines that show it, and the mood."""

    meaning: str
    lines: list[Line]
    quotes: list[Line]
    strength: int
    customer_text: str


def read(lines: list[Line]) -> Reading:
    """Judge a conversation by its words."""
    customer = "\n".join(line.lower for line in lines if line.is_customer)
    meaning, quotes = _meaning(lines, customer)
    strength = min(95, 45 + 8 * len(quotes) + 3 * min(len(lines), 8))
    return Reading(meaning, lines, quotes[:5], strength, customer)


def _hits(lines: list[Line], wanted: words.Words, within: str) -> list[Line]:
    """The lines that say it; `within` is text they stand in, looked at first since most say nothing."""
    if not wanted.found_in(within):
        return []
    return [line for line in lines if wanted.found_in(line.lower)]


def _meaning(lines: list[Line], customer: str) -> tuple[str, list[Line]]:
    mine = [line for line in lines if line.is_customer]
    everything = "\n".join(line.lower for line in lines)
    if mine and words.SPAM.found_in(customer) and not words.PRICE.found_in(customer):
        return "spam", _hits(mine, words.SPAM, customer)
    lost, paid = _hits(lines[-6:], words.LOST, everything), _hits(lines, words.PAID, everything)
    if lost and (not paid or lines.index(lost[-1]) > lines.index(paid[-1])):
        return "lost", lost
    complaints = _hits(mine, words.COMPLAINT, customer)
    if complaints and not (paid and lines.index(paid[-1]) > lines.index(complaints[-1])):
        return "support", complaints
    if paid:
        return "won", paid
    return _middle(lines, mine, customer)


def _middle(lines: list[Line], mine: list[Line], customer: str) -> tuple[str, list[Line]]:
    """Somewhere between first contact and a deal."""
    offers = [line for line in lines if not line.is_customer and words.PRICE.found_in(line.lower)]
    if offers:
        after = lines[lines.index(offers[0]) + 1 :]
        counters = [
            line for line in after if line.is_customer and words.HAGGLE.found_in(line.lower)
        ]
        return ("negotiating", counters) if counters else ("proposal", offers)
    if len(mine) == len(lines):
        return "new", mine[:1]
    details = _hits(mine, words.DETAILS, customer)
    if details and len(mine) > 1:
        return "qualified", details
    return "contacted", mine[-1:] or lines[-1:]


@lru_cache(maxsize=256)
def choose_stages(meaning: str, stages: tuple[str, ...]) -> list[tuple[str, int]]:
    """Up to three of the stages with probabilities, the fitting one first."""
    if not stages:
        return []
    by_meaning: dict[str, str] = {}
    for name in stages:
        found = next((m for m, pattern in STAGE_WORDS if pattern.search(name)), "")
        by_meaning.setdefault(found, name)
    first = next((by_meaning[m] for m in _fallbacks(meaning) if m in by_meaning), stages[0])
    others = [name for name in stages if name != first]
    place = stages.index(first)
    others.sort(key=lambda name: abs(stages.index(name) - place))
    return [(first, 74), *zip(others, (16, 6), strict=False)]


def _fallbacks(meaning: str) -> list[str]:
    below = list(LADDER[: LADDER.index(meaning) + 1])[::-1] if meaning in LADDER else [meaning]
    return [*below, *INSTEAD.get(meaning, ()), *LADDER]


def answers(reading: Reading, stages: list[str]) -> dict[str, Any]:
    """Everything the model would say, by the names a schema may ask for."""
    ranked = choose_stages(reading.meaning, tuple(stages))
    mood = _mood(reading)
    is_urgent = bool(words.URGENT.found_in(reading.customer_text))
    score = SCORES[reading.meaning]
    return {
        "summary": _summary(reading),
        "recommendedStage": ranked[0][0] if ranked else "",
        "recommendations": [{"stage": s, "probability": p} for s, p in ranked],
        "leadScore": score,
        "leadStatus": STATUS[reading.meaning],
        "confidence": reading.strength,
        "reasoning": f"This stage because {REASONS[reading.meaning]}.",
        "evidence": [{"messageId": q.id, "quote": _span(q.text)} for q in reading.quotes if q.text],
        "sentiment": mood,
        "urgency": "high" if is_urgent else "medium" if reading.meaning == "negotiating" else "low",
        "intentScore": max(0, min(100, score + (10 if is_urgent else 0))),
        "topics": [n for n, p in words.TOPICS if p.found_in(reading.customer_text)][:5],
        "painPoints": [n for n, p in words.PAINS if p.found_in(reading.customer_text)][:5],
        "buyingSignals": bool(words.BUYING.found_in(reading.customer_text)),
        "nextBestAction": ACTIONS[reading.meaning],
        "suggestedFollowUpDate": _follow_up(reading),
        "priority": "high" if is_urgent or mood == "negative" else "medium",
        "language": _language(reading.customer_text),
    }


def _summary(reading: Reading) -> str:
    mine = [line.text for line in reading.lines if line.is_customer and line.text]
    opening = _span(mine[0]) if mine else "nothing yet"
    latest = _span(reading.lines[-1].text) if reading.lines else ""
    count = len(reading.lines)
    return (
        f"The customer opened with “{opening}”. {count} messages were exchanged in all. "
        f"The latest one reads “{latest}”. So far {REASONS[reading.meaning]}."
    )


def _span(text: str, letters: int = 120) -> str:
    """A literal part of a line: its beginning, to the end of a word, before any line break."""
    text = text.partition(" ⏎")[0]
    if len(text) <= letters:
        return text
    return text[:letters].rsplit(" ", 1)[0]


def _mood(reading: Reading) -> str:
    if reading.meaning == "support" or words.COMPLAINT.found_in(reading.customer_text):
        return "negative"
    return "positive" if words.HAPPY.found_in(reading.customer_text) else "neutral"


def _language(text: str) -> str:
    return next((tag for tag, pattern in words.LANGUAGES if pattern.search(text)), "en")


def _follow_up(reading: Reading) -> str | None:
    day = next((line.day for line in reversed(reading.lines) if line.day), "")
    if not day or reading.meaning in {"won", "lost", "spam"}:
        return None
    return (date.fromisoformat(day) + timedelta(days=2)).isoformat()
