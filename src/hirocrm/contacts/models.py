"""Contacts and all that is known of them."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models.functions import Greatest, Lower

from hirocrm.contacts.snapshots import MessageSource, NameSource, Sender
from hirocrm.core.ids import new_id
from hirocrm.core.platforms import Platform
from hirocrm.core.vocabulary import LeadStatus, Level, Sentiment
from hirocrm.meta.models import Page
from hirocrm.organizations.models import Member, Organization, User


def choices(enum: type) -> list[tuple[str, str]]:
    """A StrEnum's values as Django's choices."""
    return [(member.value, member.value) for member in enum]  # type: ignore[attr-defined]  # enums iterate


class AnalysisState(models.TextChoices):
    """Where a conversation stands with the analyser."""

    NONE = "none"  # nothing to read yet
    PENDING = "pending"  # in a batch, or waiting for its quiet time
    DONE = "done"
    FAILED = "failed"  # `analysis_error` says why; it will be tried again


class MovedBy(models.TextChoices):
    """Who put a contact where it is."""

    NOBODY = ""
    AI = "ai"
    PERSON = "person"
    SYSTEM = "system"


class Contact(models.Model):
    """One person on one Page."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="contacts")
    page = models.ForeignKey(Page, models.CASCADE, related_name="contacts")
    messenger_psid = models.CharField(max_length=128, null=True, blank=True)  # noqa: DJ001  # null keeps it out of the unique index
    instagram_sid = models.CharField(max_length=128, null=True, blank=True)  # noqa: DJ001
    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    name_source = models.PositiveSmallIntegerField(default=NameSource.FALLBACK.value)
    username = models.CharField(max_length=64, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    tags = ArrayField(models.CharField(max_length=50), default=list, db_default=[], blank=True)
    locale = models.CharField(max_length=20, db_default="", default="", blank=True)  # such as en_PH
    picture_key = models.CharField(max_length=16, db_default="", default="", blank=True)
    profile_checked_at = models.DateTimeField(null=True, blank=True)

    pipeline = models.ForeignKey(
        "pipelines.Pipeline", models.SET_NULL, null=True, blank=True, related_name="contacts"
    )
    stage = models.ForeignKey(
        "pipelines.Stage", models.SET_NULL, null=True, blank=True, related_name="contacts"
    )
    stage_entered_at = models.DateTimeField(null=True, blank=True)
    moved_by = models.CharField(
        max_length=10, choices=MovedBy.choices, default=MovedBy.NOBODY, blank=True
    )
    moved_by_person_at = models.DateTimeField(null=True, blank=True)
    lead_score = models.PositiveSmallIntegerField(null=True, blank=True)
    lead_status = models.CharField(
        max_length=20, choices=choices(LeadStatus), default=LeadStatus.NEW.value
    )
    needs_review = models.BooleanField(default=False)

    # The latest analysis, as far as lists need it; analysis.Analysis holds the whole and the history.
    ai_context = models.TextField(blank=True)
    ai_context_updated_at = models.DateTimeField(null=True, blank=True)
    ai_confidence = models.PositiveSmallIntegerField(null=True, blank=True)
    sentiment = models.CharField(max_length=10, choices=choices(Sentiment), blank=True)
    urgency = models.CharField(max_length=10, choices=choices(Level), blank=True)

    last_interaction_at = models.DateTimeField(null=True, blank=True)
    last_message_text = models.CharField(max_length=200, blank=True)
    last_message_sender = models.CharField(max_length=10, choices=choices(Sender), blank=True)
    last_customer_message_at = models.DateTimeField(null=True, blank=True)
    # Of the events that open Meta's 24 hours, the last that is no message: a reaction, an m.me link.
    customer_acted_at = models.DateTimeField(null=True, blank=True)
    window_opened_at = models.GeneratedField(
        expression=Greatest("last_customer_message_at", "customer_acted_at"),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
    )
    # Where the person came from: [{"source", "type", "ref", "adId", "adTitle", "at"}], oldest first.
    referrals = models.JSONField(default=list, db_default=[], blank=True)

    search_text = models.TextField(
        blank=True
    )  # names, tags and the newest texts: see contacts.search
    search = models.GeneratedField(  # 'simple': no stemming, since an inbox mixes languages
        expression=SearchVector("search_text", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    version = models.PositiveIntegerField(
        default=0
    )  # grows with every move: a stale board is noticed
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["page", "messenger_psid"], name="one_contact_per_psid"),
            models.UniqueConstraint(
                fields=["page", "instagram_sid"], name="one_contact_per_instagram_sid"
            ),
            models.CheckConstraint(
                condition=models.Q(lead_score__isnull=True) | models.Q(lead_score__lte=100),
                name="contact_score_is_a_percentage",
            ),
        ]
        indexes = [
            models.Index(
                models.F("organization"),
                models.F("last_interaction_at").desc(nulls_last=True),
                models.F("id").desc(),
                name="contact_by_interaction",
            ),
            models.Index(
                models.F("organization"),
                models.F("stage"),
                models.F("last_interaction_at").desc(nulls_last=True),
                models.F("id").desc(),
                name="contact_by_stage",
            ),
            models.Index(
                models.F("organization"),
                models.F("lead_score").desc(nulls_last=True),
                models.F("id").desc(),
                name="contact_by_score",
            ),
            models.Index(
                models.F("organization"),
                models.F("updated_at").desc(),
                models.F("id").desc(),
                name="contact_by_update",
            ),
            models.Index(
                models.F("organization"),
                models.F("created_at").desc(),
                models.F("id").desc(),
                name="contact_by_creation",
            ),
            # Which windows close soon: the 24 hours for an answer run from this moment.
            models.Index(
                fields=["organization", "window_opened_at", "id"], name="contact_by_window"
            ),
            models.Index(fields=["organization", "page"], name="contact_by_page"),
            models.Index(
                fields=["organization", "id"],
                condition=models.Q(needs_review=True),
                name="contact_to_review",
            ),
            models.Index(
                fields=["organization", "first_name", "last_name", "id"], name="contact_by_name"
            ),
            # The board's figures and the list's counts under most filters, read from the index alone.
            models.Index(
                fields=["organization", "stage"],
                include=[
                    "lead_score",
                    "last_message_sender",
                    "lead_status",
                    "needs_review",
                    "sentiment",
                    "urgency",
                    "last_interaction_at",
                    "page",
                    "pipeline",
                    "messenger_psid",
                    "instagram_sid",
                ],
                name="contact_figures",
            ),
            models.Index(  # whose profile is fetched next: the last to interact first
                models.F("page"),
                models.F("last_interaction_at").desc(nulls_last=True),
                condition=models.Q(profile_checked_at__isnull=True),
                name="contact_without_profile",
            ),
            GinIndex(fields=["search"], name="contact_search"),
            GinIndex(fields=["tags"], name="contact_tags"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


class ContactPicture(models.Model):
    """A contact's small profile picture. `Contact.picture_key` names it, so that a new one gets a new address."""

    contact = models.OneToOneField(
        Contact, models.CASCADE, primary_key=True, related_name="picture"
    )
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    content = models.BinaryField()
    content_type = models.CharField(max_length=20)
    fetched_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Picture of {self.contact_id}"


class Conversation(models.Model):
    """A thread of messages between one contact and its Page."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="conversations")
    page = models.ForeignKey(Page, models.CASCADE, related_name="conversations")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="conversations")
    platform = models.CharField(max_length=10, choices=choices(Platform))
    remote_id = models.CharField(max_length=255)
    remote_updated_at = models.DateTimeField(null=True, blank=True)
    message_count = models.PositiveIntegerField(null=True, blank=True)  # the platform's own count
    stored_count = models.PositiveIntegerField(default=0)
    last_message_at = models.DateTimeField(null=True, blank=True)
    last_customer_message_at = models.DateTimeField(null=True, blank=True)
    # Of the events that open Meta's 24 hours, the last that is no message: a reaction, an m.me link.
    customer_acted_at = models.DateTimeField(null=True, blank=True)
    window_opened_at = models.GeneratedField(
        expression=Greatest("last_customer_message_at", "customer_acted_at"),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
    )
    # The customer has received, and read, what was sent until then (webhooks tell).
    delivered_until = models.DateTimeField(null=True, blank=True)
    read_until = models.DateTimeField(null=True, blank=True)
    # The inbox's own: looked at, put away (until the customer writes again), whose it is.
    seen_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    assignee = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+")
    has_text = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=0)  # grows when messages are added or changed
    # The app that owns the thread when it isn't ours (Meta's handover protocol); "" when it is.
    thread_owner = models.CharField(max_length=64, blank=True, db_default="", default="")
    thread_owner_at = models.DateTimeField(null=True, blank=True)

    analysis_state = models.CharField(
        max_length=10, choices=AnalysisState.choices, default=AnalysisState.NONE
    )
    analysis_error = models.TextField(blank=True)
    analysis_attempts = models.PositiveSmallIntegerField(default=0)
    analysis_due_at = models.DateTimeField(null=True, blank=True)  # the end of its quiet time
    analysed_revision = models.PositiveIntegerField(null=True, blank=True)
    analysed_settings = models.CharField(
        max_length=64, blank=True
    )  # hash of pipeline, prompt and model
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["page", "remote_id"], name="one_conversation_per_remote_id"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "contact"], name="conversation_by_contact"),
            models.Index(
                models.F("organization"),
                models.F("last_message_at").desc(nulls_last=True),
                models.F("id").desc(),
                name="conversation_by_activity",
            ),
            models.Index(
                models.F("organization"),
                models.F("page"),
                models.F("last_message_at").desc(nulls_last=True),
                models.F("id").desc(),
                name="conversation_by_page_activity",
            ),
            models.Index(
                fields=["organization", "window_opened_at", "id"], name="conversation_by_window"
            ),
            models.Index(
                fields=["analysis_due_at"],
                condition=models.Q(analysis_due_at__isnull=False),
                name="conversation_due",
            ),
            models.Index(
                fields=["organization", "page"],
                condition=models.Q(analysis_state="failed"),
                name="conversation_failed",
            ),
        ]

    def __str__(self) -> str:
        return self.remote_id


class Message(models.Model):
    """One message. Rows are never removed when Meta forgets them; an unsent one loses its text."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    page = models.ForeignKey(Page, models.CASCADE, related_name="+")
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    remote_id = models.CharField(max_length=512)
    sender = models.CharField(max_length=10, choices=choices(Sender))
    text = models.TextField(null=True, blank=True)  # noqa: DJ001  # null says "no text", as the API does
    attachments = models.JSONField(default=list, blank=True)  # [{"type", "url", "title"}]
    reactions = models.JSONField(default=list, blank=True)  # [{"sender", "emoji"}]
    reply_to = models.CharField(max_length=512, blank=True)
    created_time = models.DateTimeField()
    edited_time = models.DateTimeField(null=True, blank=True)
    # Its wordings by Meta's count of edits: [{"number", "text", "at"}], the original (0) first.
    edits = models.JSONField(default=list, db_default=[], blank=True)
    # When each side last reacted or took it back, so that late events change nothing: {"customer": …}.
    reacted_times = models.JSONField(default=dict, db_default={}, blank=True)
    sent_by_app = models.CharField(  # the app a business's message was sent with, as its echo says
        max_length=32, blank=True, db_default="", default=""
    )
    deleted_time = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=10, choices=choices(MessageSource))
    expired_at = models.DateTimeField(null=True, blank=True)  # emptied by the retention rule
    stored_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["page", "remote_id"], name="one_message_per_remote_id"),
        ]
        indexes = [
            models.Index(
                fields=["organization", "conversation", "-created_time", "-id"],
                name="message_by_conversation",
            ),
        ]

    def __str__(self) -> str:
        return self.remote_id


