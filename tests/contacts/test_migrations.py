"""Moves of data."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.db import connection

from hirocrm.core import clock
from tests.factories import ContactFactory, ConversationFactory, MessageFactory

pytestmark = pytest.mark.django_db
LAST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
BELIEVED = datetime(2026, 1, 2, 10, tzinfo=UTC)
ACTED = BELIEVED + timedelta(hours=1)


def believe() -> None:
    moves = import_module("hirocrm.contacts.migrations.0011_believable_times")
    with connection.cursor() as cursor:
        for statement in (
            moves.BELIEVE_MESSAGES,
            moves.BELIEVE_CONVERSATIONS,
            moves.BELIEVE_CONTACTS,
        ):
            cursor.execute(statement)


class TestBelievableTimes:
    def test_a_message_of_the_future_came_when_it_came(self):
        contact = ContactFactory(
            last_interaction_at=LAST, last_customer_message_at=LAST, customer_acted_at=LAST
        )
        conversation = ConversationFactory(
            contact=contact, last_message_at=LAST, last_customer_message_at=LAST,
            customer_acted_at=LAST, remote_updated_at=LAST, read_until=LAST,
        )  # fmt: skip
        message = MessageFactory(
            conversation=conversation, sender="customer", created_time=LAST, edited_time=LAST
        )
        MessageFactory(conversation=conversation, sender="business", created_time=BELIEVED)

        believe()
        believe()

        for row in (message, conversation, contact):
            row.refresh_from_db()
        came = message.stored_at
        assert message.created_time == came
        assert message.edited_time <= clock.now()
        assert (conversation.last_message_at, conversation.last_customer_message_at) == (came, came)
        assert (contact.last_interaction_at, contact.last_customer_message_at) == (came, came)
        assert (contact.customer_acted_at, contact.window_opened_at) == (None, came)
        assert max(conversation.remote_updated_at, conversation.read_until) <= clock.now()

    def test_the_believable_stays_as_it_is(self):
        contact = ContactFactory(
            last_interaction_at=LAST, last_customer_message_at=BELIEVED, customer_acted_at=ACTED
        )
        conversation = ConversationFactory(
            contact=contact, last_message_at=ACTED, last_customer_message_at=None
        )
        message = MessageFactory(conversation=conversation, created_time=BELIEVED)

        believe()

        for row in (message, conversation, contact):
            row.refresh_from_db()
        assert message.created_time == BELIEVED
        assert (conversation.last_message_at, conversation.last_customer_message_at) == (
            ACTED,
            None,
        )
        assert (contact.last_customer_message_at, contact.customer_acted_at) == (BELIEVED, ACTED)
        assert contact.last_interaction_at == ACTED
