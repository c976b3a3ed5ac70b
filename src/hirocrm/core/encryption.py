"""Secrets at rest: Fernet under HIROCRM_SECRET_KEY (the first key encrypts, every key decrypts)."""

import base64
import hashlib
import hmac
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

from hirocrm.core.errors import HiroError


class SecretUnreadable(HiroError):
    """A stored secret was encrypted under a key that is no longer configured."""

    code = "secret_unreadable"


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    # A setting may be any text, Fernet wants 32 bytes: derive them, apart from other uses of the key.
    derived = (hashlib.sha256(b"hirocrm.encryption." + key.encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


def encrypt(plain: str) -> str:
    """Encrypt with the first configured key."""
    return _fernet(tuple(settings.ENCRYPTION_KEYS)).encrypt(plain.encode()).decode("ascii")


def decrypt(token: str) -> str:
    """Decrypt with whichever configured key fits.

    Raises:
        SecretUnreadable: none fits.
    """
    try:
        return _fernet(tuple(settings.ENCRYPTION_KEYS)).decrypt(token.encode("ascii")).decode()
    except InvalidToken:
        raise SecretUnreadable(
            "A stored secret can't be decrypted: add the HIROCRM_SECRET_KEY it was saved under."
        ) from None


def rotate(token: str) -> str:
    """The same secret under the first configured key."""
    return _fernet(tuple(settings.ENCRYPTION_KEYS)).rotate(token.encode("ascii")).decode("ascii")


def keyed_hash(value: str) -> str:
    """A hash to look a secret up by, useless without HIROCRM_SECRET_KEY (hex, 64 characters)."""
    return keyed_hashes(value)[0]


def keyed_hashes(value: str) -> list[str]:
    """`keyed_hash` under each configured key, newest first: a rotated key must still find old rows."""
    return [
        hmac.new(b"hirocrm.lookup." + key.encode(), value.encode(), hashlib.sha256).hexdigest()
        for key in settings.ENCRYPTION_KEYS
    ]


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # Django's fields are generic in the stubs only
    """Text that is encrypted in the database and plain in Python. It can't be filtered on."""

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> str | None:
        """Decrypt what the database held."""
        return decrypt(value) if value else value

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt what goes to the database."""
        value = super().get_prep_value(value)
        return encrypt(value) if value else value
