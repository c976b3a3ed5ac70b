"""How long things are kept, and what Meta asked us to delete."""

from django.db import models

from hirocrm.core.ids import new_id
from hirocrm.organizations.models import Organization


class RetentionPolicy(models.Model):
    """How many days an organization keeps what; null keeps it for ever. Without a row, all is kept."""

    organization = models.OneToOneField(
        Organization, models.CASCADE, primary_key=True, related_name="retention"
    )
    message_days = models.PositiveIntegerField(null=True, blank=True)  # texts and attachments
    contact_days = models.PositiveIntegerField(null=True, blank=True)  # since their last message
    analysis_days = models.PositiveIntegerField(null=True, blank=True)  # all but the latest
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_counts = models.JSONField(default=dict, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return str(self.organization_id)


class DeletionRequest(models.Model):
    """A person who connected Pages asked Meta to have their data deleted here.

    The person's id is kept as a keyed hash only; `code` is what they look the state up by.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=32, unique=True)
    person_hash = models.CharField(max_length=64)
    pages = models.PositiveIntegerField(default=0)  # connections that ended
    requested_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["person_hash"], name="deletion_by_person")]

    def __str__(self) -> str:
        return self.code
