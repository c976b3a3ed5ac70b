"""Forms about Pages."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from hirocrm.meta.models import AutoPipelineMode, Page, SyncSchedule
from hirocrm.pipelines.models import Pipeline

SCHEDULES = (
    (SyncSchedule.OFF.value, _("Only when I ask")),
    (SyncSchedule.EVERY_15_MINUTES.value, _("Every 15 minutes")),
    (SyncSchedule.HOURLY.value, _("Every hour")),
    (SyncSchedule.DAILY.value, _("Once a day")),
)
MODES = (
    (AutoPipelineMode.SKIP_EXISTING.value, _("Skip contacts that have a pipeline")),
    (AutoPipelineMode.UPDATE_EXISTING.value, _("Update every contact")),
)


class ConnectForm(forms.Form):
    """A Page's own token, and which Page it is for."""

    page_id = forms.CharField(
        label=_("Page ID"),
        max_length=64,
        help_text=_("The long number under About → Page transparency on your Page."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    page_access_token = forms.CharField(
        label=_("Page access token"),
        max_length=1000,
        help_text=_("It is checked with Facebook, kept encrypted, and never shown again."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    page_name = forms.CharField(
        label=_("Name"),
        max_length=255,
        required=False,
        help_text=_("Left empty, it is the Page's own."),
    )


class InstagramConnectForm(forms.Form):
    """A token of Instagram Login, which itself tells whose it is."""

    instagram_access_token = forms.CharField(
        label=_("Instagram access token"),
        max_length=1000,
        help_text=_(
            "It begins with IG. It is refreshed before its 60 days end, and kept encrypted."
        ),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


class PageSettingsForm(forms.Form):
    """What a Page does with what it learns."""

    auto_pipeline_id = forms.TypedChoiceField(
        label=_("Target pipeline"), coerce=UUID, empty_value=None, required=False
    )
    auto_pipeline_mode = forms.ChoiceField(
        label=_("Update mode"), choices=MODES, widget=forms.RadioSelect
    )
    auto_pipeline_confidence_min = forms.IntegerField(
        label=_("Confidence threshold"),
        min_value=0,
        max_value=100,
        widget=forms.NumberInput(attrs={"type": "range", "min": 0, "max": 100, "step": 1}),
    )
    keep_manual_moves_days = forms.IntegerField(
        label=_("Protect people's moves for"),
        min_value=0,
        max_value=3650,
        help_text=_("Days in which the AI leaves a contact where a person put it. 0: not at all."),
    )
    sync_schedule = forms.ChoiceField(label=_("Sync by itself"), choices=SCHEDULES)

    def __init__(self, *args: Any, pipelines: Iterable[Pipeline], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(pipeline.id), pipeline.name) for pipeline in pipelines]
        field = self.fields["auto_pipeline_id"]
        field.choices = [("", _("Off: summaries only")), *choices]  # type: ignore[attr-defined]  # a ChoiceField

    @staticmethod
    def values_of(page: Page) -> dict[str, object]:
        """The Page's present settings."""
        return {
            "auto_pipeline_id": page.auto_pipeline_id or "",
            "auto_pipeline_mode": page.auto_pipeline_mode,
            "auto_pipeline_confidence_min": page.auto_pipeline_confidence_min,
            "keep_manual_moves_days": page.keep_manual_moves_days,
            "sync_schedule": page.sync_schedule,
        }


class ThresholdForm(forms.Form):
    """The slider alone, as it moves."""

    auto_pipeline_confidence_min = forms.IntegerField(min_value=0, max_value=100)
