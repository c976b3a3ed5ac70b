"""Pipelines, stages, the board, the review queue."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from hirocrm.api.schemas.base import ApiInput, ApiSchema, Window
from hirocrm.api.schemas.contacts import ContactOut, EvidenceOut, FilterFields
from hirocrm.contacts.models import Contact
from hirocrm.core.vocabulary import LeadStatus, StageType
from hirocrm.pipelines.models import Pipeline, Stage, Suggestion
from hirocrm.pipelines.queries import CARDS, Column

Name = Annotated[str, Field(min_length=1, max_length=100)]
Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
TemplateKey = Literal["sales", "support", "bookings", "real_estate"]


class StageOut(ApiSchema):
    """A stage. The AI reads name, type and description."""

    id: UUID
    pipeline_id: UUID
    name: str
    description: str
    type: StageType
    color: str
    order: int

    @classmethod
    def of(cls, stage: Stage) -> "StageOut":
        """The row as JSON has it."""
        return cls(**{name: getattr(stage, name) for name in cls.model_fields})


class StageIn(ApiInput):
    """A stage to add at the end of a pipeline."""

    name: Name
    description: Annotated[str, Field(max_length=2000)] = ""
    type: StageType = StageType.IN_PROGRESS
    color: Color = "#64748b"


class StagePatch(ApiInput):
    """What may be changed of a stage; fields left out stay."""

    name: Name = ""
    description: Annotated[str, Field(max_length=2000)] = ""
    type: StageType = StageType.IN_PROGRESS
    color: Color = "#64748b"


class StageOrderIn(ApiInput):
    """All stages of a pipeline in their new order."""

    stage_ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]


class DeleteStageQuery(ApiSchema):
    """Where the stage's contacts go: another stage of the same pipeline."""

    move_to: UUID | None = None


class StageDeleted(ApiSchema):
    """How many contacts went to the other stage."""

    contacts: int


class ExampleIO(ApiInput):
    """A conversation excerpt with the stage it belongs in, shown to the AI."""

    excerpt: Annotated[str, Field(min_length=1, max_length=4000)]
    stage: Name
    reason: Annotated[str, Field(max_length=1000)] = ""


class PipelineOut(ApiSchema):
    """A pipeline with its stages in order."""

    id: UUID
    name: str
    description: str
    ai_prompt: str
    ai_examples: list[ExampleIO]
    business_description: str
    is_default: bool
    stages: list[StageOut]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, pipeline: Pipeline) -> "PipelineOut":
        """The row, with its prefetched stages, as JSON has it."""
        return cls(
            **{name: getattr(pipeline, name) for name in cls.model_fields if name != "stages"},
            stages=[StageOut.of(stage) for stage in pipeline.stages.all()],
        )


class PipelineFields(ApiInput):
    """What the AI is told about a pipeline, and whether new Pages start with it."""

    description: Annotated[str, Field(max_length=2000)] = ""
    ai_prompt: Annotated[str, Field(max_length=8000)] = ""
    ai_examples: Annotated[list[ExampleIO], Field(max_length=50)] = []
    business_description: Annotated[str, Field(max_length=4000)] = ""


class FirstStageIn(StageIn):
    """A stage of a new pipeline. Without an `order` it stands where the list has it."""

    order: Annotated[int, Field(ge=0, le=10_000)] | None = None


class PipelineIn(PipelineFields):
    """A pipeline to make: with a `name` and the `stages` given, or with a template's (then `name` may be left out)."""

    name: Name | None = None
    template: TemplateKey | None = None
    stages: Annotated[list[FirstStageIn], Field(max_length=200)] = []

    def new_stages(self) -> list[dict[str, Any]]:
        """The stages' fields, in their order."""
        places = [
            index if one.order is None else one.order for index, one in enumerate(self.stages)
        ]
        ordered = sorted(range(len(places)), key=places.__getitem__)
        return [self.stages[index].model_dump(exclude={"order"}) for index in ordered]


class PipelinePatch(PipelineFields):
    """What may be changed of a pipeline; fields left out stay."""

    name: Name = ""
    is_default: bool = False


class TemplateStage(ApiSchema):
    """A stage that a template makes."""

    name: str
    type: StageType
    color: str
    description: str


