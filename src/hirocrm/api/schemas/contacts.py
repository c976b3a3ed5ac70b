"""Contacts and what belongs to them."""

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from hirocrm.analysis.models import Analysis
from hirocrm.api.schemas.base import ApiInput, ApiSchema, Window
from hirocrm.contacts.models import Activity, ActivityType, Contact, Message, Note, Task
from hirocrm.contacts.queries import ContactFilter
from hirocrm.core import clock
from hirocrm.core.text import web_address
from hirocrm.core.vocabulary import LeadStatus, Level, Sentiment
from hirocrm.inbox.windows import closes_before, opened_since

Score = Annotated[int, Field(ge=0, le=100)]
Tag = Annotated[str, Field(min_length=1, max_length=50)]
PlatformName = Literal["messenger", "instagram"]
# Errors of runs say "Messenger" and "Instagram": who filters by what they read there is understood.
PlatformTold = Annotated[PlatformName, BeforeValidator(lambda told: str(told).lower())]
Sort = Literal[
    "-lastInteraction",
    "lastInteraction",
    "-leadScore",
    "leadScore",
    "-updatedAt",
    "updatedAt",
    "-createdAt",
    "createdAt",
    "name",
    "-name",
    "windowCloses",
]
MAX_IDS = 10_000
MICRO = 1_000_000


class ContactOut(ApiSchema):
    """A contact: one person on one Page. `aiContext` is the latest summary."""

    id: UUID
    messenger_psid: Annotated[str | None, Field(alias="messengerPSID")]
    instagram_sid: Annotated[str | None, Field(alias="instagramSID")]
    first_name: str
    last_name: str
    has_messenger: bool
    has_instagram: bool
    ai_context: str | None
    ai_context_updated_at: datetime | None
    pipeline_id: UUID | None
    stage_id: UUID | None
    stage_entered_at: datetime | None
    lead_score: int | None
    lead_status: LeadStatus
    needs_review: bool
    sentiment: Sentiment | None
    urgency: Level | None
    last_interaction: datetime | None
    tags: list[str]
    organization_id: UUID
    facebook_page_id: UUID
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, contact: Contact) -> "ContactOut":
        """The row as JSON has it."""
        return cls(
            id=contact.id,
            messenger_psid=contact.messenger_psid,
            instagram_sid=contact.instagram_sid,
            first_name=contact.first_name,
            last_name=contact.last_name,
            has_messenger=contact.messenger_psid is not None,
            has_instagram=contact.instagram_sid is not None,
            ai_context=contact.ai_context or None,
            ai_context_updated_at=contact.ai_context_updated_at,
            pipeline_id=contact.pipeline_id,
            stage_id=contact.stage_id,
            stage_entered_at=contact.stage_entered_at,
            lead_score=contact.lead_score,
            lead_status=LeadStatus(contact.lead_status),
            needs_review=contact.needs_review,
            sentiment=Sentiment(contact.sentiment) if contact.sentiment else None,
            urgency=Level(contact.urgency) if contact.urgency else None,
            last_interaction=contact.last_interaction_at,
            tags=contact.tags,
            organization_id=contact.organization_id,
            facebook_page_id=contact.page_id,
            created_at=contact.created_at,
            updated_at=contact.updated_at,
        )


class FilterFields(ApiSchema):
    """Conditions that a contact must all meet."""

    page_id: Annotated[
        str | None, Field(max_length=64, description="HiroCRM's id of the Page, or Facebook's.")
    ] = None
    platform: PlatformTold | None = None
    pipeline_id: UUID | None = None
    stage_id: UUID | None = None
    without_pipeline: Annotated[
        bool | None,
        Field(description="true: only contacts in no pipeline; false: only the others."),
    ] = None
    lead_status: LeadStatus | None = None
    min_score: Score | None = None
    max_score: Score | None = None
    needs_review: bool | None = None
    tag: Annotated[str | None, Field(max_length=50)] = None
    sentiment: Sentiment | None = None
    urgency: Level | None = None
    updated_since: AwareDatetime | None = None
    q: Annotated[
        str | None,
        Field(
            max_length=200,
            description="Words that names, tags or messages begin with; emoji count as words.",
        ),
    ] = None
    window_closes_soon: Annotated[
        bool | None,
        Field(
            description="true: only customers who wait for an answer and whose 24-hour window closes within 4 hours."
        ),
    ] = None

    def to_filter(self) -> ContactFilter:
        """The domain's filter."""
        names = FilterFields.model_fields.keys() - {"window_closes_soon"}
        wanted = ContactFilter(**{name: getattr(self, name) for name in names})
        if not self.window_closes_soon:
            return wanted
        now = clock.now()
        since, until = opened_since(now=now), closes_before(now=now)
        return replace(wanted, waiting=True, customer_since=since, customer_until=until)


