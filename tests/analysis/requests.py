"""Conversations for the tests of prompts and engines."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hirocrm.analysis.schema import AnalysisRequest, StageOption, StageType, TranscriptMessage
from hirocrm.contacts.snapshots import Sender

STARTED = datetime(2026, 1, 2, 10, 0, tzinfo=UTC)
STAGES = (
    StageOption("New Lead", StageType.LEAD, "Wrote for the first time"),
    StageOption("Contacted", StageType.IN_PROGRESS, "The shop has answered"),
    StageOption("Closed Won", StageType.WON, "Paid"),
)


def message(
    number: int, text: str | None, sender: Sender = Sender.CUSTOMER, *kinds: str
) -> TranscriptMessage:
    return TranscriptMessage(
        id=f"mid.{number}",
        sender=sender,
        sent_at=STARTED + timedelta(minutes=number),
        text=text,
        kinds=kinds,
    )


def conversation(*texts: str | None, **fields: Any) -> AnalysisRequest:
    """Customer and business in turn, the customer first."""
    senders = (Sender.CUSTOMER, Sender.BUSINESS)
    messages = tuple(message(n, text, senders[n % 2]) for n, text in enumerate(texts))
    return AnalysisRequest(messages=messages, **{"stages": STAGES, **fields})
