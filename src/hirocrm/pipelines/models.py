"""Pipelines, their stages, what the AI assigned, and what waits for a person's word."""

from django.db import models
from django.db.models.functions import Lower

from hirocrm.contacts.models import Contact, choices
from hirocrm.core.ids import new_id
from hirocrm.core.vocabulary import StageType
from hirocrm.organizations.models import Organization


class Pipeline(models.Model):
    """An ordered set of stages, with what the AI is told about it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="pipelines")
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True, max_length=2000)
    ai_prompt = models.TextField(blank=True, max_length=8000)
    ai_examples = models.JSONField(default=list, blank=True)  # [{"excerpt", "stage", "reason"}]
    business_description = models.TextField(blank=True, max_length=4000)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "created_at"], name="pipeline_by_org")]
        constraints = [
            models.UniqueConstraint("organization", Lower("name"), name="one_pipeline_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Stage(models.Model):
    """A place in a pipeline. The AI reads its name, type and description."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="stages")
    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="stages")
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True, max_length=2000)
    type = models.CharField(
        max_length=15, choices=choices(StageType), default=StageType.IN_PROGRESS.value
    )
    color = models.CharField(max_length=7, default="#64748b")
    order = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["order", "created_at"]
        indexes = [
            models.Index(fields=["organization", "pipeline", "order"], name="stage_by_pipeline")
        ]
        constraints = [
            models.UniqueConstraint("pipeline", Lower("name"), name="one_stage_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Outcome(models.TextChoices):
    """What a person said of an assignment."""

    OPEN = ""
    RIGHT = "right"
    WRONG = "wrong"


class Assignment(models.Model):
    """A stage the AI gave a contact, with what it was before (for undo) and what a person said of it later."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="assignments")
    analysis_id = models.UUIDField(null=True, blank=True)
    run_id = models.UUIDField(null=True, blank=True)
    pipeline_id = models.UUIDField()
    stage_id = models.UUIDField()
    ai_stage = models.CharField(max_length=100)
    ai_confidence = models.PositiveSmallIntegerField()
    provider = models.CharField(max_length=20)
    model = models.CharField(max_length=100)
    prompt_version = models.CharField(max_length=40, blank=True)

    previous_pipeline_id = models.UUIDField(null=True, blank=True)
    previous_stage_id = models.UUIDField(null=True, blank=True)
    previous_stage_entered_at = models.DateTimeField(null=True, blank=True)
    previous_lead_score = models.PositiveSmallIntegerField(null=True, blank=True)
    previous_lead_status = models.CharField(max_length=20, blank=True)
    previous_moved_by = models.CharField(max_length=10, blank=True)
    moved = models.BooleanField(default=True)  # False: it confirmed the stage

    outcome = models.CharField(
        max_length=10, choices=Outcome.choices, default=Outcome.OPEN, blank=True
    )
    manual_stage = models.CharField(max_length=100, blank=True)
    reason = models.TextField(blank=True)
    corrected_at = models.DateTimeField(null=True, blank=True)
    corrected_by = models.UUIDField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["organization", "contact", "-created_at"], name="assignment_by_contact"
            ),
            models.Index(fields=["organization", "run_id"], name="assignment_by_run"),
            models.Index(fields=["organization", "-corrected_at"], name="assignment_by_correction"),
        ]

    def __str__(self) -> str:
        return f"{self.ai_stage} ({self.ai_confidence}%)"


class SuggestionKind(models.TextChoices):
    """Why a person is asked."""

    REVIEW = "review"  # the AI wasn't sure enough
    SUGGESTION = "suggestion"  # the contact was placed already, and the AI sees it elsewhere


class SuggestionState(models.TextChoices):
    """What came of it."""

    OPEN = "open"
    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    DISMISSED = "dismissed"
    SUPERSEDED = "superseded"


class Suggestion(models.Model):
    """A recommendation that waits for a person. At most one is open per contact."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="suggestions")
    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="+")
    stage = models.ForeignKey(Stage, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=SuggestionKind.choices)
    state = models.CharField(
        max_length=12, choices=SuggestionState.choices, default=SuggestionState.OPEN
    )
    analysis_id = models.UUIDField(null=True, blank=True)
    run_id = models.UUIDField(null=True, blank=True)
    confidence = models.PositiveSmallIntegerField()
    recommendations = models.JSONField(default=list)  # [{"stageId", "stage", "probability"}]
    lead_score = models.PositiveSmallIntegerField(default=0)
    lead_status = models.CharField(max_length=20, blank=True)
    reasoning = models.TextField(blank=True)
    evidence = models.JSONField(default=list)
    provider = models.CharField(max_length=20, blank=True)
    model = models.CharField(max_length=100, blank=True)
    prompt_version = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contact"],
                condition=models.Q(state="open"),
                name="one_open_suggestion_each",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "state", "-created_at", "-id"], name="suggestion_queue"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.confidence}%"
