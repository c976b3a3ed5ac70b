"""Forms of the import."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class OwnNameForm(forms.Form):
    """Which of the names in an archive is the business."""

    own_name = forms.ChoiceField(label=_("Your business"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["own_name"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]  # a ChoiceField
