"""What analysers are shown of a conversation."""

from datetime import UTC, datetime, timedelta

import pytest

from hirocrm.analysis.asker import asker_for
from hirocrm.analysis.transcripts import FIRST_MESSAGES, NEWEST_MESSAGES, read_conversations
from hirocrm.contacts.models import Conversation
from hirocrm.pipelines.assign import rules_of
from tests.factories import ConversationFactory, MessageFactory

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def chat_of(count: int) -> Conversation:
    chat = ConversationFactory(has_text=True, message_count=count, stored_count=count)
    for number in range(count):
        MessageFactory(
            conversation=chat, text=f"{number}", created_time=MORNING + timedelta(minutes=number)
        )
    return chat


def texts_read(*chats: Conversation) -> list[list[str | None]]:
    organization, page = chats[0].organization, chats[0].page
    readings = read_conversations(
        organization=organization,
        conversation_ids=[chat.pk for chat in chats],
        rules=rules_of(page),
        asker=asker_for(organization),
        now=MORNING,
    )
    by_id = {reading.conversation.pk: reading.request.messages for reading in readings}
    return [[message.text for message in by_id[chat.pk]] for chat in chats]


class TestReadConversations:
    def test_reads_all_of_a_short_one_oldest_first(self) -> None:
        assert texts_read(chat_of(3)) == [["0", "1", "2"]]

    def test_reads_the_beginning_and_the_latest_part_of_a_long_one(self) -> None:
        long = chat_of(FIRST_MESSAGES + NEWEST_MESSAGES + 5)

        (read,) = texts_read(long)

        assert read == [f"{n}" for n in [*range(10), *range(15, 165)]]