class ContactQuery(Window, FilterFields):
    """Which contacts, in which order. Contacts without a value for the sort come last.

    `windowCloses` lists contacts whose 24-hour window is open, the first to close first.
    """

    sort: Sort = "-lastInteraction"

    def to_filter(self) -> ContactFilter:
        """The domain's filter."""
        wanted = super().to_filter()
        if self.sort != "windowCloses" or wanted.customer_since is not None:
            return wanted
        return replace(wanted, customer_since=opened_since(now=clock.now()))


class ExportQuery(FilterFields):
    """Which contacts go into the file."""


class FilterIn(FilterFields, ApiInput):
    """The same conditions in a body."""


class ContactPatch(ApiInput):
    """What a person may change; fields left out stay. `tags` replaces all tags."""

    first_name: Annotated[str, Field(max_length=255)] = ""
    last_name: Annotated[str, Field(max_length=255)] = ""
    email: Annotated[str, Field(max_length=254, pattern=r"^$|^[^@\s]+@[^@\s]+$")] = ""
    phone: Annotated[str, Field(max_length=40)] = ""
    tags: Annotated[list[Tag], Field(max_length=50)] = []
    lead_score: Score | None = None
    lead_status: LeadStatus = LeadStatus.NEW


class MoveIn(ApiInput):
    """Where to put a contact. With `version`, a move by someone else in between is refused (409)."""

    pipeline_id: UUID
    stage_id: UUID
    reason: Annotated[str, Field(max_length=500)] = ""
    version: Annotated[int | None, Field(ge=0, le=2**31 - 1)] = None


class ActivityOut(ApiSchema):
    """Something that happened with a contact."""

    id: UUID
    type: ActivityType
    title: str
    description: str
    from_stage_id: UUID | None
    to_stage_id: UUID | None
    user_id: UUID | None
    metadata: dict[str, Any]
    created_at: datetime

    @classmethod
    def of(cls, activity: Activity) -> "ActivityOut":
        """The row as JSON has it."""
        return cls(**{name: getattr(activity, name) for name in cls.model_fields})


class AttachmentOut(ApiSchema):
    """An attachment of a message."""

    type: str
    url: Annotated[str | None, AfterValidator(web_address)] = None
    title: str | None = None


class ReactionOut(ApiSchema):
    """A reaction to a message."""

    sender: str
    emoji: str


class MessageOut(ApiSchema):
    """A message. `messageId` is Meta's; `text` is null without one, or once it was deleted."""

    id: UUID
    message_id: str
    conversation_id: UUID
    platform: PlatformName
    sender: Literal["customer", "business"]
    text: str | None
    attachments: list[AttachmentOut]
    reactions: list[ReactionOut]
    reply_to: str | None
    created_time: datetime
    edited_time: datetime | None
    deleted_time: datetime | None
    source: Literal["sync", "webhook", "import", "sent"]

    @classmethod
    def of(cls, message: Message) -> "MessageOut":
        """The row as JSON has it."""
        return cls(
            id=message.id,
            message_id=message.remote_id,
            conversation_id=message.conversation_id,
            platform=message.conversation.platform,
            sender=message.sender,
            text=message.text,
            attachments=message.attachments,
            reactions=message.reactions,
            reply_to=message.reply_to or None,
            created_time=message.created_time,
            edited_time=message.edited_time,
            deleted_time=message.deleted_time,
            source=message.source,
        )


class RecommendationOut(ApiSchema):
    """A stage and how likely it is the right one, 0-100."""

    stage: str
    probability: int


class EvidenceOut(ApiSchema):
    """Words of a message that a decision rests on."""

    message_id: str
    quote: str


class AnalysisOut(ApiSchema):
    """What an analyser said of a conversation. `cost` is in US dollars, null where the price isn't known."""

    id: UUID
    conversation_id: UUID
    summary: str
    recommended_stage: str | None
    recommendations: list[RecommendationOut]
    lead_score: int
    lead_status: LeadStatus
    confidence: int
    reasoning: str
    evidence: list[EvidenceOut]
    sentiment: Sentiment
    urgency: Level
    intent_score: int
    topics: list[str]
    pain_points: list[str]
    buying_signals: bool
    next_best_action: str
    suggested_follow_up_date: date | None
    priority: Level
    language: str
    provider: str
    model: str
    prompt_version: str
    tokens_in: int
    tokens_out: int
    cost: float | None
    duration_ms: int
    messages_covered: int
    message_count: int | None
    created_at: datetime

    @classmethod
    def of(cls, analysis: Analysis) -> "AnalysisOut":
        """The row as JSON has it."""
        special = {"recommended_stage", "cost", "messages_covered"}
        cost = analysis.cost_micro_usd
        return cls(
            **{name: getattr(analysis, name) for name in cls.model_fields if name not in special},
            recommended_stage=analysis.recommended_stage or None,
            cost=None if cost is None else cost / MICRO,
            messages_covered=len(analysis.covered_message_ids),
        )


