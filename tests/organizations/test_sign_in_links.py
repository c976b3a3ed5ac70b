"""Links that sign a user in once."""

from datetime import datetime

import pytest
from django.test import Client

from hirocrm.organizations.models import Member
from hirocrm.organizations.sign_in_links import make_sign_in_path

pytestmark = pytest.mark.django_db


class TestSignInLink:
    def test_signs_its_user_in_once(self, client: Client, owner: Member) -> None:
        path = make_sign_in_path(owner.user)

        first = client.get(path)

        assert (first.status_code, first["Location"]) == (302, "/")
        assert client.session["_auth_user_id"] == str(owner.user.pk)
        second = Client().get(path)
        assert second["Location"].startswith("/accounts/login")

    def test_refuses_what_was_never_made(
        self, client: Client, owner: Member, now: datetime
    ) -> None:
        encoded_id, token = make_sign_in_path(owner.user).split("/")[2:]

        for path in (
            f"/sign-in/{encoded_id}/x{token}",
            f"/sign-in/zzz/{token}",
            f"/sign-in/_w/{token}",
        ):
            assert client.get(path)["Location"].startswith("/accounts/login")
        assert "_auth_user_id" not in client.session

    def test_refuses_a_user_who_was_switched_off(self, client: Client, owner: Member) -> None:
        path = make_sign_in_path(owner.user)
        owner.user.is_active = False
        owner.user.save(update_fields=["is_active"])

        assert client.get(path)["Location"].startswith("/accounts/login")
