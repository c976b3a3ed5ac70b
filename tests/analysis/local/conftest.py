import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from hirocrm.analysis.local.analyser import LocalAnalyser
from hirocrm.analysis.schema import AnalysisRequest, StageOption, StageType, TranscriptMessage
from hirocrm.contacts.snapshots import Sender

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

SALES_PIPELINE = (
    StageOption("New Lead", StageType.LEAD, "Just wrote for the first time; nobody answered yet."),
    StageOption("Contacted", StageType.IN_PROGRESS, "We answered; what they need isn't known yet."),
    StageOption(
        "Qualified", StageType.IN_PROGRESS, "They told us what they need and are interested."
    ),
    StageOption("Proposal Sent", StageType.IN_PROGRESS, "We gave a price or a concrete offer."),
    StageOption("Negotiating", StageType.IN_PROGRESS, "They bargain or ask for other terms."),
    StageOption("Closed Won", StageType.WON, "They agreed to buy, paid or booked."),
    StageOption("Closed Lost", StageType.LOST, "They declined, or it couldn't be done."),
)


def messages(*lines: str) -> tuple[TranscriptMessage, ...]:
    """Messages an hour apart, the last an hour ago: "c hm po?" is the customer's, "b 450 po" the business's."""
    return tuple(
        TranscriptMessage(
            id=f"m{index}",
            sender=Sender.CUSTOMER if line[0] == "c" else Sender.BUSINESS,
            sent_at=NOW - timedelta(hours=len(lines) - index),
            text=line[2:],
        )
        for index, line in enumerate(lines)
    )


def request(
    *lines: str, stages: tuple[StageOption, ...] = SALES_PIPELINE, language: str = "en"
) -> AnalysisRequest:
    """A request for those lines."""
    return AnalysisRequest(messages=messages(*lines), stages=stages, now=NOW, language=language)


class CountingEmbedder:
    """Unit vectors made from a digest of the text, and a count of texts embedded."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += texts
        vectors = np.array([_vector(text) for text in texts], np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _vector(text: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
    return np.random.default_rng(seed).normal(size=384)


@pytest.fixture(scope="session")
def analyser() -> LocalAnalyser:
    """The analyser as installed, embeddings and all."""
    return LocalAnalyser()


@pytest.fixture(scope="session")
def plain_analyser() -> LocalAnalyser:
    """The analyser where no wheel fits: features alone."""
    return LocalAnalyser(embedder=None)
