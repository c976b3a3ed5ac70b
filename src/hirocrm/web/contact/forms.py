"""What can be typed about a contact."""

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _


class ContactForm(forms.Form):
    """A contact's names and how else to reach them."""

    first_name = forms.CharField(label=_("First name"), max_length=255, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=255, required=False)
    email = forms.CharField(
        label=_("E-mail"),
        max_length=254,
        required=False,
        validators=[RegexValidator(r"^[^@\s]+@[^@\s]+$", _("This isn't an e-mail address."))],
    )
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
