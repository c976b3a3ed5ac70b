"""A forgotten password: the mail, and the new one."""

import re

import pytest
from django.core import mail
from django.test import Client

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


class TestPasswordReset:
    def test_comes_by_a_mail_in_our_words_and_works_once(self):
        user = UserFactory(email="ana@example.com")
        client = Client()

        client.post("/accounts/password/reset/", {"email": user.email})
        sent = mail.outbox[0]
        found = re.search(r"https?://[^/]+(/accounts/\S+)", sent.body)
        assert found is not None
        asked = client.get(found[1], follow=True)
        form = asked.redirect_chain[-1][0]
        client.post(form, {"password1": "correct horse 7", "password2": "correct horse 7"})
        user.refresh_from_db()

        assert sent.subject == "HiroCRM: A new password"
        assert "asked for a new password for HiroCRM" in sent.body
        assert "Hello from" not in sent.body
        assert user.check_password("correct horse 7")
