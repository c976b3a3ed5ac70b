"""Snapshots become rows once, whatever order and however often they come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hirocrm.contacts.ingest import Outcome, ingest, split_name
from hirocrm.contacts.models import Contact, Conversation, Message
from hirocrm.contacts.snapshots import (
    AttachmentSnapshot,
    ConversationSnapshot,
    MessageSnapshot,
    MessageSource,
    NameSource,
    ParticipantSnapshot,
    Platform,
    ReactionSnapshot,
    Sender,
)
from hirocrm.meta.models import Page
from tests.factories import PageFactory

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def page() -> Page:
    return PageFactory()


def message(number: int, text: str | None = "Hm po?", **fields: Any) -> MessageSnapshot:
    values: dict[str, Any] = {
        "remote_id": f"m_{number}",
        "sender": Sender.CUSTOMER,
        "created_at": NOW - timedelta(minutes=100 - number),
        "text": text,
    }
    return MessageSnapshot(**(values | fields))


def snapshot(
    *messages: MessageSnapshot, person: str = "7001", **fields: Any
) -> ConversationSnapshot:
    values: dict[str, Any] = {
        "platform": Platform.MESSENGER,
        "remote_id": f"t_{person}",
        "participant": ParticipantSnapshot(person, "Ana Cruz", NameSource.SENDER),
        "messages": messages or (message(1),),
        "updated_at": NOW,
        "message_count": len(messages) or 1,
    }
    return ConversationSnapshot(**(values | fields))


def take(
    page: Page, *snapshots: ConversationSnapshot, source: MessageSource = MessageSource.SYNC
) -> list[Any]:
    return ingest(page=page, snapshots=snapshots, source=source, now=NOW)


class TestIngest:
    def test_makes_contact_conversation_and_messages(self, page: Page) -> None:
        reply = message(2, "650 po", sender=Sender.BUSINESS)

        [done] = take(page, snapshot(message(1), reply))

        contact = Contact.objects.get()
        assert (contact.first_name, contact.last_name, contact.messenger_psid) == (
            "Ana",
            "Cruz",
            "7001",
        )
        assert contact.instagram_sid is None
        assert contact.tags == []
        assert (contact.last_message_text, contact.last_message_sender) == ("650 po", "business")
        assert contact.last_interaction_at == reply.created_at
        assert contact.last_customer_message_at == message(1).created_at
        conversation = Conversation.objects.get()
        assert (conversation.stored_count, conversation.message_count, conversation.revision) == (
            2,
            2,
            1,
        )
        assert conversation.has_text is True
        assert [m.remote_id for m in Message.objects.order_by("created_time")] == ["m_1", "m_2"]
        assert (done.outcome, done.changed) == (Outcome.CREATED, True)

    def test_changes_nothing_the_second_time(self, page: Page) -> None:
        take(page, snapshot(message(1), message(2)))

        [done] = take(page, snapshot(message(1), message(2)))

        assert (done.outcome, done.changed) == (Outcome.UNCHANGED, False)
        assert (Contact.objects.count(), Conversation.objects.count(), Message.objects.count()) == (
            1,
            1,
            2,
        )
        assert Conversation.objects.get().revision == 1

    def test_adds_only_new_messages(self, page: Page) -> None:
        take(page, snapshot(message(1)))

        [done] = take(page, snapshot(message(1), message(2, "Available pa?")))

        assert (done.outcome, done.changed) == (Outcome.UPDATED, True)
        conversation = Conversation.objects.get()
        assert (conversation.revision, conversation.stored_count) == (2, 2)
        assert Contact.objects.get().last_message_text == "Available pa?"

    def test_keeps_a_message_that_a_webhook_brought_first(self, page: Page) -> None:
        take(page, snapshot(message(1)), source=MessageSource.WEBHOOK)

        take(page, snapshot(message(1)), source=MessageSource.SYNC)

        assert Message.objects.get().source == "webhook"

    def test_takes_the_same_message_once_from_one_page_of_snapshots(self, page: Page) -> None:
        take(page, snapshot(message(1)), snapshot(message(1), person="7002"))

        assert Message.objects.count() == 1
        assert Contact.objects.count() == 2

    def test_never_gives_a_better_name_for_a_fallback(self, page: Page) -> None:
        take(page, snapshot())

        take(page, snapshot(participant=ParticipantSnapshot("7001")))

        assert Contact.objects.get().name == "Ana Cruz"

    def test_upgrades_a_fallback_name(self, page: Page) -> None:
        take(page, snapshot(participant=ParticipantSnapshot("7000123456")))
        assert Contact.objects.get().name == "User 123456"

        named = ParticipantSnapshot("7000123456", "Björk", NameSource.PARTICIPANT)
        [done] = take(page, snapshot(participant=named))

        contact = Contact.objects.get()
        assert (contact.first_name, contact.last_name) == ("Björk", "")
        assert done.outcome is Outcome.UPDATED

    def test_separates_platforms(self, page: Page) -> None:
        other = snapshot(message(2), platform=Platform.INSTAGRAM, remote_id="aWd1")

        take(page, snapshot(), other)

        assert set(Contact.objects.values_list("messenger_psid", "instagram_sid")) == {
            ("7001", None),
            (None, "7001"),
        }

    def test_saves_a_conversation_without_text(self, page: Page) -> None:
        photo = message(
            1, None, attachments=(AttachmentSnapshot("image", "https://cdn.example/a.jpg"),)
        )

        take(page, snapshot(photo))

        assert Conversation.objects.get().has_text is False
        assert Contact.objects.get().last_message_text == "(image)"
        assert Message.objects.get().attachments == [
            {"type": "image", "url": "https://cdn.example/a.jpg", "title": None}
        ]

    def test_strips_what_postgresql_refuses(self, page: Page) -> None:
        take(page, snapshot(message(1, "a\x00b مرحبا 😍 \ud800")))

        assert Message.objects.get().text == "ab مرحبا 😍 ?"

    def test_empties_an_unsent_message_and_keeps_its_row(self, page: Page) -> None:
        take(page, snapshot(message(1)))

        take(page, snapshot(message(1, None, deleted_at=NOW)))
        take(page, snapshot(message(1)))  # a page that was fetched before the unsend

        row = Message.objects.get()
        assert (row.text, row.deleted_time) == (None, NOW)

    def test_notes_an_edit_once(self, page: Page) -> None:
        take(page, snapshot(message(1)))
        edited = message(1, "Hm po yung blue?", edited_at=NOW)

        take(page, snapshot(edited))
        [done] = take(page, snapshot(edited))

        assert Message.objects.get().text == "Hm po yung blue?"
        assert done.changed is False

    def test_keeps_reactions(self, page: Page) -> None:
        heart = ReactionSnapshot(Sender.CUSTOMER, "❤")
        take(page, snapshot(message(1, reactions=(heart,))))

        [done] = take(page, snapshot(message(1)))

        assert Message.objects.get().reactions == [{"sender": "customer", "emoji": "❤"}]
        assert done.changed is False

    def test_uses_as_many_statements_for_many_as_for_few(
        self, page: Page, django_assert_num_queries: Any
    ) -> None:
        many = [snapshot(message(n, remote_id=f"m_{n}"), person=str(9000 + n)) for n in range(100)]

        with django_assert_num_queries(11):
            take(page, *many)

        assert Contact.objects.count() == 100

    def test_keeps_the_newest_message_as_preview_when_older_ones_arrive_late(
        self, page: Page
    ) -> None:
        take(page, snapshot(message(5, "newest")))

        take(page, snapshot(message(2, "older")))

        assert Contact.objects.get().last_message_text == "newest"


class TestSplitName:
    @pytest.mark.parametrize(
        ("name", "first", "last"),
        [
            ("Ana", "Ana", ""),
            ("Ana Cruz", "Ana", "Cruz"),
            ("Maria Clara de los Santos", "Maria", "Clara de los Santos"),
            ("  Ana   Cruz ", "Ana", "Cruz"),
            ("😍", "😍", ""),
            ("محمد علي", "محمد", "علي"),
        ],
    )
    def test_splits_at_the_first_space(self, name: str, first: str, last: str) -> None:
        person = ParticipantSnapshot("1", name, NameSource.SENDER)

        assert split_name(person) == (first, last, NameSource.SENDER)

    @pytest.mark.parametrize("name", [None, "", "   "])
    def test_falls_back_to_the_id(self, name: str | None) -> None:
        person = ParticipantSnapshot("7000000000123456", name, NameSource.SENDER)

        assert split_name(person) == ("User", "123456", NameSource.FALLBACK)

    def test_takes_an_instagram_username(self) -> None:
        person = replace(ParticipantSnapshot("1"), username="ana.cruz")

        assert split_name(person) == ("ana.cruz", "", NameSource.PARTICIPANT)
