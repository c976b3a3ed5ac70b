"""Words whose values are part of the API and of the database, shared by several modules."""

from enum import StrEnum


class LeadStatus(StrEnum):
    """Where a lead stands, whatever the pipeline's stages are called."""

    NEW = "NEW"
    CONTACTED = "CONTACTED"
    QUALIFIED = "QUALIFIED"
    PROPOSAL_SENT = "PROPOSAL_SENT"
    NEGOTIATING = "NEGOTIATING"
    WON = "WON"
    LOST = "LOST"
    UNRESPONSIVE = "UNRESPONSIVE"


class StageType(StrEnum):
    """What a stage means to the figures."""

    LEAD = "LEAD"
    IN_PROGRESS = "IN_PROGRESS"
    WON = "WON"
    LOST = "LOST"
    ARCHIVED = "ARCHIVED"


class Sentiment(StrEnum):
    """The customer's mood."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


class Level(StrEnum):
    """Urgency and priority."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
