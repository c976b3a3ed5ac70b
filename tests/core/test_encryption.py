"""Secrets at rest: unreadable in the database, readable under every configured key, rotated on demand."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from hirocrm.core import encryption
from hirocrm.core.encryption import SecretUnreadable, decrypt, encrypt, keyed_hash, keyed_hashes
from hirocrm.meta.models import Page
from tests.factories import PageFactory

OLD, NEW = "the-old-key-of-an-install", "the-new-key-of-an-install"


def stored(page: Page) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT access_token FROM meta_page WHERE id = %s", [page.pk])
        return str(cursor.fetchone()[0])


class TestEncrypt:
    def test_gives_another_text_each_time(self) -> None:
        assert encrypt("EAAB") != encrypt("EAAB")

    def test_is_read_under_any_configured_key(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = (OLD,)
        token = encrypt("EAAB ñ 😀")

        settings.ENCRYPTION_KEYS = (NEW, OLD)

        assert decrypt(token) == "EAAB ñ 😀"

    def test_is_not_read_under_another_key(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = (OLD,)
        token = encrypt("EAAB")

        settings.ENCRYPTION_KEYS = (NEW,)

        with pytest.raises(SecretUnreadable, match="HIROCRM_SECRET_KEY"):
            decrypt(token)


class TestKeyedHash:
    def test_finds_what_was_hashed_under_an_older_key(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = (OLD,)
        before = keyed_hash("token")

        settings.ENCRYPTION_KEYS = (NEW, OLD)

        assert keyed_hash("token") != before
        assert before in keyed_hashes("token")


@pytest.mark.django_db
class TestEncryptedTextField:
    def test_is_plain_in_python_and_not_in_the_database(self) -> None:
        page = PageFactory(access_token="EAAB-secret")

        assert Page.objects.get(pk=page.pk).access_token == "EAAB-secret"
        assert "EAAB-secret" not in stored(page)


@pytest.mark.django_db
class TestRotateSecrets:
    def test_encrypts_everything_under_the_first_key(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = (OLD,)
        page = PageFactory(access_token="EAAB-secret")
        PageFactory(access_token="")
        settings.ENCRYPTION_KEYS = (NEW, OLD)

        out = StringIO()
        call_command("rotate_secrets", stdout=out)

        settings.ENCRYPTION_KEYS = (NEW,)
        assert encryption.decrypt(stored(page)) == "EAAB-secret"
        assert out.getvalue() == "1 secrets are now encrypted under the first key.\n"
