"""The inbox's pages, without a browser."""

import html
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from hirocrm.inbox import services, windows
from hirocrm.inbox.models import InboxSettings, OutgoingMessage, QuickReply
from hirocrm.meta.models import WebhookHealth
from tests.factories import ContactFactory, ConversationFactory, MessageFactory, PageFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def talk(page, *, hours=1.0, answered=False, name="Lito", platform="messenger", **fields):
    """A conversation whose customer wrote so many hours ago."""
    now = datetime.now(UTC)
    wrote = now - timedelta(hours=hours)
    person = (
        {"messenger_psid": None, "instagram_sid": str(uuid4())} if platform == "instagram" else {}
    )
    contact = ContactFactory(
        page=page,
        first_name=name,
        last_customer_message_at=wrote,
        last_message_text="hm po?",
        **person,
    )
    conversation = ConversationFactory(
        contact=contact,
        platform=platform,
        last_message_at=now if answered else wrote,
        last_customer_message_at=wrote,
        **fields,
    )
    MessageFactory(conversation=conversation, created_time=wrote)
    return conversation


@pytest.fixture
def page(owner):
    return PageFactory(organization=owner.organization)


def names(answer):
    return [row.conversation.contact.first_name for row in answer.context["rows"]]


class TestInbox:
    @pytest.mark.parametrize(
        ("folder", "expected"),
        [
            ("", ["New", "Late", "Answered"]),
            ("waiting", ["New", "Late"]),
            ("unread", ["Late"]),
            ("closing", ["Late"]),
            ("mine", ["Answered"]),
            ("unassigned", ["New", "Late"]),
            ("closed", ["Closed"]),
            ("all", ["New", "Late", "Answered", "Closed", "Old"]),
        ],
    )
    def test_shows_the_folder(self, owner, page, sign_in, folder, expected):
        now = datetime.now(UTC)
        talk(page, hours=1, name="New", seen_at=now)
        talk(page, hours=22, name="Late")
        mine = talk(page, hours=30, name="Answered", assignee=owner)
        type(mine).objects.filter(pk=mine.pk).update(last_message_at=now - timedelta(hours=29))
        talk(page, hours=40, name="Closed", closed_at=now)
        talk(page, hours=24 * 20, name="Old")

        answer = sign_in(owner).get(reverse("inbox"), {"folder": folder})

        assert names(answer) == expected

    def test_a_closed_conversation_comes_back_when_the_customer_writes(self, owner, page, sign_in):
        talk(page, hours=1, closed_at=datetime.now(UTC) - timedelta(hours=2))

        assert names(sign_in(owner).get(reverse("inbox"))) == ["Lito"]

    def test_sorts_by_when_windows_close(self, owner, page, sign_in):
        for hours in (1, 23, 50):
            talk(page, hours=hours, name=f"{hours}h")

        answer = sign_in(owner).get(reverse("inbox"), {"sort": "windowCloses"})

        assert names(answer) == ["23h", "1h"]

    def test_shows_one_page_only(self, owner, page, sign_in):
        talk(page, name="Here")
        talk(PageFactory(organization=owner.organization), name="There")

        answer = sign_in(owner).get(reverse("inbox"), {"page": page.id})

        assert names(answer) == ["Here"]

    @pytest.mark.parametrize(
        ("window", "human", "expected"),
        [
            ("open", True, ["1h", "23h"]),
            ("human", True, ["50h"]),
            ("closed", True, ["200h"]),
            ("human", False, []),
            ("closed", False, ["50h", "200h"]),
            ("nonsense", True, ["1h", "23h", "50h", "200h"]),
        ],
    )
    def test_shows_one_state_of_the_window_only(  # noqa: PLR0917  # fixtures and a case
        self, owner, page, sign_in, window, human, expected
    ):
        InboxSettings.objects.create(organization=owner.organization, human_agent=human)
        for hours in (1, 23, 50, 200):
            talk(page, hours=hours, name=f"{hours}h")

        answer = sign_in(owner).get(reverse("inbox"), {"window": window})

        chosen = re.findall(r'<option value="(\w+)" selected>', answer.text)
        assert names(answer) == expected
        assert ("nonsense" in answer.context["list_query"], window in chosen) == (
            False,
            window != "nonsense" and (human or window != "human"),
        )

    def test_keeps_the_window_from_folder_to_folder(self, owner, page, sign_in):
        answer = sign_in(owner).get(reverse("inbox"), {"window": "closed"})

        queries = [folder["query"] for folder in answer.context["folders"]]
        assert all("window=closed" in query for query in queries)
        assert f"{reverse('inbox')}?window=closed" in answer.text

    def test_shows_nothing_of_another_organization(self, page, stranger, sign_in):
        conversation = talk(page)
        client = sign_in(stranger)

        assert names(client.get(reverse("inbox"), {"folder": "all"})) == []
        found = client.get(reverse("inbox-conversation", args=[conversation.id]))
        assert found.status_code == 404

    def test_takes_as_many_queries_for_many_as_for_few(
        self, owner, page, sign_in, django_assert_num_queries
    ):
        client = sign_in(owner)
        for _ in range(3):
            talk(page)
        client.get(reverse("inbox"))
        with django_assert_num_queries(11) as few:
            client.get(reverse("inbox"))
        for _ in range(20):
            talk(page)
        with django_assert_num_queries(len(few)):
            client.get(reverse("inbox"))


