"""Which analysers an organization's people chose."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from hirocrm.organizations.models import Organization


class AnalyserChoice(models.Model):
    """Who reads one organization's conversations. Without a row, or where a field is empty, the environment says."""

    organization = models.OneToOneField(
        Organization, models.CASCADE, primary_key=True, related_name="+"
    )
    order = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    vendor_models = models.JSONField(default=dict, blank=True)  # vendor -> model names, in order

    def __str__(self) -> str:
        return ", ".join(self.order)
