"""allauth's forms with our labels and hints (ACCOUNT_FORMS).

Apart from `forms`, which allauth's own module of forms imports.
"""

from typing import Any, ClassVar

from allauth.account import forms as allauth
from django import forms
from django.utils.translation import gettext_lazy as _

PASSWORD_HINT = _("At least eight characters; a few words make a good one.")
LABELS: dict[str, Any] = {
    "login": _("Email"),
    "email": _("Email"),
    "password": _("Password"),
    "remember": _("Stay signed in on this device"),
    "oldpassword": _("The password you have now"),
    "password2": _("The same once more"),
}


class OurWords(forms.Form):
    """Names each field in our words; a label stands over it, so nothing is written inside."""

    new_password_label: ClassVar[Any] = _("New password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = LABELS.get(name, field.label)
            field.widget.attrs.pop("placeholder", None)
        if "password1" in self.fields:
            self.fields["password1"].label = self.new_password_label
            self.fields["password1"].help_text = PASSWORD_HINT


class LoginForm(OurWords, allauth.LoginForm):
    """Signing in."""


class SignupForm(OurWords, allauth.SignupForm):
    """Signing up."""

    new_password_label = _("Password")


class AddEmailForm(OurWords, allauth.AddEmailForm):
    """One more address."""


class ChangePasswordForm(OurWords, allauth.ChangePasswordForm):
    """Another password, by who knows the one in force."""


class SetPasswordForm(OurWords, allauth.SetPasswordForm):
    """A first password, of an account that came by a link."""


class ResetPasswordForm(OurWords, allauth.ResetPasswordForm):
    """Asking for the link."""


class ResetPasswordKeyForm(OurWords, allauth.ResetPasswordKeyForm):
    """The new password, behind that link."""


class ReauthenticateForm(OurWords, allauth.ReauthenticateForm):
    """The password once more, before something sensitive."""