class TestConversation:
    def test_is_read_by_looking(self, agent, page, sign_in):
        conversation = talk(page)

        sign_in(agent).get(reverse("inbox-conversation", args=[conversation.id]))

        conversation.refresh_from_db()
        assert conversation.seen_at is not None

    def test_stays_unread_when_a_viewer_looks(self, viewer, page, sign_in):
        conversation = talk(page)

        answer = sign_in(viewer).get(reverse("inbox-conversation", args=[conversation.id]))

        conversation.refresh_from_db()
        assert conversation.seen_at is None
        assert "Your role may look, but not answer." in answer.content.decode()

    @pytest.mark.parametrize(
        ("hours", "words"),
        [
            (1, "You can answer freely."),
            (30, "Human Agent tag"),
            (200, "It opens again when the customer writes."),
        ],
    )
    def test_says_what_may_be_sent(self, owner, page, sign_in, hours, words):
        conversation = talk(page, hours=hours)

        answer = sign_in(owner).get(reverse("inbox-conversation", args=[conversation.id]))

        assert words in answer.content.decode()

    def test_shows_how_long_the_window_is_open(self, owner, page, sign_in):
        conversation = talk(page, hours=1)
        until = conversation.last_customer_message_at + timedelta(hours=24) - windows.SLACK

        answer = sign_in(owner).get(reverse("inbox-conversation", args=[conversation.id]))

        left = re.search(r'<p class="composer-window.*?</p>', answer.text, re.DOTALL)
        assert left is not None
        assert f'datetime="{until:%Y-%m-%dT%H:%M:%S}' in left[0]

    def test_has_no_composer_for_a_dead_connection(self, owner, page, sign_in):
        page.state = "needs_reconnect"
        page.save()
        conversation = talk(page)

        answer = sign_in(owner).get(reverse("inbox-conversation", args=[conversation.id]))

        assert "Reconnect the Page" in answer.content.decode()
        assert "composer-text" not in answer.content.decode()

    def test_begins_with_a_quick_reply_without_javascript(self, owner, page, sign_in, now):
        reply = services.create_quick_reply(
            member=owner, shortcut="hi", text="Hi {first_name}!", now=now
        )
        conversation = talk(page)

        answer = sign_in(owner).get(
            reverse("inbox-conversation", args=[conversation.id]), {"insert": str(reply.id)}
        )

        assert ">Hi Lito!</textarea>" in answer.content.decode()


class TestThreadOwner:
    @pytest.mark.parametrize(
        ("owner_app", "words"),
        [
            ("263902037430900", "Meta&#x27;s own inbox answers in this conversation."),
            ("123456789", "Another app (123456789) answers in this conversation."),
            ("other", "Another app answers in this conversation."),
        ],
    )
    def test_is_named_in_the_thread(self, owner, page, sign_in, owner_app, words):
        conversation = talk(page, thread_owner=owner_app)
        client = sign_in(owner)

        inbox = client.get(reverse("inbox-conversation", args=[conversation.id]))
        contact = client.get(reverse("contact", args=[conversation.contact_id]))

        assert (words in inbox.text, words in contact.text) == (True, True)

    def test_is_not_spoken_of_where_it_is_us(self, owner, page, sign_in):
        conversation = talk(page)

        answer = sign_in(owner).get(reverse("inbox-conversation", args=[conversation.id]))

        assert "answers in this conversation" not in answer.text