class NoteIn(ApiInput):
    """A note to write down."""

    text: Annotated[str, Field(min_length=1, max_length=10_000)]


class NoteOut(ApiSchema):
    """A note. `authorId` is a user's."""

    id: UUID
    text: str
    author_id: UUID | None
    author: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, note: Note) -> "NoteOut":
        """The row as JSON has it."""
        return cls(
            id=note.id,
            text=note.text,
            author_id=note.author_id,
            author=str(note.author) if note.author else None,
            created_at=note.created_at,
            updated_at=note.updated_at,
        )


class TaskIn(ApiInput):
    """Something to do about a contact. `assigneeId` is a member's."""

    title: Annotated[str, Field(min_length=1, max_length=500)]
    due_at: AwareDatetime | None = None
    assignee_id: UUID | None = None


class TaskPatch(ApiInput):
    """What may be changed of a task; fields left out stay."""

    title: Annotated[str, Field(min_length=1, max_length=500)] = ""
    due_at: AwareDatetime | None = None
    assignee_id: UUID | None = None


class TaskOut(ApiSchema):
    """A task; it is done once `completedAt` is set."""

    id: UUID
    title: str
    due_at: datetime | None
    assignee_id: UUID | None
    completed_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, task: Task) -> "TaskOut":
        """The row as JSON has it."""
        return cls(**{name: getattr(task, name) for name in cls.model_fields})


class TagsIn(ApiInput):
    """Tags to put on."""

    tags: Annotated[list[Tag], Field(min_length=1, max_length=50)]


class TagCount(ApiSchema):
    """A tag and how many contacts have it."""

    tag: str
    contacts: int


class Chosen(ApiInput):
    """Contacts by `contactIds` or by `filter`; one of the two."""

    contact_ids: Annotated[list[UUID] | None, Field(max_length=MAX_IDS)] = None
    filter: FilterIn | None = None


class EstimateQuery(FilterFields):
    """Contacts by `contactIds`, or all that meet the conditions."""

    contact_ids: Annotated[
        list[UUID], Field(max_length=MAX_IDS, description="Repeat it for each contact.")
    ] = []


class BulkMoveIn(Chosen):
    """Many contacts and where to put them."""

    pipeline_id: UUID
    stage_id: UUID
    reason: Annotated[str, Field(max_length=500)] = ""


class BulkTagIn(Chosen):
    """Many contacts and tags to put on, or to take off."""

    tags: Annotated[list[Tag], Field(min_length=1, max_length=50)]


class BulkOut(ApiSchema):
    """How many contacts a bulk action changed."""

    contacts: int


class ReanalyzeIn(Chosen):
    """Contacts to evaluate again, in which pipeline (default: their Page's) and mode. `dryRun` only estimates."""

    pipeline_id: UUID | None = None
    update_mode: Literal["SKIP_EXISTING", "UPDATE_EXISTING"] | None = None
    dry_run: bool = False


class EstimateOut(ApiSchema):
    """What a re-analysis would take at most. `cost` is in US dollars, null where the price isn't known.

    `callsToday` is how many calls the keys' daily quota still lets through, null where all fit.
    """

    contacts: int
    calls: int
    tokens: int
    cost: float | None
    seconds: int
    calls_today: int | None = None


class ImportLineError(ApiSchema):
    """What is wrong with one line of a CSV file."""

    line: int
    error: str


class CsvImportIn(ApiInput):
    """A CSV file's text as JSON."""

    csv: Annotated[str, Field(max_length=5_000_000)]
    page_id: Annotated[str | None, Field(max_length=64)] = None


class ImportQuery(ApiSchema):
    """The Page of lines that name none, by HiroCRM's id or Facebook's."""

    page_id: Annotated[str | None, Field(max_length=64)] = None


class CsvImportOut(ApiSchema):
    """What came of a CSV file: the good lines are taken, the others are told."""

    created: int
    updated: int
    unchanged: int
    errors: list[ImportLineError]
