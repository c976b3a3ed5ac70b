"""What analysers said, and what that cost."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from hirocrm.contacts.models import Contact, Conversation, choices
from hirocrm.core.ids import new_id
from hirocrm.core.vocabulary import LeadStatus, Level, Sentiment
from hirocrm.organizations.models import Organization


class Analysis(models.Model):
    """One answer about one conversation. The newest is the contact's; older ones are history."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="analyses")
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="analyses")
    run_id = models.UUIDField(null=True, blank=True)
    pipeline_id = models.UUIDField(null=True, blank=True)

    summary = models.TextField()
    recommended_stage = models.CharField(max_length=200, blank=True)
    recommendations = models.JSONField(default=list)  # [{"stage", "probability"}]
    lead_score = models.PositiveSmallIntegerField(default=0)
    lead_status = models.CharField(max_length=20, choices=choices(LeadStatus))
    confidence = models.PositiveSmallIntegerField(default=0)
    reasoning = models.TextField(blank=True)
    evidence = models.JSONField(default=list)  # [{"messageId", "quote"}]
    sentiment = models.CharField(max_length=10, choices=choices(Sentiment))
    urgency = models.CharField(max_length=10, choices=choices(Level))
    intent_score = models.PositiveSmallIntegerField(default=0)
    topics = models.JSONField(default=list)
    pain_points = models.JSONField(default=list)
    buying_signals = models.BooleanField(default=False)
    next_best_action = models.TextField(blank=True)
    suggested_follow_up_date = models.DateField(null=True, blank=True)
    priority = models.CharField(max_length=10, choices=choices(Level))
    language = models.CharField(max_length=35, blank=True)

    provider = models.CharField(max_length=20)
    model = models.CharField(max_length=100)
    prompt_version = models.CharField(max_length=40, blank=True)
    input_hash = models.CharField(max_length=64)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    tokens_cached = models.PositiveIntegerField(default=0)
    cost_micro_usd = models.BigIntegerField(null=True, blank=True)  # null: the price is not known
    duration_ms = models.PositiveIntegerField(default=0)
    covered_message_ids = ArrayField(models.UUIDField(), default=list)
    message_count = models.PositiveIntegerField(null=True, blank=True)  # of the whole conversation
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "input_hash"], name="one_analysis_per_input"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "contact", "-created_at", "-id"], name="analysis_by_contact"
            ),
            models.Index(fields=["organization", "-created_at"], name="analysis_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.recommended_stage} ({self.confidence}%)"


class DailySpend(models.Model):
    """What an organization's analyses took on one day (UTC), by model."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    day = models.DateField()
    provider = models.CharField(max_length=20)
    model = models.CharField(max_length=100)
    calls = models.PositiveIntegerField(default=0)
    tokens_in = models.BigIntegerField(default=0)
    tokens_out = models.BigIntegerField(default=0)
    cost_micro_usd = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "day", "provider", "model"],
                name="one_spend_per_day_and_model",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model}"
