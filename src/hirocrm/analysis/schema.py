"""What an analyser is given and what it may answer: the contract between the product and any AI.

`AnalysisRequest` goes in, `AnalysisAnswer` comes out; `AnalysisResult` is the part a model writes
(camelCase in JSON). No Django here: providers, the local analyser and the evals share this file.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from hirocrm.contacts.snapshots import Sender
from hirocrm.core.platforms import Platform
from hirocrm.core.vocabulary import LeadStatus, Level, Sentiment, StageType

__all__ = [
    "SCHEMA_VERSION",
    "AnalysisAnswer",
    "AnalysisRequest",
    "AnalysisResult",
    "Evidence",
    "Example",
    "LeadStatus",
    "LearnedExample",
    "Level",
    "Platform",
    "Recommendation",
    "Sender",
    "Sentiment",
    "Spent",
    "StageOption",
    "StageType",
    "TranscriptMessage",
    "Usage",
    "rank_recommendations",
]

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class StageOption:
    """A stage the analyser may choose."""

    name: str
    type: StageType
    description: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A conversation excerpt and the stage a person put it in."""

    excerpt: str
    stage: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TranscriptMessage:
    """One message as an analyser sees it. `text` may be None (attachments only: see `kinds`)."""

    id: str
    sender: Sender
    sent_at: datetime | None
    text: str | None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LearnedExample:
    """A conversation a person placed, as the local analyser learns from it. `id` stands for all of its content.

    `packed_row` is what `LocalAnalyser.packed_row` made of the messages.
    """

    id: str
    messages: tuple[TranscriptMessage, ...]
    stage: str
    packed_row: bytes | None = None


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """Everything an analyser may know about one conversation. Customer text in it is data, never instructions.

    `stages` empty: no pipeline is set, only a summary is wanted.
    `message_count` counts all messages of the conversation, of which `messages` (oldest first) may be the newest.
    People's verdicts come twice: `corrections` are the most similar ones, to be shown to a model; `learned` are all
    that the local analyser learns from, one tuple shared by many requests.
    """

    messages: tuple[TranscriptMessage, ...]
    stages: tuple[StageOption, ...] = ()
    platform: Platform = Platform.MESSENGER
    language: str = "en"
    pipeline_name: str = ""
    pipeline_instructions: str = ""
    pipeline_examples: tuple[Example, ...] = ()
    business_description: str = ""
    previous_summary: str = ""
    message_count: int | None = None
    now: datetime | None = None
    corrections: tuple[Example, ...] = ()
    learned: tuple[LearnedExample, ...] = field(default=(), repr=False)

    @property
    def wants_stage(self) -> bool:
        """Whether a stage is to be chosen, or only a summary written."""
        return bool(self.stages)


def _clamp(value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*%?\s*", value)
        value = float(match[1]) if match else value
    if isinstance(value, float) and math.isfinite(value):
        value = round(value)
    return (
        min(100, max(0, value)) if isinstance(value, int) and not isinstance(value, bool) else value
    )


def _upper(value: Any) -> Any:
    return re.sub(r"[\s-]+", "_", value.strip()).upper() if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _date_or_none(value: Any) -> Any:
    """A date from "2026-11-25" or "2026-11-25T09:00:00Z"; None for anything vaguer ("next week")."""
    if not isinstance(value, str):
        return value
    match = re.match(r"\d{4}-\d{2}-\d{2}", value.strip())
    try:
        return date.fromisoformat(match[0]) if match else None
    except ValueError:
        return None


def _strings(value: Any) -> Any:
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


Percent = Annotated[int, BeforeValidator(_clamp), Field(ge=0, le=100)]
ShortStrings = Annotated[tuple[str, ...], BeforeValidator(_strings)]


class _Answer(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )


class Recommendation(_Answer):
    """A stage and how likely it is the right one, 0-100."""

    stage: str
    probability: Percent


class Evidence(_Answer):
    """The customer's or business's own words behind the decision: a literal part of one message."""

    message_id: str
    quote: str


class AnalysisResult(_Answer):
    """What an analyser says of one conversation. Scores are clamped, never trusted."""

    summary: Annotated[str, Field(min_length=1)]
    recommended_stage: str = ""
    recommendations: tuple[Recommendation, ...] = ()
    lead_score: Percent = 0
    lead_status: Annotated[LeadStatus, BeforeValidator(_upper)] = LeadStatus.NEW
    confidence: Percent = 0
    reasoning: str = ""
    evidence: tuple[Evidence, ...] = ()
    sentiment: Annotated[Sentiment, BeforeValidator(_lower)] = Sentiment.NEUTRAL
    urgency: Annotated[Level, BeforeValidator(_lower)] = Level.LOW
    intent_score: Percent = 0
    topics: ShortStrings = ()
    pain_points: ShortStrings = ()
    buying_signals: bool = False
    next_best_action: str = ""
    suggested_follow_up_date: Annotated[date | None, BeforeValidator(_date_or_none)] = None
    priority: Annotated[Level, BeforeValidator(_lower)] = Level.LOW
    language: str = ""

    @field_validator("summary", "reasoning", "next_best_action", "recommended_stage", mode="before")
    @classmethod
    def _plain_text(cls, value: Any) -> Any:
        return (
            value.replace("\x00", "").strip()
            if isinstance(value, str)
            else ("" if value is None else value)
        )

    @field_validator("recommendations", "evidence", mode="before")
    @classmethod
    def _none_is_empty(cls, value: Any) -> Any:
        return () if value is None else value

    @model_validator(mode="after")
    def _ranked(self) -> "AnalysisResult":
        """Up to three recommendations, descending, the first of which equals `recommended_stage`."""
        ranked = rank_recommendations(self.recommended_stage, self.recommendations, self.confidence)
        object.__setattr__(self, "recommendations", ranked)
        object.__setattr__(self, "evidence", self.evidence[:5])
        return self


def rank_recommendations(
    chosen: str, given: Iterable[Recommendation], confidence: int
) -> tuple[Recommendation, ...]:
    """Put the chosen stage first and the others after it by probability, at most three in all."""
    if not chosen:
        return ()
    unique: dict[str, Recommendation] = {}
    for item in sorted(given, key=lambda r: -r.probability):
        unique.setdefault(item.stage.strip().casefold(), item)
    top = unique.pop(chosen.strip().casefold(), None)
    rest = list(unique.values())[:2]
    floor = max((item.probability for item in rest), default=0)
    probability = max(top.probability if top else confidence, floor)
    return (Recommendation(stage=chosen, probability=probability), *rest)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call cost. Money in millionths of a US dollar; None where the price is unknown."""

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost_micro_usd: int | None = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """What a vendor took, be its answer of use or not: blocked, cut off, not valid, or no longer wanted."""

    provider: str
    model: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class AnalysisAnswer:
    """A validated result with where it came from and what it cost. `model` is the model that really answered."""

    result: AnalysisResult
    provider: str  # gemini, openai, anthropic or local
    model: str
    usage: Usage = field(default_factory=Usage)
    duration_ms: int = 0
    prompt_version: str = ""
