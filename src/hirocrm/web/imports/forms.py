"""Forms of the import."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hirocrm.core.platforms import Platform


class PlatformForm(forms.Form):
    """Which download is meant, where one archive holds Facebook's and Instagram's."""

    platform = forms.ChoiceField(
        label=_("Download"),
        choices=[(platform.value, platform.title) for platform in Platform],
        widget=forms.RadioSelect,
    )

    def told(self) -> Platform | None:
        """The platform chosen, if one was."""
        return Platform(self.cleaned_data["platform"]) if self.is_valid() else None


class OwnNameForm(forms.Form):
    """Which of the names in an archive is the business."""

    own_name = forms.ChoiceField(label=_("Your business"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["own_name"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]  # a ChoiceField
