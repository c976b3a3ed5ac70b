"""allauth in our words, which are not about "users" and "keys", and with letters that may fail.

A mail server that fails takes nobody's sign-up along.
"""

from smtplib import SMTPException
from typing import Any, ClassVar

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from django.contrib import messages
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from typing_extensions import override

log = structlog.get_logger(__name__)

REFUSALS: dict[str, Any] = {
    "account_inactive": gettext_lazy(
        "This account is switched off. Ask an owner of your organization to switch it on again."
    ),
    "cannot_remove_primary_email": gettext_lazy(
        "This is your primary address. Make another one primary first, then remove this one."
    ),
    "duplicate_email": gettext_lazy("This address is one of yours already."),
    "email_password_mismatch": gettext_lazy(
        "That address and password don't belong together. Check both for typing errors, "
        "or choose a new password."
    ),
    "email_taken": gettext_lazy("There is an account with this address already. Sign in instead."),
    "enter_current_password": gettext_lazy("Type the password that you have now."),
    "incorrect_password": gettext_lazy(
        "That isn't your password. Try once more, or choose a new one."
    ),
    "invalid_password_reset": gettext_lazy("This link no longer works. Ask for a new one."),
    "max_email_addresses": gettext_lazy("No more than %d addresses. Remove one first."),
    "too_many_login_attempts": gettext_lazy(
        "Too many tries with a wrong password. Wait five minutes, or choose a new password."
    ),
    "unknown_email": gettext_lazy(
        "There is no account with this address. Look for a typing error."
    ),
    "unverified_primary_email": gettext_lazy("Confirm this address first, then make it primary."),
    "same_as_current": gettext_lazy("This is what it is already."),
    "rate_limited": gettext_lazy("That was a lot in a short time. Wait a minute, then go on."),
}


class AccountAdapter(DefaultAccountAdapter):
    """What people are told: about what they typed, and when a letter to them can't be sent."""

    error_messages: ClassVar[dict[str, Any]] = {**DefaultAccountAdapter.error_messages, **REFUSALS}

    @override
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as fault:
            log.warning("mail.not_sent", letter=template_prefix, fault=type(fault).__name__)
            words = _(
                "The e-mail couldn't be sent: this HiroCRM's mail server doesn't take it. Tell whoever runs it."
            )
            messages.error(self.request, words)
