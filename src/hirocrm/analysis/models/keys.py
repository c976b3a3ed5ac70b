"""API keys of LLM vendors, and how much of each project's quota is used."""

from django.db import models

from hirocrm.core.encryption import EncryptedTextField
from hirocrm.core.ids import new_id
from hirocrm.organizations.models import Organization


class KeyStanding(models.TextChoices):
    """Whether a key is asked at all. Resting is another matter: see `AnalysisQuota`."""

    READY = "ready"
    REFUSED = "refused"  # by the vendor: taken out until a person looks at it
    DISABLED = "disabled"  # by a person


class AnalysisKey(models.Model):
    """One API key. Without an organization it comes from the environment and every organization shares it.

    A key of the environment keeps no secret here: only what happened to it. "Cooling" and "spent" are not
    stored with the key but follow from its `AnalysisQuota` rows, since Google rests projects, not keys.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(
        Organization, models.CASCADE, null=True, blank=True, related_name="+"
    )
    provider = models.CharField(max_length=20)
    label = models.CharField(max_length=100, blank=True)
    fingerprint = models.CharField(max_length=64)  # keyed hash of the secret
    secret = EncryptedTextField(null=True, blank=True)
    last4 = models.CharField(max_length=4, blank=True)
    project_group = models.CharField(max_length=60, blank=True)  # as the user named it
    budget_id = models.CharField(max_length=120)  # whose quota it uses: the group's or its own
    rpm = models.PositiveIntegerField(null=True, blank=True)  # null: the setting's; 0: no limit
    tpm = models.PositiveIntegerField(null=True, blank=True)
    rpd = models.PositiveIntegerField(null=True, blank=True)
    standing = models.CharField(
        max_length=10, choices=KeyStanding.choices, default=KeyStanding.READY
    )
    refused_reason = models.CharField(max_length=400, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    proven_at = models.DateTimeField(null=True, blank=True)  # its last answer, to the minute
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "provider", "fingerprint"],
                name="one_row_per_key",
                nulls_distinct=False,
            ),
        ]
        indexes = [models.Index(fields=["provider", "organization"], name="key_by_provider")]

    def __str__(self) -> str:
        return f"{self.provider} key …{self.last4}"


class AnalysisQuota(models.Model):
    """How much of one project's quota for one model is used, and until when it rests.

    No tenant's row: keys of the environment are shared, and two organizations with the same key share its
    quota whether they like it or not.
    """

    id = models.BigAutoField(primary_key=True)
    provider = models.CharField(max_length=20)
    budget_id = models.CharField(max_length=120)
    model = models.CharField(max_length=100)
    window = models.JSONField(default=list)  # [[slot, requests, tokens], …] of the last minute
    day = models.DateField(null=True, blank=True)  # Pacific
    day_requests = models.PositiveIntegerField(default=0)
    learned_rpm = models.PositiveIntegerField(null=True, blank=True)
    learned_tpm = models.PositiveIntegerField(null=True, blank=True)
    learned_rpd = models.PositiveIntegerField(null=True, blank=True)
    learned_at = models.DateTimeField(null=True, blank=True)
    parked_until = models.DateTimeField(null=True, blank=True)
    parked_reason = models.CharField(max_length=20, blank=True)
    notice = models.CharField(max_length=400, blank=True)
    strikes = models.PositiveSmallIntegerField(
        default=0
    )  # refusals without a given delay, in a row
    proven_at = models.DateTimeField(null=True, blank=True)
    probe_until = models.DateTimeField(null=True, blank=True)  # somebody is finding out if it works

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "budget_id", "model"], name="one_quota_per_project_and_model"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.budget_id} {self.model}"
