"""Forms about pipelines and stages."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from hirocrm.core.vocabulary import StageType
from hirocrm.pipelines.models import Pipeline, Stage

TYPES = (
    (StageType.LEAD.value, _("Lead: just came in")),
    (StageType.IN_PROGRESS.value, _("In progress")),
    (StageType.WON.value, _("Won")),
    (StageType.LOST.value, _("Lost")),
    (StageType.ARCHIVED.value, _("Archived")),
)


class PipelineForm(forms.Form):
    """A pipeline, and what the AI is told about it."""

    name = forms.CharField(label=_("Name"), max_length=100)
    description = forms.CharField(
        label=_("Description"), max_length=2000, required=False, help_text=_("For your team.")
    )
    ai_prompt = forms.CharField(
        label=_("Instructions for the AI"),
        max_length=8000,
        required=False,
        widget=forms.Textarea,
        help_text=_("Rules of your own, such as “Whoever sends a payment screenshot has won.”"),
    )
    business_description = forms.CharField(
        label=_("Business description"),
        max_length=4000,
        required=False,
        widget=forms.Textarea,
        help_text=_("If this pipeline is about something else than the organization's own."),
    )
    is_default = forms.BooleanField(
        label=_("The default pipeline"),
        required=False,
        help_text=_("Imported archives go into it."),
    )

    @staticmethod
    def values_of(pipeline: Pipeline) -> dict[str, object]:
        """The pipeline as it is."""
        names = ("name", "description", "ai_prompt", "business_description", "is_default")
        return {name: getattr(pipeline, name) for name in names}


class StageForm(forms.Form):
    """A stage. The AI reads its name, type and description."""

    name = forms.CharField(label=_("Name"), max_length=100)
    type = forms.ChoiceField(label=_("Type"), choices=TYPES, initial=StageType.IN_PROGRESS.value)
    color = forms.CharField(
        label=_("Colour"),
        initial="#64748b",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$")],
        widget=forms.TextInput(attrs={"type": "color"}),
    )
    description = forms.CharField(
        label=_("What the AI goes by"),
        max_length=2000,
        required=False,
        widget=forms.Textarea,
        help_text=_("Say what is seen in the messages of somebody who belongs here."),
    )

    @staticmethod
    def values_of(stage: Stage) -> dict[str, object]:
        """The stage as it is."""
        return {name: getattr(stage, name) for name in ("name", "type", "color", "description")}


class ExampleForm(forms.Form):
    """A piece of a conversation with the right stage."""

    excerpt = forms.CharField(label=_("What was written"), max_length=2000, widget=forms.Textarea)
    stage = forms.ChoiceField(label=_("Belongs in"))
    reason = forms.CharField(label=_("Because"), max_length=500, required=False)

    def __init__(self, *args: Any, pipeline: Pipeline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [stage.name for stage in pipeline.stages.all()]
        self.fields["stage"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]  # a ChoiceField


class DeleteStageForm(forms.Form):
    """Where the contacts of a stage go that is deleted; nothing is asked where it holds none."""

    move_to = forms.TypedChoiceField(
        label=_("They go to"),
        coerce=UUID,
        empty_value=None,
        error_messages={"required": _("It holds contacts: choose where they go.")},
    )

    def __init__(self, *args: Any, others: list[Stage], count: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not count:
            del self.fields["move_to"]
            return
        choices = [("", _("Choose a stage")), *((str(stage.id), stage.name) for stage in others)]
        self.fields["move_to"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
