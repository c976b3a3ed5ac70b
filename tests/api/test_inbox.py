"""/api/conversations: what programs see of the inbox, and what they may send."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from hirocrm.contacts.models import Contact, Conversation
from hirocrm.inbox.models import OutgoingMessage
from tests.factories import ContactFactory, ConversationFactory, PageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def talk(owner):
    def made(hours=1.0):
        wrote = datetime.now(UTC) - timedelta(hours=hours)
        contact = ContactFactory(page=PageFactory(organization=owner.organization))
        return ConversationFactory(
            contact=contact, last_message_at=wrote, last_customer_message_at=wrote
        )

    return made


class TestSend:
    def test_is_accepted_and_can_be_followed(self, api, talk):
        conversation = talk()

        answer = api.post(f"/api/conversations/{conversation.id}/messages", {"text": "Hello!"})

        assert answer.status_code == 202
        (row,) = answer.json()
        assert (row["state"], row["text"], row["messageId"]) == ("queued", "Hello!", None)
        assert api.get(f"/api/outgoing-messages/{row['id']}").json() == row

    def test_with_the_same_key_is_one_message(self, api, talk):
        path, key = f"/api/conversations/{talk().id}/messages", str(uuid4())

        first = api.post(path, {"text": "Hello!", "clientKey": key})
        second = api.post(path, {"text": "Hello!", "clientKey": key})

        assert first.json() == second.json()
        assert OutgoingMessage.objects.count() == 1

    def test_by_a_program_is_refused_after_a_day(self, api, talk):
        answer = api.post(f"/api/conversations/{talk(hours=30).id}/messages", {"text": "Hi"})

        assert (answer.status_code, answer.json()["code"]) == (409, "window_closed")
        assert OutgoingMessage.objects.count() == 0

    def test_by_a_person_in_the_browser_is_taken_within_seven_days(self, owner, talk):
        from django.test import Client

        browser = Client()
        browser.force_login(owner.user)

        answer = browser.post(
            f"/api/conversations/{talk(hours=30).id}/messages",
            {"text": "Hi"},
            content_type="application/json",
        )

        assert answer.status_code == 202
        assert OutgoingMessage.objects.get().by_person is True

    def test_needs_something_to_send(self, api, talk):
        answer = api.post(f"/api/conversations/{talk().id}/messages", {})

        assert (answer.status_code, answer.json()["code"]) == (422, "message_invalid")

    def test_of_what_is_unknown_cannot_be_retried(self, api, talk):
        (row,) = api.post(f"/api/conversations/{talk().id}/messages", {"text": "Hi"}).json()
        OutgoingMessage.objects.update(state="unknown")

        answer = api.post(f"/api/outgoing-messages/{row['id']}/retry")

        assert (answer.status_code, answer.json()["code"]) == (409, "not_sendable")


class TestList:
    def test_sorts_by_when_windows_close(self, api, talk):
        late, early, _closed = talk(hours=1), talk(hours=20), talk(hours=50)

        found = api.get("/api/conversations?sort=windowCloses").json()["items"]

        assert [row["id"] for row in found] == [str(early.id), str(late.id)]
        assert [row["window"]["state"] for row in found] == ["open", "open"]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("window=open", ["Ana", "Ben"]),
            ("window=human", ["Cai"]),
            ("window=closed", ["Dan"]),
            ("platform=instagram", ["Ben"]),
            ("platform=messenger&window=open", ["Ana"]),
            ("folder=closed", ["Cai"]),
            ("folder=waiting", ["Ana", "Ben", "Dan"]),
            ("folder=closing", []),
            ("q=cai", ["Cai"]),
            ("q=nobody", []),
        ],
    )
    def test_narrows(self, owner, api, query, found):
        now = datetime.now(UTC)
        page = PageFactory(organization=owner.organization)
        for name, hours, fields in (
            ("Ana", 1, {}),
            ("Ben", 2, {"platform": "instagram"}),
            ("Cai", 30, {"closed_at": now}),
            ("Dan", 200, {}),
        ):
            wrote = now - timedelta(hours=hours)
            ConversationFactory(
                contact=ContactFactory(page=page, first_name=name, search_text=name.lower()),
                last_message_at=wrote, last_customer_message_at=wrote, **fields,
            )  # fmt: skip

        rows = api.get(f"/api/conversations?{query}").json()["items"]

        names = Contact.objects.in_bulk([row["contactId"] for row in rows])
        assert sorted(one.first_name for one in names.values()) == found

    @pytest.mark.parametrize(
        ("stored", "told"), [("", None), ("263902037430900", "263902037430900")]
    )
    def test_names_who_owns_the_thread(self, api, talk, stored, told):
        conversation = talk()
        Conversation.objects.filter(pk=conversation.pk).update(thread_owner=stored)

        assert api.get(f"/api/conversations/{conversation.id}").json()["threadOwner"] == told

    def test_tells_states_apart(self, api, talk):
        conversation = talk()

        before = api.get(f"/api/conversations/{conversation.id}").json()
        after = api.patch(
            f"/api/conversations/{conversation.id}", {"isClosed": True, "assigneeId": None}
        ).json()

        assert (before["isUnread"], before["isWaiting"], before["isClosed"]) == (True, True, False)
        assert (after["isUnread"], after["isWaiting"], after["isClosed"]) == (False, True, True)


class TestUpload:
    def test_gives_an_id_to_send_by(self, api, talk):
        from django.core.files.uploadedfile import SimpleUploadedFile

        file = SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n" + b"0" * 40)

        upload = api.http.post("/api/uploads", {"file": file}, headers=api.headers).json()
        body = {"uploadIds": [upload["id"]]}
        (row,) = api.post(f"/api/conversations/{talk().id}/messages", body).json()

        assert (upload["kind"], upload["size"], upload["name"]) == ("image", 48, "a.png")
        assert (row["uploadId"], row["text"]) == (upload["id"], None)