class TestEnforcement:
    @pytest.mark.parametrize(
        ("action", "words"),
        [
            ("block", "Meta doesn't let this Page send"),
            ("warning", "Meta warns that this Page breaks its messaging policies."),
        ],
    )
    def test_is_told_above_the_thread(self, owner, page, sign_in, action, words):
        WebhookHealth.objects.create(
            page=page, organization=owner.organization, policy_action=action, policy_reason="Spam"
        )

        answer = sign_in(owner).get(reverse("inbox-conversation", args=[talk(page).id]))

        assert words in html.unescape(answer.text)
        assert "<q>Spam</q>" in answer.text


class TestSend:
    def test_refuses_to_answer_what_can_be_no_message(self, owner, page, sign_in):
        answer = sign_in(owner).post(
            reverse("inbox-send", args=[talk(page).id]), {"text": "Hi", "reply_to": "nope\0"}
        )

        assert answer.status_code == 400
        assert OutgoingMessage.objects.count() == 0

    def test_works_as_a_plain_form(self, owner, page, sign_in):
        conversation = talk(page)
        client = sign_in(owner)

        answer = client.post(
            reverse("inbox-send", args=[conversation.id]), {"text": "Hello!"}, follow=True
        )

        assert answer.status_code == 200
        assert "Sending…" in answer.content.decode()
        assert OutgoingMessage.objects.get().text == "Hello!"

    def test_shows_the_message_at_once_and_a_new_key(self, owner, page, sign_in):
        conversation = talk(page)

        answer = sign_in(owner).post(
            reverse("inbox-send", args=[conversation.id]),
            {"text": "Hello!", "client_key": str(uuid4())},
            headers={**HTMX, "HX-Target": "thread-live"},
        )

        body = answer.content.decode()
        assert "Hello!" in body
        assert 'id="composer-key"' in body
        assert "composer-sent" in answer["HX-Trigger"]

    def test_shows_metas_reason_and_a_retry(self, owner, page, sign_in):
        conversation = talk(page)
        client = sign_in(owner)
        client.post(reverse("inbox-send", args=[conversation.id]), {"text": "Hello!"})
        OutgoingMessage.objects.update(state="failed", error="They blocked the Page.")

        body = client.get(reverse("inbox-conversation", args=[conversation.id])).content.decode()

        assert "Not sent. They blocked the Page." in body
        assert "Send again" in body

    def test_says_that_it_is_checking(self, owner, page, sign_in):
        conversation = talk(page)
        client = sign_in(owner)
        client.post(reverse("inbox-send", args=[conversation.id]), {"text": "Hello!"})
        OutgoingMessage.objects.update(state="unknown", error="…")

        body = client.get(reverse("inbox-conversation", args=[conversation.id])).content.decode()

        assert "Checking whether it arrived." in body
        assert "Send again" not in body

    def test_refuses_a_viewer(self, viewer, page, sign_in):
        conversation = talk(page)

        answer = sign_in(viewer).post(
            reverse("inbox-send", args=[conversation.id]), {"text": "Hello!"}
        )

        assert answer.status_code == 403
        assert OutgoingMessage.objects.count() == 0

    def test_sends_from_the_contacts_page(self, owner, page, sign_in):
        conversation = talk(page)
        client = sign_in(owner)
        here = reverse("contact", args=[conversation.contact_id])
        assert "composer-text" in client.get(here).content.decode()

        answer = client.post(
            reverse("inbox-send", args=[conversation.id]), {"text": "Hello!", "next": here}
        )

        assert answer.url == here