class ErasedPerson(models.Model):
    """Somebody who was erased on a Page: what they wrote until then must not come back with a sync.

    Only a keyed hash of the platform and their id is kept; see `contacts.erased`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    page = models.ForeignKey(Page, models.CASCADE, related_name="+")
    person_hash = models.CharField(max_length=64)
    erased_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["page", "person_hash"], name="one_erasure_per_person"),
        ]

    def __str__(self) -> str:
        return f"erased {self.erased_at:%Y-%m-%d}"


class ActivityType(models.TextChoices):
    """What kind of thing happened."""

    NOTE_ADDED = "NOTE_ADDED"
    STAGE_CHANGED = "STAGE_CHANGED"
    STATUS_CHANGED = "STATUS_CHANGED"
    TAG_ADDED = "TAG_ADDED"
    MESSAGE_SENT = "MESSAGE_SENT"
    MESSAGE_RECEIVED = "MESSAGE_RECEIVED"
    CAMPAIGN_SENT = "CAMPAIGN_SENT"
    TASK_CREATED = "TASK_CREATED"
    TASK_COMPLETED = "TASK_COMPLETED"
    CALL_MADE = "CALL_MADE"
    EMAIL_SENT = "EMAIL_SENT"


class Activity(models.Model):
    """Something that happened with a contact. Append-only: the database refuses updates."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="activities")
    type = models.CharField(max_length=20, choices=ActivityType.choices)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    # Plain ids: history outlives the stages, people and runs it names.
    from_stage_id = models.UUIDField(null=True, blank=True)
    to_stage_id = models.UUIDField(null=True, blank=True)
    user_id = models.UUIDField(null=True, blank=True)
    run_id = models.UUIDField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["organization", "contact", "-created_at", "-id"], name="activity_by_contact"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type}: {self.title}"


