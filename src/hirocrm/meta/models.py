"""Pages."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from hirocrm.core.encryption import EncryptedTextField
from hirocrm.core.ids import new_id
from hirocrm.core.platforms import Platform
from hirocrm.meta.webhooks.models import (
    DeliveryOutcome,
    UnreadableEntry,
    WebhookDelivery,
    WebhookHealth,
)
from hirocrm.organizations.models import Member, Organization

__all__ = [
    "AutoPipelineMode",
    "ChoiceOutcome",
    "ConnectionState",
    "DeliveryOutcome",
    "Flavour",
    "FoundPage",
    "Login",
    "Page",
    "PageEnding",
    "SyncSchedule",
    "UnreadableEntry",
    "WebhookDelivery",
    "WebhookHealth",
]


class ConnectionState(models.TextChoices):
    """The one state of a Page's connection."""

    HEALTHY = "healthy"
    LIMITED = "limited"  # Meta asked to wait; `limited_until` says how long
    NEEDS_PERMISSION = "needs_permission"
    NEEDS_RECONNECT = "needs_reconnect"
    REMOVED = (
        "removed"  # the app, at Meta, by the person who connected; connecting again brings all back
    )
    FORGOTTEN = "forgotten"  # the Page, here: its token is gone and no list shows it
    IMPORTED = "imported"  # holds an archive's contacts; was never connected


class Flavour(models.TextChoices):
    """How a connection speaks to Meta: which host, which kind of token, whose secret signs its webhooks."""

    PAGE = "page"  # graph.facebook.com with a Page's token: Messenger, and the linked Instagram account
    INSTAGRAM = "instagram"  # graph.instagram.com with the account's own token; no Facebook Page


class AutoPipelineMode(models.TextChoices):
    """What a run does with contacts that already have a pipeline."""

    SKIP_EXISTING = "SKIP_EXISTING"
    UPDATE_EXISTING = "UPDATE_EXISTING"


class SyncSchedule(models.TextChoices):
    """How often a Page is synced by itself."""

    OFF = "off"
    EVERY_15_MINUTES = "every_15_minutes"
    HOURLY = "hourly"
    DAILY = "daily"


class Page(models.Model):
    """A Facebook Page (and its Instagram account) of an organization, or the shelf of an imported archive.

    An account connected by Instagram Login is a row of its own: `remote_id` and `instagram_account_id` are
    both its account id, which is what its conversations hang on and what its webhooks name.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="pages")
    remote_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    flavour = models.CharField(max_length=10, choices=Flavour.choices, default=Flavour.PAGE)
    name = models.CharField(max_length=255)
    instagram_account_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    instagram_username = models.CharField(max_length=64, blank=True)
    access_token = EncryptedTextField(blank=True)

    state = models.CharField(
        max_length=20, choices=ConnectionState.choices, default=ConnectionState.HEALTHY
    )
    state_reason = models.TextField(blank=True)
    limited_until = models.DateTimeField(null=True, blank=True)
    # What the last look at the token told. App-scoped: the person who connected, never a customer.
    connected_user_id = models.CharField(max_length=64, blank=True, db_index=True)
    connected_user_name = models.CharField(max_length=255, blank=True)
    token_issued_at = models.DateTimeField(null=True, blank=True)
    token_expires_at = models.DateTimeField(null=True, blank=True)  # null: never, or unknown
    data_access_expires_at = models.DateTimeField(null=True, blank=True)
    granted_scopes = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    tasks = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    tasks_read_at = models.DateTimeField(null=True, blank=True)  # null: nobody told them
    subscribed_fields = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)

    usage_percent = models.PositiveSmallIntegerField(default=0)
    last_synced_at = models.DateTimeField(null=True, blank=True)
    sync_schedule = models.CharField(
        max_length=20, choices=SyncSchedule.choices, default=SyncSchedule.HOURLY
    )

    # By name: pipelines lie above this module, yet a Page's choice of one belongs to the Page.
    auto_pipeline = models.ForeignKey(
        "pipelines.Pipeline", models.SET_NULL, null=True, blank=True, related_name="pages"
    )
    auto_pipeline_mode = models.CharField(
        max_length=20, choices=AutoPipelineMode.choices, default=AutoPipelineMode.SKIP_EXISTING
    )
    auto_pipeline_confidence_min = models.PositiveSmallIntegerField(default=50)
    keep_manual_moves_days = models.PositiveSmallIntegerField(default=0)

    is_demo = models.BooleanField(default=False)
    connected_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "name"], name="page_by_org"),
            models.Index(
                fields=["organization"],
                condition=models.Q(state__in=["needs_permission", "needs_reconnect", "removed"]),
                name="page_in_need",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(auto_pipeline_confidence_min__lte=100),
                name="page_confidence_is_a_percentage",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def platforms(self) -> list[Platform]:
        """Messenger, then Instagram when there is an account; Instagram Login knows no Messenger."""
        if self.flavour == Flavour.INSTAGRAM:
            return [Platform.INSTAGRAM]
        return [Platform.MESSENGER, *([Platform.INSTAGRAM] if self.instagram_account_id else [])]


class PageEnding(models.Model):
    """A Page that was removed here and whose events Meta is still to be asked to end; or was, in vain.

    It is no part of the Page, which may be erased or connected again meanwhile.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    remote_id = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=255)
    flavour = models.CharField(max_length=10, choices=Flavour.choices)
    access_token = EncryptedTextField(blank=True)  # "" once it isn't tried any more
    created_at = models.DateTimeField()
    given_up_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "-given_up_at"], name="ending_by_org")]

    def __str__(self) -> str:
        return self.name


class Login(models.Model):
    """One trip to Meta's consent dialog and back, until its Pages are chosen or it expires.

    `state_hash` is the keyed hash of the `state` that went along; it is emptied on the way back, so that
    no answer counts twice. Only tokens of Pages are kept, encrypted; the person's own token never is.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    flavour = models.CharField(max_length=10, choices=Flavour.choices, default=Flavour.PAGE)
    state_hash = models.CharField(max_length=64, blank=True)
    session_hash = models.CharField(max_length=64)
    remote_user_id = models.CharField(max_length=64, blank=True)
    remote_user_name = models.CharField(max_length=255, blank=True)
    granted_scopes = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    page_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    chosen_at = models.DateTimeField(null=True, blank=True)  # its Pages are being connected since

    class Meta:
        indexes = [
            models.Index(fields=["state_hash"], name="login_by_state"),
            models.Index(fields=["expires_at"], name="login_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.flavour} login of {self.member_id}"


class ChoiceOutcome(models.TextChoices):
    """What became of a Page that was chosen from a login."""

    CHOSEN = "chosen"  # waits to be connected
    CONNECTED = "connected"
    RECONNECTED = "reconnected"
    REFUSED = "refused"


class FoundPage(models.Model):
    """A Page that a login may connect, with its token, until it is chosen or the login expires."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    login = models.ForeignKey(Login, models.CASCADE, related_name="found_pages")
    remote_id = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    category = models.CharField(max_length=255, blank=True)
    instagram_account_id = models.CharField(max_length=64, blank=True)
    instagram_username = models.CharField(max_length=64, blank=True)
    access_token = EncryptedTextField(blank=True)
    tasks = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    granted_scopes = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    outcome = models.CharField(
        max_length=12, choices=ChoiceOutcome.choices, blank=True, default="", db_default=""
    )
    refusal = models.CharField(max_length=500, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["login", "remote_id"], name="one_found_page_per_login")
        ]
        indexes = [models.Index(fields=["login", "name", "id"], name="found_page_by_name")]

    def __str__(self) -> str:
        return self.name
