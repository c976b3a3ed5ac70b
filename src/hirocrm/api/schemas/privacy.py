"""Retention."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from hirocrm.api.schemas.base import ApiInput, ApiSchema
from hirocrm.privacy.models import RetentionPolicy
from hirocrm.privacy.retention import LONGEST_DAYS, SHORTEST_DAYS, Counts

Days = Annotated[
    int | None,
    Field(ge=SHORTEST_DAYS, le=LONGEST_DAYS, description="null: kept for ever."),
]


class RetentionIn(ApiInput):
    """For how many days what is kept."""

    message_days: Days = None
    contact_days: Days = None
    analysis_days: Days = None


class RetentionCounts(ApiSchema):
    """What a rule takes away."""

    messages: int
    contacts: int
    analyses: int
    answers: int = Field(default=0, description="Answers that never reached Meta.")

    @classmethod
    def of(cls, counts: Counts) -> "RetentionCounts":
        """The counts as JSON has them."""
        return cls(
            messages=counts.messages,
            contacts=counts.contacts,
            analyses=counts.analyses,
            answers=counts.answers,
        )


class RetentionOut(ApiSchema):
    """For how many days what is kept, and what the last night took away."""

    message_days: int | None
    contact_days: int | None
    analysis_days: int | None
    last_run_at: datetime | None
    last_counts: RetentionCounts | None

    @classmethod
    def of(cls, policy: RetentionPolicy) -> "RetentionOut":
        """The row as JSON has it."""
        return cls(
            message_days=policy.message_days,
            contact_days=policy.contact_days,
            analysis_days=policy.analysis_days,
            last_run_at=policy.last_run_at,
            last_counts=RetentionCounts(**policy.last_counts) if policy.last_counts else None,
        )