class TestState:
    def test_closes_and_reopens(self, agent, page, sign_in):
        conversation = talk(page)
        client, url = sign_in(agent), reverse("inbox-state", args=[conversation.id])

        client.post(url, {"action": "close"})
        conversation.refresh_from_db()
        assert conversation.closed_at is not None

        client.post(url, {"action": "reopen"})
        conversation.refresh_from_db()
        assert conversation.closed_at is None

    def test_assigns_to_members_only(self, agent, page, stranger, sign_in):
        conversation = talk(page)
        client, url = sign_in(agent), reverse("inbox-state", args=[conversation.id])

        refused = client.post(url, {"action": "assign", "assignee": str(stranger.id)})
        client.post(url, {"action": "assign", "assignee": str(agent.id)})

        conversation.refresh_from_db()
        assert (refused.status_code, conversation.assignee_id) == (400, agent.id)

    def test_marks_as_unread(self, agent, page, sign_in):
        conversation = talk(page, seen_at=datetime.now(UTC))

        answer = sign_in(agent).post(
            reverse("inbox-state", args=[conversation.id]), {"action": "unread"}
        )

        conversation.refresh_from_db()
        assert (conversation.seen_at, answer.url) == (None, "/inbox")

    @pytest.mark.parametrize(
        ("seen_at", "is_seen"), [(None, False), (datetime(2026, 1, 1, tzinfo=UTC), True)]
    )
    def test_news_in_an_open_page_reads_on_but_leaves_what_was_marked(
        self, agent, page, sign_in, seen_at, is_seen
    ):
        conversation = talk(page, seen_at=seen_at)

        sign_in(agent).get(
            reverse("inbox-conversation", args=[conversation.id]),
            headers={"HX-Request": "true", "HX-Target": "thread-live"},
        )

        before, conversation = seen_at, type(conversation).objects.get(pk=conversation.pk)
        assert (conversation.seen_at != before) is is_seen


class TestFiles:
    PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40

    def test_pictures_are_shown_and_can_run_nothing(self, owner, viewer, sign_in, now):
        upload = services.save_upload(member=owner, name="ñ.png", content=self.PNG, now=now)

        answer = sign_in(viewer).get(reverse("inbox-file", args=[upload.id]))

        assert (answer["Content-Type"], answer.content) == ("image/png", self.PNG)
        assert answer["Content-Disposition"] == "inline; filename*=UTF-8''%C3%B1.png"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"

    def test_everything_else_is_a_download(self, owner, sign_in, now):
        upload = services.save_upload(member=owner, name="x.html", content=b"<script>", now=now)

        answer = sign_in(owner).get(reverse("inbox-file", args=[upload.id]))

        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment")

    def test_are_hidden_from_strangers(self, owner, stranger, sign_in, now):
        upload = services.save_upload(member=owner, name="a.png", content=self.PNG, now=now)

        answer = sign_in(stranger).get(reverse("inbox-file", args=[upload.id]))

        assert answer.status_code == 404


class TestQuickReplies:
    def test_are_saved_changed_and_removed(self, agent, sign_in):
        client = sign_in(agent)
        client.post(reverse("quick-replies"), {"shortcut": "/GCash", "text": "0917 …"})
        row = QuickReply.objects.get()
        assert (row.shortcut, row.text) == ("GCash", "0917 …")

        client.post(reverse("quick-reply", args=[row.id]), {"shortcut": "gcash", "text": "0918 …"})
        row.refresh_from_db()
        assert (row.shortcut, row.text) == ("gcash", "0918 …")

        client.post(reverse("quick-reply-delete", args=[row.id]))
        assert not QuickReply.objects.exists()

    def test_have_one_shortcut_each(self, owner, sign_in, now):
        services.create_quick_reply(member=owner, shortcut="hi", text="Hi", now=now)

        answer = sign_in(owner).post(reverse("quick-replies"), {"shortcut": "HI", "text": "Hello"})

        assert answer.status_code == 422
        assert QuickReply.objects.count() == 1

    def test_are_for_the_roles_that_answer(self, viewer, sign_in):
        answer = sign_in(viewer).post(reverse("quick-replies"), {"shortcut": "x", "text": "y"})

        assert answer.status_code == 403

    def test_of_others_are_hidden(self, owner, stranger, sign_in, now):
        row = services.create_quick_reply(member=owner, shortcut="hi", text="Hi", now=now)

        answer = sign_in(stranger).post(reverse("quick-reply-delete", args=[row.id]))

        assert answer.status_code == 404
        assert QuickReply.objects.count() == 1
