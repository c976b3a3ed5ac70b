"""EMAIL_URL, and what becomes of letters."""

import pytest
from django.core.mail import send_mail
from django.urls import reverse

from hirocrm.cli.checks.install import check_mail
from hirocrm.config.env import SettingsError, load
from hirocrm.config.mail import parse_email_url
from tests.mail_server import mail_server

BASE_URL = "https://crm.example"


class TestParseEmailUrl:
    @pytest.mark.parametrize(
        ("url", "port", "starts_tls", "is_tls"),
        [
            ("smtp://mail.example", 25, False, False),
            ("smtp://mail.example:2525", 2525, False, False),
            ("smtp://mail.example:587", 587, True, False),
            ("smtp+tls://mail.example", 587, True, False),
            ("smtps://mail.example", 465, False, True),
        ],
    )
    def test_port_and_encryption(self, url, port, starts_tls, is_tls):
        found = parse_email_url(url, base_url=BASE_URL)

        assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example", port)
        assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (starts_tls, is_tls)
        assert found["DEFAULT_FROM_EMAIL"] == "HiroCRM <no-reply@crm.example>"

    @pytest.mark.parametrize(
        ("url", "sender"),
        [
            ("smtp://ana%40shop.example:p%2Fw@mail.example", "ana@shop.example"),
            ("smtp://ana:p@mail.example?from=hello@shop.example", "hello@shop.example"),
            ("smtp://ana:p@mail.example", "no-reply@crm.example"),
            ("console://", "no-reply@crm.example"),
        ],
    )
    def test_sender(self, url, sender):
        assert parse_email_url(url, base_url=BASE_URL)["SERVER_EMAIL"] == sender

    @pytest.mark.parametrize(
        ("url", "sentence"),
        [
            ("mail.example", "must look like smtp+tls://"),
            ("http://ana:s3cret@mail.example", "must look like smtp+tls://"),
            ("smtp://ana:s3cret@mail.example:port", "must look like smtp+tls://"),
            ("smtp://", "must look like smtp+tls://"),
            ("smtp://ana@mail.example", "needs a user and a password"),
            ("smtp://ana:s3cret@mail.example?from=nobody", "no e-mail address"),
            ("smtp://ana:s3cret@mail.example?tls=1", "other than from=address"),
        ],
    )
    def test_refuses_what_cant_be_used_without_repeating_it(self, monkeypatch, url, sentence):
        monkeypatch.setenv("EMAIL_URL", url)
        load.cache_clear()
        try:
            with pytest.raises(SettingsError) as refused:
                load()
        finally:
            load.cache_clear()

        assert str(refused.value).startswith("EMAIL_URL: ")
        assert sentence in str(refused.value)
        assert "s3cret" not in str(refused.value)


@pytest.fixture
def use(settings):
    """Send by this EMAIL_URL from now on."""

    def use(url: str) -> None:
        for name, value in parse_email_url(url, base_url=BASE_URL).items():
            setattr(settings, name, value)

    return use


@pytest.fixture
def server():
    with mail_server("ana", "p@ss") as running:
        yield running


class TestLetters:
    def test_arrive_at_the_mail_server(self, use, server):
        use(f"smtp://ana:p%40ss@127.0.0.1:{server.port}?from=hello@shop.example")

        send_mail("Hello", "There", None, ["rosa@example.com"])

        [letter] = server.letters
        assert (letter["From"], letter["To"]) == (
            "HiroCRM <hello@shop.example>",
            "rosa@example.com",
        )
        assert (letter["Subject"], letter.get_payload()) == ("Hello", "There\r\n")

    @pytest.mark.django_db
    def test_a_new_password_by_letter(self, use, server, client, owner):
        use(f"smtp://ana:p%40ss@127.0.0.1:{server.port}")

        client.post(reverse("account_reset_password"), {"email": owner.user.email})

        assert [letter["To"] for letter in server.letters] == [owner.user.email]

    @pytest.mark.django_db
    def test_a_mail_server_that_refuses_is_told_on_the_page(self, use, server, client, owner):
        use(f"smtp://ana:wrong@127.0.0.1:{server.port}")

        answer = client.post(
            reverse("account_reset_password"), {"email": owner.user.email}, follow=True
        )

        assert answer.status_code == 200
        assert "The e-mail couldn&#x27;t be sent" in answer.text


class TestCheckMail:
    def test_tells_how_it_stands(self, use, server):
        use("console://")
        [printed] = check_mail()
        use(f"smtp://ana:p%40ss@127.0.0.1:{server.port}")
        [well] = check_mail()
        use(f"smtp://ana:wr0ng@127.0.0.1:{server.port}")
        [refused] = check_mail()
        use("smtp://127.0.0.1:1")
        [away] = check_mail()

        assert (printed.status, printed.detail) == ("warn", "Printed by the web server, not sent.")
        assert (well.status, well.detail) == (
            "ok",
            f"127.0.0.1:{server.port} takes e-mail from HiroCRM <no-reply@crm.example>.",
        )
        assert (refused.status, refused.detail) == (
            "fail",
            f"127.0.0.1:{server.port} refuses (SMTP code 535).",
        )
        assert (away.status, away.detail) == (
            "fail",
            "127.0.0.1:1 can't be used (ConnectionRefusedError).",
        )
