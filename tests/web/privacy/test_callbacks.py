"""Meta's callbacks about people who connected Pages, as Meta signs them."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from hirocrm.meta.models import Login, Page
from hirocrm.privacy.models import DeletionRequest
from tests.factories import ContactFactory, PageFactory

pytestmark = pytest.mark.django_db
SECRET, PERSON = "app-secret-of-the-tests", "218471"
ISSUED = 1_767_000_000


def encoded(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(secret=SECRET, **changes):
    payload = {"user_id": PERSON, "algorithm": "HMAC-SHA256", "issued_at": ISSUED}
    text = encoded(json.dumps({**payload, **changes}).encode())
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return f"{encoded(digest)}.{text}"


@pytest.fixture(autouse=True)
def secrets(settings):
    settings.FACEBOOK_APP_SECRET = SECRET
    settings.INSTAGRAM_APP_SECRET = "instagram-secret-of-the-tests"
    settings.BASE_URL = "https://crm.example"


@pytest.fixture
def page(owner):
    return PageFactory(
        organization=owner.organization,
        connected_user_id=PERSON,
        connected_user_name="Ana Cruz",
        granted_scopes=["pages_messaging"],
    )


def post(name, value):
    return Client(enforce_csrf_checks=True).post(reverse(name), {"signed_request": value})


class TestDeauthorize:
    def test_ends_the_persons_connections_and_nothing_else(self, page, owner):
        contact = ContactFactory(page=page)
        other = PageFactory(organization=owner.organization, connected_user_id="another")

        answer = post("meta-deauthorize", signed())

        page.refresh_from_db()
        other.refresh_from_db()
        assert answer.status_code == 200
        assert (page.state, page.access_token) == ("removed", "")
        assert "removed the app" in page.state_reason
        assert (other.state, other.access_token) == ("healthy", "page-token")
        assert type(contact).objects.filter(pk=contact.pk).exists()

    def test_takes_the_instagram_apps_signature(self, page):
        assert post("meta-deauthorize", signed("instagram-secret-of-the-tests")).status_code == 200

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "no-dot",
            "a.b",
            signed("another secret"),
            signed("") + "x",
            signed(algorithm="none"),
            signed(user_id="\u0000"),
            signed(user_id="\ud83d"),
            signed(user_id=""),
            signed(user_id=" "),
            signed(user_id=None),
            signed(user_id=True),
            signed(user_id=1.5),
            signed(user_id={"a": 1}),
            signed(user_id=PERSON)[:-2],
        ],
    )
    @pytest.mark.parametrize("name", ["meta-deauthorize", "meta-data-deletion"])
    def test_refuses_what_meta_did_not_sign(self, page, name, value):
        answer = post(name, value)

        page.refresh_from_db()
        assert (answer.status_code, answer.content) == (400, b"")
        assert (page.state, page.access_token) == ("healthy", "page-token")
        assert DeletionRequest.objects.count() == 0

    def test_refuses_everything_without_an_app(self, page, settings):
        settings.FACEBOOK_APP_SECRET = settings.INSTAGRAM_APP_SECRET = ""

        assert post("meta-deauthorize", signed("")).status_code == 400

    def test_forgets_no_page_that_nobody_connected(self, owner):
        page = PageFactory(organization=owner.organization, connected_user_id="")

        post("meta-deauthorize", signed(user_id=""))

        page.refresh_from_db()
        assert page.access_token == "page-token"


class TestARequestOfLongAgo:
    """Nothing in a signed request makes it valid once: who has it can send it for ever."""

    @pytest.fixture
    def reconnected(self, page):
        Page.objects.update(connected_at=datetime.fromtimestamp(ISSUED, UTC) + timedelta(hours=1))
        return page

    def test_does_not_end_a_connection_made_since(self, reconnected):
        answer = post("meta-deauthorize", signed())

        reconnected.refresh_from_db()
        assert answer.status_code == 200
        assert (reconnected.state, reconnected.access_token) == ("healthy", "page-token")

    def test_does_not_forget_who_made_it(self, reconnected, owner):
        login = Login.objects.create(
            organization=owner.organization, member=owner, remote_user_id=PERSON,
            state_hash="s", session_hash="h", created_at=datetime.fromtimestamp(ISSUED, UTC) + timedelta(hours=1),
            expires_at=datetime.fromtimestamp(ISSUED, UTC) + timedelta(hours=2),
        )  # fmt: skip

        answer = post("meta-data-deletion", signed())

        reconnected.refresh_from_db()
        assert answer.status_code == 200
        assert (reconnected.access_token, reconnected.connected_user_id) == ("page-token", PERSON)
        assert Login.objects.get() == login
        assert DeletionRequest.objects.get().pages == 0

    @pytest.mark.parametrize("seconds", [-1, 60])
    def test_ends_one_made_before_it_as_clocks_differ(self, page, seconds):
        at = datetime.fromtimestamp(ISSUED, UTC) + timedelta(seconds=seconds)
        Page.objects.update(connected_at=at)

        post("meta-deauthorize", signed())

        page.refresh_from_db()
        assert (page.state, page.access_token) == ("removed", "")

    def test_counts_for_all_where_it_does_not_say_when(self, reconnected):
        post("meta-deauthorize", signed(issued_at=None))

        reconnected.refresh_from_db()
        assert reconnected.state == "removed"


class TestDataDeletion:
    def test_takes_a_persons_id_as_a_number(self, page):
        assert post("meta-data-deletion", signed(user_id=int(PERSON))).status_code == 200

        assert DeletionRequest.objects.get().pages == 1

    def test_forgets_the_person_and_gives_a_code(self, page):
        answer = post("meta-data-deletion", signed())

        made = DeletionRequest.objects.get()
        assert answer.json() == {
            "url": f"https://crm.example/meta/data-deletion/{made.code}",
            "confirmation_code": made.code,
        }
        found = Page.objects.get()
        assert (found.connected_user_id, found.connected_user_name, found.access_token) == (
            "",
            "",
            "",
        )
        assert PERSON not in made.person_hash

    def test_can_be_looked_up_by_anyone_with_the_code(self, page):
        code = post("meta-data-deletion", signed()).json()["confirmation_code"]

        answer = Client().get(reverse("deletion-status", args=[code]))

        assert answer.status_code == 200
        assert "Your name and Facebook id" in answer.content.decode()

    @pytest.mark.parametrize("code", ["nope", "\x00", "a\x00b", "f" * 25, "é"])
    def test_knows_no_other_code(self, code):
        assert Client().get(reverse("deletion-status", args=[code])).status_code == 404


class TestPages:
    def test_export_is_a_download(self, viewer, page, sign_in):
        contact = ContactFactory(page=page)

        answer = sign_in(viewer).get(reverse("contact-json", args=[contact.id]))

        assert answer["Content-Disposition"] == f'attachment; filename="contact-{contact.id}.json"'
        assert answer.json()["contact"]["id"] == str(contact.id)

    def test_export_of_others_is_hidden(self, stranger, page, sign_in):
        contact = ContactFactory(page=page)

        answer = sign_in(stranger).get(reverse("contact-json", args=[contact.id]))

        assert answer.status_code == 404

    def test_retention_counts_before_it_saves(self, owner, sign_in):
        client, url = sign_in(owner), reverse("privacy-settings")

        counted = client.post(url, {"message_days": "30", "preview": "1"})
        assert "Nothing has changed yet." in counted.content.decode()
        assert client.get(url).context["policy"].message_days is None

        client.post(url, {"message_days": "30"})
        assert client.get(url).context["policy"].message_days == 30

    def test_retention_is_for_those_who_configure(self, agent, sign_in):
        answer = sign_in(agent).post(reverse("privacy-settings"), {"message_days": "30"})

        assert answer.status_code == 403
