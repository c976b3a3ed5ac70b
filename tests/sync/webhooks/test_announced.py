"""Messages that were announced and didn't come, on a Page that nobody has synced yet."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from procrastinate.contrib.django.models import ProcrastinateJob

from hirocrm.contacts.models import Activity, Contact, Conversation, Message
from hirocrm.core.errors import UpstreamRateLimited
from hirocrm.meta.models import Page, WebhookHealth
from hirocrm.sync.models import ParkedEvent, SyncRun
from hirocrm.sync.webhooks import announced, asking
from tests.factories import PageFactory
from tests.sync.webhooks.payloads import INSTAGRAM, instagram_body, page_body, text

pytestmark = pytest.mark.django_db(transaction=True)
CLOSET = "110000000000001"
LATER = datetime(2026, 1, 2, 0, 12, tzinfo=UTC)  # two minutes after `now`


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(asking, "CALLS_PER_SECOND", 1000.0)


@pytest.fixture
def page(sandbox, owner) -> Page:
    token = sandbox.graph.add_page(
        CLOSET, "Ana's Closet", instagram_id=INSTAGRAM, instagram_username="anas.closet"
    )
    return PageFactory(
        organization=owner.organization, remote_id=CLOSET, instagram_account_id=INSTAGRAM,
        instagram_username="anas.closet", access_token=token,
    )  # fmt: skip


@pytest.fixture
def mid(sandbox, page) -> str:
    """A customer writes on Instagram; Meta keeps the message's own event to itself."""
    said = [{"from": "business", "text": "Welcome"}]
    row = {"name": "Liza Reyes", "platform": "instagram", "messages": said}
    (person,) = sandbox.graph.add_conversations(CLOSET, [row])
    return sandbox.graph.customer_writes(CLOSET, person, "Hm po? 🌸 مرحبا", webhook=False)


def announce(mid: str) -> dict[str, object]:
    return instagram_body({"timestamp": 1767312000410, "message_edit": {"mid": mid, "num_edit": 0}})


def fetch(page: Page, now: datetime = LATER) -> None:
    async_to_sync(announced.fetch_announced)(page.pk, now=now)


class TestFetchAnnounced:
    def test_shows_who_wrote_although_nobody_has_synced(self, page, mid, deliver):
        deliver(announce(mid))
        assert announced.ask_for_announced(now=LATER) == 1
        job = ProcrastinateJob.objects.get(task_name="webhooks.fetch_announced")
        assert job.args == {"page_id": str(page.pk)}

        fetch(page)

        message = Message.objects.select_related("conversation__contact").get()
        assert (message.remote_id, message.sender) == (mid, "customer")
        assert message.text == "Hm po? 🌸 مرحبا"
        conversation = message.conversation
        assert conversation.platform == "instagram"
        assert conversation.remote_id == f"with:instagram:{conversation.contact.instagram_sid}"
        assert conversation.analysis_due_at is not None
        assert conversation.window_opened_at is not None
        assert Activity.objects.filter(contact=conversation.contact).exists()
        assert (ParkedEvent.objects.count(), SyncRun.objects.count()) == (0, 0)
        page.refresh_from_db()
        assert page.last_synced_at is None  # the first sync is still a person's

    def test_asks_once(self, sandbox, page, mid, deliver):
        deliver(announce(mid))
        fetch(page)
        fetch(page)
        assert announced.ask_for_announced(now=LATER) == 0

        assert sandbox.control.count("graph.message") == 1

    def test_its_own_event_after_all_is_the_same_message(self, page, mid, deliver):
        deliver(announce(mid))
        fetch(page)
        person = Contact.objects.get().instagram_sid

        deliver(
            instagram_body(
                {
                    "sender": {"id": person},
                    "recipient": {"id": INSTAGRAM},
                    "timestamp": 1767312000400,
                    "message": {"mid": mid, "text": "Hm po? 🌸 مرحبا"},
                }
            )
        )

        assert (Message.objects.count(), Conversation.objects.count()) == (1, 1)

    def test_a_message_may_follow_its_announcement(self, sandbox, page, mid, deliver, now):
        deliver(announce(mid))

        assert announced.ask_for_announced(now=now + timedelta(seconds=30)) == 0
        fetch(page, now + timedelta(seconds=30))

        assert sandbox.control.count("graph.message") == 0
        assert ParkedEvent.objects.count() == 1

    def test_one_that_meta_does_not_tell_is_given_up(self, sandbox, page, mid, deliver):
        sandbox.graph.refuses(CLOSET, 9000001)
        deliver(announce(mid))

        fetch(page)

        assert (ParkedEvent.objects.count(), Message.objects.count()) == (0, 0)

    def test_a_limit_keeps_it_for_later(self, sandbox, page, mid, deliver):
        sandbox.graph.rate_limits(CLOSET, 4)
        deliver(announce(mid))

        with pytest.raises(UpstreamRateLimited):
            fetch(page)

        page.refresh_from_db()
        assert (page.state, ParkedEvent.objects.count()) == ("limited", 1)
        assert announced.ask_for_announced(now=datetime.now(UTC)) == 0

    def test_a_dead_token_keeps_it_for_the_reconnect(self, sandbox, page, mid, deliver):
        sandbox.graph.refuses(CLOSET, 190, subcode=460)
        deliver(announce(mid))

        fetch(page)

        page.refresh_from_db()
        assert (page.state, ParkedEvent.objects.count()) == ("needs_reconnect", 1)
        assert announced.ask_for_announced(now=LATER) == 0

    def test_a_synced_page_is_walked_instead(self, page, mid, deliver, now):
        deliver(announce(mid))
        Page.objects.filter(pk=page.pk).update(last_synced_at=now)

        assert announced.ask_for_announced(now=LATER) == 0

    def test_a_page_that_was_removed_is_left_alone(self, page, mid, deliver):
        deliver(announce(mid))
        Page.objects.filter(pk=page.pk).update(state="forgotten", access_token="")

        assert announced.ask_for_announced(now=LATER) == 0
        fetch(page)

        assert Message.objects.count() == 0


class TestBeforeTheFirstSync:
    def test_an_ordinary_message_is_in_the_inbox_at_once(self, page, deliver, client, owner):
        body = page_body(text())
        body["entry"][0]["id"] = CLOSET

        deliver(body)

        assert WebhookHealth.objects.get().page == page
        client.force_login(owner.user)
        inbox = client.get("/inbox?folder=all").text
        assert Message.objects.get().text in inbox
