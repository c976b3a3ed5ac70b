"""Sending e-mail: Django's way, without its leak of a connection that the mail server refuses."""

from django.core.mail.backends import smtp
from typing_extensions import override


class EmailBackend(smtp.EmailBackend):
    """Closes a connection on which the login or the encryption failed."""

    @override
    def open(self) -> bool | None:
        try:
            return super().open()
        except Exception:
            self.close()
            raise
