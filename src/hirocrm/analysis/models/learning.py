"""What people's verdicts on the AI's stages teach: one row per verdict."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from hirocrm.contacts.models import Contact
from hirocrm.core.ids import new_id
from hirocrm.organizations.models import Organization
from hirocrm.pipelines.models import Assignment, Pipeline, Stage


class LearnedCase(models.Model):
    """A conversation as it stood when a person said where it belongs.

    It names its messages instead of copying them, so that what a customer unsends is forgotten here as well.
    Without a stage there is nothing to learn (it was deleted, or nothing had been written): the row stays, so
    that the verdict isn't looked into again.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    assignment = models.OneToOneField(Assignment, models.CASCADE, related_name="learned_case")
    pipeline = models.ForeignKey(
        Pipeline, models.SET_NULL, null=True, blank=True, related_name="+"
    )  # of the stage
    stage = models.ForeignKey(Stage, models.SET_NULL, null=True, blank=True, related_name="+")
    message_ids = ArrayField(models.UUIDField(), default=list)  # newest first
    packed_row = models.BinaryField(null=True, blank=True)  # see LocalAnalyser.packed_row
    corrected_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["organization", "pipeline", "-corrected_at", "-id"],
                name="learned_case_by_pipeline",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
