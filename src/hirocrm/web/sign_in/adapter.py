"""allauth's letters: a mail server that fails takes nobody's sign-up along."""

from smtplib import SMTPException
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from django.contrib import messages
from django.utils.translation import gettext as _
from typing_extensions import override

log = structlog.get_logger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """What people are told when a letter to them can't be sent."""

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