class TemplateOut(ApiSchema):
    """A pipeline that can be made at once."""

    key: TemplateKey
    name: str
    description: str
    stages: list[TemplateStage]


class CardOut(ApiSchema):
    """A contact as the board shows it. Send `version` with a move, and a stale board is noticed."""

    id: UUID
    first_name: str
    last_name: str
    has_messenger: bool
    has_instagram: bool
    facebook_page_id: UUID
    lead_score: int | None
    lead_status: LeadStatus
    ai_confidence: int | None
    needs_review: bool
    tags: list[str]
    stage_entered_at: datetime | None
    last_interaction: datetime | None
    last_message: str | None
    last_message_sender: Literal["customer", "business"] | None
    moved_by: Literal["ai", "person", "system"] | None
    version: int

    @classmethod
    def of(cls, contact: Contact) -> "CardOut":
        """The row as JSON has it."""
        same = (
            "id",
            "first_name",
            "last_name",
            "lead_score",
            "lead_status",
            "ai_confidence",
            "needs_review",
            "tags",
            "stage_entered_at",
            "version",
        )
        return cls(
            **{name: getattr(contact, name) for name in same},
            has_messenger=contact.messenger_psid is not None,
            has_instagram=contact.instagram_sid is not None,
            facebook_page_id=contact.page_id,
            last_interaction=contact.last_interaction_at,
            last_message=contact.last_message_text or None,
            last_message_sender=contact.last_message_sender or None,
            moved_by=contact.moved_by or None,
        )


class ColumnOut(ApiSchema):
    """A stage on the board: its true figures, its first cards, and the cursor of the next ones."""

    stage: StageOut
    count: int
    mean_score: float | None
    waiting_for_reply: int
    items: list[CardOut]
    next_cursor: str | None

    @classmethod
    def of(cls, column: Column) -> "ColumnOut":
        """The column as JSON has it."""
        return cls(
            stage=StageOut.of(column.stage),
            count=column.count,
            mean_score=column.mean_score,
            waiting_for_reply=column.waiting,
            items=[CardOut.of(contact) for contact in column.cards],
            next_cursor=column.next_cursor,
        )


class BoardOut(ApiSchema):
    """A pipeline's columns in order; or, with `stageId`, more cards of that one."""

    pipeline_id: UUID
    name: str
    columns: list[ColumnOut]


class CardsOut(ApiSchema):
    """More cards of one stage."""

    pipeline_id: UUID
    stage_id: UUID
    items: list[CardOut]
    next_cursor: str | None


class BoardQuery(FilterFields):
    """Which contacts the board shows; with `stageId`, only that stage's cards after `cursor`."""

    cursor: Annotated[str | None, Field(max_length=2000)] = None
    limit: Annotated[int, Field(ge=1, le=100)] = CARDS


class ReviewRecommendation(ApiSchema):
    """A stage the AI thinks of, and how likely it is the right one, 0-100."""

    stage_id: UUID | None = None
    stage: str
    probability: int


class SuggestionOut(ApiSchema):
    """A recommendation that waits for a person.

    `kind` is "review" (the AI wasn't sure enough) or "suggestion" (the contact was placed already).
    """

    id: UUID
    kind: Literal["review", "suggestion"]
    contact: ContactOut
    pipeline_id: UUID
    stage_id: UUID
    stage: str
    confidence: int
    recommendations: list[ReviewRecommendation]
    lead_score: int
    lead_status: LeadStatus | None
    reasoning: str
    evidence: list[EvidenceOut]
    provider: str
    model: str
    created_at: datetime

    @classmethod
    def of(cls, suggestion: Suggestion) -> "SuggestionOut":
        """The row, with contact and stage, as JSON has it."""
        special: dict[str, Any] = {
            "contact": ContactOut.of(suggestion.contact),
            "stage": suggestion.stage.name,
            "lead_status": suggestion.lead_status or None,
        }
        same = cls.model_fields.keys() - special.keys()
        return cls(**{name: getattr(suggestion, name) for name in same}, **special)


class ReviewQuery(Window):
    """Which suggestions."""

    kind: Literal["review", "suggestion"] | None = None
    contact_id: UUID | None = None


class CorrectIn(ApiInput):
    """The right stage of the suggestion's pipeline, and perhaps why."""

    stage_id: UUID
    reason: Annotated[str, Field(max_length=500)] = ""
