"""The pages and mails of an account speak as the rest of HiroCRM does, not as allauth."""

import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
STOCK = re.compile(
    r"example\.com!|Hello from|Thank you for using|specified are not correct|Remember Me|registered with this"
    r"|can.t be too similar|entirely numeric|Successfully signed|have signed out|successfully (changed|set)"
)


@pytest.fixture(autouse=True)
def _forget_tries():
    cache.clear()


@pytest.fixture
def ana():
    user = UserFactory(email="ana@example.com")
    user.set_password("orchid-lantern-42")
    user.save()
    return user


@pytest.fixture
def inside(ana) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def words(response) -> str:
    return response.content.decode()


class TestPages:
    @pytest.mark.parametrize("path", ["login", "signup", "password/reset", "inactive"])
    def test_outside_none_is_stock(self, path):
        shown = words(Client().get(f"/accounts/{path}/"))

        assert STOCK.search(shown) is None
        assert "<ul><li>" not in shown  # the password's rules, in three lines

    @pytest.mark.parametrize("path", ["email", "password/change", "logout", "reauthenticate"])
    def test_inside_none_is_stock(self, inside, path):
        shown = words(inside.get(f"/accounts/{path}/"))

        assert STOCK.search(shown) is None
        assert "<ul><li>" not in shown

    def test_the_new_password_has_one_hint(self, inside):
        shown = words(inside.get("/accounts/password/change/"))

        assert shown.count("At least eight characters; a few words make a good one.") == 1
        assert "The password you have now" in shown

    def test_signing_in_offers_to_stay(self):
        assert "Stay signed in on this device" in words(Client().get("/accounts/login/"))

    def test_another_language_of_the_browser_gives_no_mixture(self):
        shown = Client().post("/accounts/login/", {}, headers={"accept-language": "es"})

        assert '<html lang="en"' in words(shown)
        assert "This field is required." in words(shown)


class TestRefusals:
    def test_a_wrong_password_says_what_to_do(self, ana):
        shown = Client().post("/accounts/login/", {"login": ana.email, "password": "wrong"})

        assert "That address and password don&#x27;t belong together." in words(shown)

    def test_an_address_that_has_an_account(self, ana):
        form = {"email": ana.email, "password1": "orchid-lantern-43", "business": "Hiraya"}
        shown = Client().post("/accounts/signup/", form)

        assert "There is an account with this address already. Sign in instead." in words(shown)

    def test_too_many_wrong_ones(self, ana):
        client = Client()
        for _ in range(6):
            shown = client.post("/accounts/login/", {"login": ana.email, "password": "wrong"})

        assert "Too many tries with a wrong password." in words(shown)

    def test_too_many_requests_are_a_page_of_ours(self, inside):
        for _ in range(6):
            shown = inside.post("/accounts/password/change/", {})

        assert shown.status_code == 429
        assert "That was too much at once" in words(shown)
        assert "<code>429</code>" in words(shown)


class TestMails:
    def sent(self) -> str:
        assert mail.outbox[0].from_email.startswith("HiroCRM <no-reply@")
        text = mail.outbox[0].subject + "\n" + mail.outbox[0].body
        assert STOCK.search(text) is None
        return text

    def test_an_unknown_address(self):
        Client().post("/accounts/password/reset/", {"email": "nobody@example.com"})

        assert self.sent().startswith("HiroCRM: No account with this address\n")
        assert "There is no account with nobody@example.com." in self.sent()

    def test_a_new_address(self):
        form = {"email": "mia@example.com", "password1": "orchid-lantern-43", "business": "Hiraya"}
        Client().post("/accounts/signup/", form)

        assert self.sent().startswith("HiroCRM: Confirm your address\n")
        assert "gave mia@example.com as their address" in self.sent()
        assert "/accounts/confirm-email/" in self.sent()


class TestMessages:
    def test_after_a_change_of_password(self, inside):
        form = {
            "oldpassword": "orchid-lantern-42",
            "password1": "orchid-lantern-43",
            "password2": "orchid-lantern-43",
        }
        shown = inside.post("/accounts/password/change/", form, follow=True)

        assert "Your new password is saved." in words(shown)

    def test_after_signing_out(self, inside):
        assert "You are signed out." in words(inside.post("/accounts/logout/", follow=True))
