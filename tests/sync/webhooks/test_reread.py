"""The new wording of a message that was edited without it is asked for, once."""

from datetime import UTC, datetime

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from hirocrm.contacts.models import Message
from hirocrm.core.errors import UpstreamRateLimited
from hirocrm.meta.models import Page
from hirocrm.sync.models import ParkedEvent
from hirocrm.sync.webhooks import reread
from hirocrm.sync.webhooks.apply import apply_changes
from hirocrm.sync.webhooks.parking import Change
from hirocrm.sync.webhooks.sweep import settle_parked
from tests.factories import ContactFactory, ConversationFactory, MessageFactory, PageFactory

pytestmark = pytest.mark.django_db(transaction=True)
CLOSET = "110000000000001"
AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def page(sandbox, owner) -> Page:
    token = sandbox.graph.add_page(CLOSET, "Ana's Closet")
    return PageFactory(organization=owner.organization, remote_id=CLOSET, access_token=token)


@pytest.fixture
def message(sandbox, page) -> Message:
    """Meta has the new wording, we the old one."""
    said = [{"from": "customer", "text": "Hi"}]
    (psid,) = sandbox.graph.add_conversations(CLOSET, [{"name": "Ana", "messages": said}])
    contact = ContactFactory(page=page, messenger_psid=psid)
    conversation = ConversationFactory(contact=contact, platform="messenger", has_text=True)
    mid = sandbox.graph.customer_writes(CLOSET, psid, "Magkano po ito? 🌸")
    return MessageFactory(conversation=conversation, remote_id=mid, text="Magkano po?")


def edit(page: Page, message: Message, *, text: str | None = None, number: int = 1) -> None:
    make(page, Change(message.remote_id, "edited", AT, {"number": number, "text": text}))


@transaction.atomic
def make(page: Page, change: Change) -> None:
    apply_changes(page=page, changes=[change], now=AT)


def read_again(page: Page) -> None:
    async_to_sync(reread.reread_messages)(page.pk)


class TestRereadMessages:
    def test_takes_the_new_wording(self, page, message):
        edit(page, message)
        assert Message.objects.get().text == "Magkano po?"
        job = ProcrastinateJob.objects.get(task_name="webhooks.reread_messages")
        assert job.args == {"page_id": str(page.pk)}

        read_again(page)

        row = Message.objects.select_related("conversation__contact").get()
        assert (row.text, row.edited_time) == ("Magkano po ito? 🌸", AT)
        assert [wording["text"] for wording in row.edits] == ["Magkano po?", "Magkano po ito? 🌸"]
        assert row.conversation.contact.last_message_text == "Magkano po ito? 🌸"
        assert row.conversation.analysis_due_at is not None
        assert ParkedEvent.objects.count() == 0

    def test_asks_once(self, sandbox, page, message):
        edit(page, message)
        read_again(page)
        edit(page, message)  # the same event again
        read_again(page)

        assert sandbox.control.count("graph.message") == 1

    def test_asks_nothing_where_the_wording_came(self, page, message):
        edit(page, message, text="Magkano?")

        assert (ParkedEvent.objects.count(), Message.objects.get().text) == (0, "Magkano?")

    def test_keeps_the_old_wording_where_meta_does_not_tell(self, sandbox, page, message):
        sandbox.graph.refuses(CLOSET, 9000001)
        edit(page, message)

        read_again(page)

        assert Message.objects.get().text == "Magkano po?"
        assert ParkedEvent.objects.count() == 0

    def test_waits_where_meta_asks_for_patience(self, sandbox, page, message):
        sandbox.graph.refuses(CLOSET, 613, times=1)
        edit(page, message)
        with pytest.raises(UpstreamRateLimited):
            read_again(page)
        assert settle_parked(now=AT) == 0

        ProcrastinateJob.objects.filter(task_name="webhooks.reread_messages").delete()
        Page.objects.update(state="healthy", limited_until=None)
        assert (reread.ask_again(now=AT), reread.ask_again(now=AT)) == (1, 0)
        read_again(page)

        assert Message.objects.get().text == "Magkano po ito? 🌸"

    def test_never_brings_back_what_was_unsent(self, page, message):
        edit(page, message)
        make(page, Change(message.remote_id, "unsent", AT, {}))

        read_again(page)

        assert Message.objects.get().text is None