class TagRemoval(models.Model):
    """Tags that a member took off many contacts at once, kept for a day so that it can be undone."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    user_id = models.UUIDField()
    tags_before = ArrayField(models.CharField(max_length=50))  # all of them, in their order
    removed = ArrayField(models.CharField(max_length=50))
    removed_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["organization", "user_id", "removed_at"], name="tag_removal_by_moment"
            ),
        ]

    def __str__(self) -> str:
        return f"-{', '.join(self.removed)}"


class StageChange(models.Model):
    """A contact's step from one stage to another, for time-in-stage figures. Append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="stage_changes")
    from_pipeline_id = models.UUIDField(null=True, blank=True)
    from_stage_id = models.UUIDField(null=True, blank=True)
    to_pipeline_id = models.UUIDField(null=True, blank=True)
    to_stage_id = models.UUIDField(null=True, blank=True)
    moved_by = models.CharField(max_length=10, choices=MovedBy.choices)
    user_id = models.UUIDField(null=True, blank=True)
    run_id = models.UUIDField(null=True, blank=True)
    reason = models.TextField(blank=True)
    seconds_in_stage = models.BigIntegerField(null=True, blank=True)  # spent in from_stage
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["organization", "contact", "-created_at"], name="stage_change_by_contact"
            ),
            models.Index(
                fields=["organization", "to_stage_id", "-created_at"], name="stage_change_by_stage"
            ),
            models.Index(fields=["organization", "run_id"], name="stage_change_by_run"),
        ]

    def __str__(self) -> str:
        return f"{self.from_stage_id} → {self.to_stage_id}"


class Note(models.Model):
    """Something a member wrote down about a contact."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="notes")
    author = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    text = models.TextField(max_length=10_000)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "contact", "-created_at"], name="note_by_contact")
        ]

    def __str__(self) -> str:
        return self.text[:50]


class Task(models.Model):
    """Something a member means to do about a contact."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="tasks")
    title = models.CharField(max_length=500)
    due_at = models.DateTimeField(null=True, blank=True)
    assignee = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    completed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["organization", "contact", "-created_at"], name="task_by_contact"),
            models.Index(
                fields=["organization", "due_at"],
                condition=models.Q(completed_at__isnull=True),
                name="task_open_by_due",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class SavedView(models.Model):
    """Filters and a sort under a name, as the address's query; its maker's own, or everyone's in the organization."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="saved_views")
    member = models.ForeignKey(Member, models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True)
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["organization", "member"], name="saved_view_by_member")]
        constraints = [
            models.UniqueConstraint("member", Lower("name"), name="one_saved_view_per_name"),
        ]

    def __str__(self) -> str:
        return self.name
