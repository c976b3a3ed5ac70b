"""Pages."""

from django.db import models

from hirocrm.core.encryption import EncryptedTextField
from hirocrm.core.ids import new_id
from hirocrm.organizations.models import Organization


class ConnectionState(models.TextChoices):
    """The one state of a Page's connection."""

    HEALTHY = "healthy"
    LIMITED = "limited"  # Meta asked to wait; `limited_until` says how long
    NEEDS_PERMISSION = "needs_permission"
    NEEDS_RECONNECT = "needs_reconnect"
    REMOVED = "removed"
    IMPORTED = "imported"  # holds an archive's contacts; was never connected


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
    """A Facebook Page (and its Instagram account) of an organization, or the shelf of an imported archive."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="pages")
    remote_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    name = models.CharField(max_length=255)
    instagram_account_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    instagram_username = models.CharField(max_length=64, blank=True)
    access_token = EncryptedTextField(blank=True)

    state = models.CharField(
        max_length=20, choices=ConnectionState.choices, default=ConnectionState.HEALTHY
    )
    state_reason = models.TextField(blank=True)
    limited_until = models.DateTimeField(null=True, blank=True)
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
        indexes = [models.Index(fields=["organization", "name"], name="page_by_org")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(auto_pipeline_confidence_min__lte=100),
                name="page_confidence_is_a_percentage",
            ),
        ]

    def __str__(self) -> str:
        return self.name
