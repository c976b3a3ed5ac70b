"""The contact's page: what it shows, what one writes on it, and answering the AI."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from hirocrm.contacts.models import Activity, Note, Task
from hirocrm.pipelines.models import Outcome, SuggestionState
from tests.factories import (
    ActivityFactory,
    AssignmentFactory,
    ContactFactory,
    ConversationFactory,
    MessageFactory,
    NoteFactory,
    SuggestionFactory,
    TaskFactory,
)
from tests.web.analyses import make_analysis

pytestmark = pytest.mark.django_db
START = datetime(2026, 2, 1, 9, 0, tzinfo=UTC)


def page_of(contact, name="contact"):
    return reverse(name, args=[contact.id])


@pytest.fixture
def contact(shop):
    return shop.contact(shop.new, first_name="Ana", last_name="Cruz", moved_by="ai")


def talk(contact, count):
    conversation = ConversationFactory(contact=contact)
    return [
        MessageFactory(
            conversation=conversation,
            text=f"message {n}",
            created_time=START + timedelta(minutes=n),
        )
        for n in range(count)
    ]


class TestPage:
    def test_shortens_a_very_long_message_until_it_is_asked_for(self, contact, owner, sign_in):
        long, answer = talk(contact, 2)
        long.text = "é" * 2_600_000 + "end"
        long.save()
        answer.reply_to = long.remote_id
        answer.save()
        client = sign_in(owner)
        whole = page_of(contact) + f"?message={long.remote_id}"

        drawn = client.get(page_of(contact)).content.decode()
        inbox = client.get(reverse("inbox-conversation", args=[long.conversation_id]))
        asked = client.get(whole).content.decode()

        assert "é" * 4_999 + "…" in drawn
        assert drawn.count("é") < 5_500
        assert inbox.content.decode().count("é") < 5_500
        assert f'href="{whole}#message-{long.remote_id}"' in drawn
        assert "é" * 2_600_000 + "end</p>" in asked

    def test_makes_links_of_web_addresses_only(self, contact, owner, sign_in):
        (message,) = talk(contact, 1)
        message.attachments = [
            {"type": "share", "url": "javascript:alert(1)", "title": "Sale"},
            {"type": "file", "url": "https://cdn.example/a.pdf", "title": "a.pdf"},
        ]
        message.save()
        client = sign_in(owner)

        drawn = client.get(page_of(contact)).content.decode()
        told = client.get(f"/api/contacts/{contact.id}/messages").json()

        assert "javascript:alert" not in drawn
        assert "Sale" in drawn
        assert 'href="https://cdn.example/a.pdf"' in drawn
        (row,) = told["items"]
        assert [one["url"] for one in row["attachments"]] == [None, "https://cdn.example/a.pdf"]

    @pytest.mark.parametrize("zone", ["Asia/Manila", "America/Lima", "Pacific/Kiritimati"])
    def test_shows_a_message_from_the_beginning_of_the_calendar(
        self, contact, owner, sign_in, zone
    ):
        (message,) = talk(contact, 1)
        odd = datetime(1, 1, 1, tzinfo=UTC)
        type(message).objects.update(created_time=odd)
        message.conversation.last_message_at = message.conversation.last_customer_message_at = odd
        message.conversation.save()
        contact.last_interaction_at = contact.last_customer_message_at = odd
        contact.save()
        owner.organization.time_zone = zone
        owner.organization.save()
        client = sign_in(owner)

        answers = [
            client.get(page_of(contact)),
            client.get(reverse("inbox-conversation", args=[message.conversation_id])),
            client.get(reverse("inbox"), {"folder": "all"}),
            client.get(reverse("contacts")),
        ]

        assert [answer.status_code for answer in answers] == [200] * 4
        assert "message 0" in answers[0].content.decode()

    def test_marks_the_words_that_the_ai_decided_by(self, shop, contact, owner, sign_in):
        messages = talk(contact, 3)
        make_analysis(
            contact=contact,
            conversation=messages[0].conversation,
            recommendations=[{"stage": "qualified", "probability": 71}],
            evidence=[{"messageId": messages[1].remote_id, "quote": "message 1"}],
            covered_message_ids=[one.id for one in messages],
            message_count=34,
        )

        answer = sign_in(owner).get(page_of(contact))

        opinion = answer.context["opinion"]
        page = answer.content.decode()
        assert [(c.name, c.color, c.probability) for c in opinion.choices] == [
            ("Qualified", shop.qualified.color, 71)
        ]
        assert "<mark>message 1</mark>" in page
        assert "3 of 34 messages" in page

    def test_loads_earlier_messages_from_a_cursor(self, contact, owner, sign_in):
        talk(contact, 55)
        client = sign_in(owner)
        shown = client.get(page_of(contact)).context["thread"]

        earlier = client.get(
            page_of(contact, "contact-messages"),
            {"cursor": shown.earlier},
            headers={"HX-Request": "true"},
        ).context["thread"]

        assert [entry.bubble.text for entry in shown.entries][:1] == ["message 15"]
        assert [entry.bubble.text for entry in earlier.entries] == [
            f"message {n}" for n in range(15)
        ]
        assert earlier.earlier is None

    def test_shows_an_old_message_that_the_address_names(self, contact, owner, sign_in):
        messages = talk(contact, 90)

        thread = (
            sign_in(owner)
            .get(page_of(contact), {"message": messages[5].remote_id})
            .context["thread"]
        )

        assert messages[5].remote_id in thread.ids
        assert thread.is_newest is False

    def test_filters_the_activity_by_kind_and_actor(self, contact, owner, sign_in):
        ActivityFactory(
            contact=contact, type="NOTE_ADDED", title="Note added", user_id=owner.user_id
        )
        ActivityFactory(
            contact=contact,
            type="STAGE_CHANGED",
            title="AI auto-assigned to pipeline",
            metadata={"provider": "local", "model": "local-1", "confidence": 88},
        )
        client = sign_in(owner)

        def titles(**query):
            rows = client.get(page_of(contact), {"tab": "activity", **query}).context["rows"]
            return [(row.title, row.actor) for row in rows]

        assert len(titles()) == 2
        assert titles(kind="notes") == [("Note added", "person")]
        assert titles(actor="ai") == [("AI auto-assigned to pipeline", "ai")]
        assert titles(kind="notes", actor="ai") == []

    @pytest.mark.parametrize("tab", ["conversation", "activity", "notes", "analyses"])
    def test_asks_the_database_little(
        self, contact, owner, sign_in, django_assert_max_num_queries, tab
    ):
        messages = talk(contact, 10)
        make_analysis(contact=contact, conversation=messages[0].conversation)
        for _ in range(5):
            NoteFactory(contact=contact, author=owner.user)
            TaskFactory(contact=contact, assignee=owner)
            ActivityFactory(contact=contact, user_id=owner.user_id)
        client = sign_in(owner)

        with django_assert_max_num_queries(19):
            client.get(page_of(contact), {"tab": tab})

    def test_comes_as_a_drawer_too(self, contact, owner, sign_in):
        headers = {"HX-Request": "true", "HX-Target": "drawer-body"}

        page = sign_in(owner).get(page_of(contact), headers=headers).content.decode()

        assert "<html" not in page
        assert f'data-drawer-contact="{contact.id}"' in page

    def test_is_not_there_for_another_organization(self, contact, stranger, sign_in):
        client = sign_in(stranger)

        for name in ("contact", "contact-messages", "contact-activities", "contact-move"):
            assert client.get(page_of(contact, name)).status_code == 404
        for name in (
            "accept",
            "dismiss",
            "edit",
            "delete",
            "notes",
            "tasks",
            "tags",
            "tags/remove",
        ):
            answer = client.post(
                f"/contacts/{contact.id}/{name}", {"text": "x", "title": "x", "tags": "x"}
            )
            assert answer.status_code in {404, 400, 403}, name
        contact.refresh_from_db()
        assert (contact.tags, contact.notes.count(), contact.tasks.count()) == ([], 0, 0)


class TestWriting:
    def test_keeps_notes_tasks_tags_and_facts(self, contact, agent, sign_in):
        client = sign_in(agent)
        agent.organization.time_zone = "Asia/Manila"
        agent.organization.save()

        client.post(page_of(contact, "contact-notes"), {"text": "Pays on Friday."})
        client.post(page_of(contact, "contact-tasks"), {"title": "Call her", "due": "2026-03-05"})
        client.post(page_of(contact, "contact-tags"), {"tags": "COD, Cebu"})
        client.post(page_of(contact, "contact-tag-remove"), {"tag": "Cebu"})
        client.post(
            page_of(contact, "contact-edit"), {"phone": "0917 1234567", "lead_status": "WON"}
        )

        contact.refresh_from_db()
        task = Task.objects.get()
        assert Note.objects.get().text == "Pays on Friday."
        assert (task.title, task.due_at) == ("Call her", datetime(2026, 3, 5, 15, 59, tzinfo=UTC))
        assert (contact.tags, contact.phone, contact.lead_status) == (
            ["COD"],
            "0917 1234567",
            "WON",
        )

    def test_shows_the_day_that_was_meant_wherever_one_looks_from(self, contact, agent, sign_in):
        agent.organization.time_zone = "America/Los_Angeles"  # a viewer in Manila is a day ahead
        agent.organization.save()
        client = sign_in(agent)

        client.post(page_of(contact, "contact-tasks"), {"title": "Call her", "due": "2026-03-05"})
        shown = client.get(page_of(contact)).content.decode()

        assert '<time datetime="2026-03-05">Mar 5, 2026</time>' in shown

    def test_finishes_reopens_and_removes_tasks(self, contact, agent, sign_in):
        task = TaskFactory(contact=contact)
        url = reverse("contact-task", args=[contact.id, task.id])
        client = sign_in(agent)
        states = []

        for action in ("done", "reopen", "remove"):
            client.post(url, {"action": action})
            states.append(Task.objects.filter(completed_at__isnull=False).count())

        assert (states, Task.objects.count()) == ([1, 0, 0], 0)

    def test_refuses_a_date_that_is_none(self, contact, agent, sign_in):
        answer = sign_in(agent).post(
            page_of(contact, "contact-tasks"), {"title": "Call", "due": "soon"}
        )

        assert (answer.status_code, Task.objects.count()) == (400, 0)

    @pytest.mark.parametrize(
        "refused",
        [
            ("contact-notes", {"text": "a\x00b"}, "(NUL)"),
            ("contact-notes", {"text": "a" * 10_001}, "A note has at most 10,000 characters."),
            ("contact-tasks", {"title": "a\x00b"}, "(NUL)"),
            ("contact-tasks", {"title": "a" * 501}, "A task has at most 500 characters."),
            ("contact-tags", {"tags": "a\x00b"}, "(NUL)"),
            ("contact-edit", {"first_name": "a\x00b"}, "(NUL)"),
            (
                "contact-edit",
                {"first_name": "a" * 256},
                "First name: Ensure this value has at most",
            ),
            ("contact-edit", {"email": "soon"}, "E-mail: This isn&#x27;t an e-mail address."),
        ],
    )
    def test_refuses_what_the_database_would(self, contact, agent, sign_in, refused):
        name, sent, words = refused

        answer = sign_in(agent).post(page_of(contact, name), sent)

        contact.refresh_from_db()
        assert answer.status_code == 400
        assert words in answer.text
        assert (Note.objects.count(), Task.objects.count(), contact.tags) == (0, 0, [])
        assert (contact.email, "\x00" in contact.first_name) == ("", False)

    def test_is_not_for_viewers(self, contact, viewer, sign_in):
        answer = sign_in(viewer).post(page_of(contact, "contact-notes"), {"text": "Hi"})

        assert (answer.status_code, Note.objects.count()) == (403, 0)

    def test_answers_htmx_with_the_page_anew(self, contact, agent, sign_in):
        headers = {
            "HX-Request": "true",
            "HX-Target": "contact-body",
            "HX-Current-URL": f"http://testserver/contacts/{contact.id}?tab=notes",
        }

        answer = sign_in(agent).post(
            page_of(contact, "contact-notes"), {"text": "Pays on Friday."}, headers=headers
        )

        page = answer.content.decode()
        assert page.lstrip().startswith('<div class="contact-page"')
        assert "Pays on Friday." in page


class TestAnswers:
    def test_accepts_what_is_suggested(self, shop, contact, agent, sign_in):
        suggestion = SuggestionFactory(contact=contact, stage=shop.qualified, lead_score=66)

        sign_in(agent).post(page_of(contact, "contact-accept"))

        contact.refresh_from_db()
        suggestion.refresh_from_db()
        assert (contact.stage_id, contact.lead_score) == (shop.qualified.id, 66)
        assert suggestion.state == SuggestionState.ACCEPTED

    def test_says_that_the_ai_was_right(self, shop, contact, agent, sign_in):
        assignment = AssignmentFactory(contact=contact, stage=shop.new)

        sign_in(agent).post(page_of(contact, "contact-accept"))

        assignment.refresh_from_db()
        assert assignment.outcome == Outcome.RIGHT

    def test_corrects_with_a_reason_in_one_step(self, shop, contact, agent, sign_in):
        assignment = AssignmentFactory(contact=contact, stage=shop.new)

        sign_in(agent).post(
            page_of(contact, "contact-correct"), {"stage": str(shop.won.id), "reason": "She paid."}
        )

        assignment.refresh_from_db()
        contact.refresh_from_db()
        assert contact.stage_id == shop.won.id
        assert (assignment.outcome, assignment.manual_stage, assignment.reason) == (
            "wrong",
            "Won",
            "She paid.",
        )

    def test_dismisses_and_takes_it_back(self, shop, contact, agent, sign_in):
        suggestion = SuggestionFactory(contact=contact, stage=shop.qualified)
        client = sign_in(agent)
        headers = {"HX-Request": "true", "HX-Target": "drawer-body"}

        answer = client.post(page_of(contact, "contact-dismiss"), headers=headers)
        suggestion.refresh_from_db()
        dismissed = suggestion.state
        client.post(json.loads(answer["HX-Trigger"])["toast"]["undoUrl"], headers=headers)
        suggestion.refresh_from_db()

        assert (dismissed, suggestion.state) == ("dismissed", "open")

    def test_deletes_only_for_who_may(self, contact, agent, owner, sign_in):
        url = page_of(contact, "contact-delete")

        refused = sign_in(agent).post(url).status_code
        answer = sign_in(owner).post(url)

        assert (refused, answer["Location"]) == (403, "/contacts")
        assert Activity.objects.count() == 0


def test_a_foreign_contact_has_no_page(owner, sign_in):
    assert sign_in(owner).get(page_of(ContactFactory())).status_code == 404
