"""The form that founds an organization."""

from django import forms
from django.utils.translation import gettext_lazy as _


class FoundForm(forms.Form):
    """What the organization is called."""

    name = forms.CharField(
        label=_("Name of your business"),
        max_length=200,
        help_text=_("It can be changed later, and others can be invited."),
    )
