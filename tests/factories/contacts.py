"""Contacts and what belongs to them."""

from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory

from hirocrm.contacts.models import (
    Activity,
    ActivityType,
    Contact,
    Conversation,
    Message,
    Note,
    Task,
)
from tests.factories.pages import PageFactory

CREATED_AT = datetime(2026, 1, 1, tzinfo=UTC)


class ContactFactory(DjangoModelFactory[Contact]):
    class Meta:
        model = Contact

    page = factory.SubFactory(PageFactory)
    organization = factory.SelfAttribute("page.organization")
    messenger_psid = factory.Sequence(lambda n: f"psid-{n}")
    first_name = "Maria"


class ConversationFactory(DjangoModelFactory[Conversation]):
    class Meta:
        model = Conversation

    contact = factory.SubFactory(ContactFactory)
    page = factory.SelfAttribute("contact.page")
    organization = factory.SelfAttribute("contact.organization")
    platform = "messenger"
    remote_id = factory.Sequence(lambda n: f"t_{n}")


class MessageFactory(DjangoModelFactory[Message]):
    class Meta:
        model = Message

    conversation = factory.SubFactory(ConversationFactory)
    page = factory.SelfAttribute("conversation.page")
    organization = factory.SelfAttribute("conversation.organization")
    remote_id = factory.Sequence(lambda n: f"m_{n}")
    sender = "customer"
    text = "hm po?"
    created_time = CREATED_AT
    source = "sync"


class ActivityFactory(DjangoModelFactory[Activity]):
    class Meta:
        model = Activity

    contact = factory.SubFactory(ContactFactory)
    organization = factory.SelfAttribute("contact.organization")
    type = ActivityType.NOTE_ADDED
    title = "Note added"
    created_at = CREATED_AT


class NoteFactory(DjangoModelFactory[Note]):
    class Meta:
        model = Note

    contact = factory.SubFactory(ContactFactory)
    organization = factory.SelfAttribute("contact.organization")
    text = "Wants it by Friday."
    created_at = CREATED_AT


class TaskFactory(DjangoModelFactory[Task]):
    class Meta:
        model = Task

    contact = factory.SubFactory(ContactFactory)
    organization = factory.SelfAttribute("contact.organization")
    title = "Send the price list"
    created_at = CREATED_AT
