"""Messages on their way to customers, the files they carry, and quick replies."""

from django.db import models
from django.db.models.functions import Lower

from hirocrm.contacts.models import Conversation, Message
from hirocrm.core.ids import new_id
from hirocrm.meta.models import Page
from hirocrm.organizations.models import Organization, User


class OutgoingState(models.TextChoices):
    """Where an outgoing message stands.

    queued → sending → sent | failed | unknown; unknown → sent (its echo came) | failed (Meta doesn't have it);
    failed → queued, when a person asks for it. Nothing goes from sending or unknown back to queued by itself.
    """

    QUEUED = "queued"
    SENDING = "sending"  # Meta is being asked at this moment, or was when the worker died
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"  # Meta may have it: an echo, a sync or a look at the conversation will tell


class Upload(models.Model):
    """A file that a member added to a message. Kept in the database, so that every worker can send it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    kind = models.CharField(max_length=10)  # image, video, audio or file
    size = models.PositiveIntegerField()  # bytes
    content = models.BinaryField(null=True)  # null: dropped some time after it was sent
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["organization", "created_at"], name="upload_by_org")]

    def __str__(self) -> str:
        return self.name


class OutgoingMessage(models.Model):
    """One text or one file for one customer, from being asked for until Meta has it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    page = models.ForeignKey(Page, models.CASCADE, related_name="+")
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="outgoing")
    author = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    by_person = models.BooleanField()  # typed by a signed-in person, not by an API token
    # Chosen by who submits, so that a form sent twice is one message; `part` counts within it.
    client_key = models.UUIDField(default=new_id)
    part = models.PositiveSmallIntegerField(default=0)
    text = models.TextField(blank=True)
    upload = models.ForeignKey(Upload, models.SET_NULL, null=True, blank=True, related_name="+")
    attachment_id = models.CharField(max_length=64, blank=True)  # Meta's id of the uploaded file
    # Meta's id of the message that this one answers in particular.
    reply_to = models.CharField(max_length=512, blank=True, db_default="", default="")

    state = models.CharField(
        max_length=10, choices=OutgoingState.choices, default=OutgoingState.QUEUED
    )
    tag = models.CharField(max_length=20, blank=True)  # HUMAN_AGENT where it was used
    attempts = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.TextField(blank=True)
    wait_until = models.DateTimeField(null=True, blank=True)  # Meta asked for patience
    remote_id = models.CharField(max_length=512, blank=True)  # Meta's id of the message
    message = models.OneToOneField(
        Message, models.SET_NULL, null=True, blank=True, related_name="outgoing"
    )
    created_at = models.DateTimeField()
    sending_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)  # sent or failed, for now

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "client_key", "part"], name="one_outgoing_per_submission"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "conversation", "created_at", "id"],
                name="outgoing_by_conversation",
            ),
            models.Index(
                fields=["page"],
                condition=~models.Q(state=OutgoingState.SENT),
                name="outgoing_not_sent",
            ),
            models.Index(fields=["upload"], name="outgoing_by_upload"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"


class QuickReply(models.Model):
    """A text that members send often, found by its shortcut."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="quick_replies")
    shortcut = models.CharField(max_length=32)
    text = models.TextField(max_length=2000)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "organization", Lower("shortcut"), name="one_quick_reply_per_shortcut"
            ),
        ]

    def __str__(self) -> str:
        return self.shortcut


class InboxSettings(models.Model):
    """How an organization answers; without a row, the defaults hold."""

    organization = models.OneToOneField(
        Organization, models.CASCADE, primary_key=True, related_name="inbox_settings"
    )
    # Whether the Meta app has the Human Agent feature: answers up to 7 days after the last message.
    human_agent = models.BooleanField(default=True)

    def __str__(self) -> str:
        return str(self.organization_id)
