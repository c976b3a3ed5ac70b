"""The whole way of a message, over real HTTP to the stand-in Meta."""

from datetime import UTC, datetime, timedelta

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from hirocrm.contacts.ingest import ingest
from hirocrm.contacts.models import Activity, Contact, Message
from hirocrm.contacts.services import delete_contact
from hirocrm.contacts.snapshots import (
    ConversationSnapshot,
    MessageSnapshot,
    MessageSource,
    ParticipantSnapshot,
    Sender,
)
from hirocrm.core.errors import UpstreamRateLimited, UpstreamUnavailable
from hirocrm.core.platforms import Platform
from hirocrm.core.threads import in_thread
from hirocrm.inbox import services
from hirocrm.inbox.models import OutgoingMessage
from hirocrm.inbox.services import Echo, delivery
from hirocrm.inbox.upkeep import wake_forgotten
from hirocrm.meta.graph.client import GraphClient
from tests.factories import MessageFactory
from tests.inbox.conftest import PAGE

pytestmark = pytest.mark.django_db(transaction=True)
SEND = {"op": "send"}


def state_of(row):
    row.refresh_from_db()
    return row.state, row.error_code


class TestSent:
    @pytest.mark.parametrize("platform", ["messenger", "instagram"])
    def test_joins_the_conversation(self, open_line, platform):
        line = open_line(platform)
        (row,) = line.send("Salamat po 🙏")

        line.work()

        (told,) = line.sent()
        assert told["message"] == {"text": "Salamat po 🙏", "metadata": f"hirocrm:{row.pk}"}
        assert (told["messaging_type"], told["tag"]) == ("RESPONSE", None)
        message = Message.objects.get(remote_id=told["message_id"])
        assert (message.sender, message.text, message.source) == (
            "business",
            "Salamat po 🙏",
            "sent",
        )
        row.refresh_from_db()
        assert (row.state, row.remote_id, row.message) == ("sent", told["message_id"], message)

    def test_answers_one_message(self, open_line):
        line = open_line()
        asked = MessageFactory(conversation=line.conversation, remote_id="m_asked")
        line.send("Yes, this one", reply_to=asked.remote_id)

        line.work()

        (told,) = line.sent()
        assert told["reply_to"] == "m_asked"
        assert Message.objects.get(remote_id=told["message_id"]).reply_to == "m_asked"

    def test_is_told_on_the_timeline(self, open_line):
        line = open_line()
        (row,) = line.send("Hello!")

        line.work()

        (activity,) = Activity.objects.all()
        assert (activity.type, activity.title, activity.description) == (
            "MESSAGE_SENT",
            "Message sent",
            "",
        )
        assert activity.user_id == line.owner.user_id
        assert activity.metadata["outgoingId"] == str(row.pk)

    def test_leaves_the_contact_as_answered(self, open_line):
        line = open_line()
        line.send("Hello!")

        line.work()

        contact = line.conversation.contact
        contact.refresh_from_db()
        assert (contact.last_message_text, contact.last_message_sender) == ("Hello!", "business")

    def test_carries_the_tag_after_a_day(self, open_line):
        line = open_line(ago="100h")
        line.send("Still interested?")

        line.work()

        (told,) = line.sent()
        assert (told["messaging_type"], told["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")

    def test_keeps_the_order_of_parts(self, open_line):
        line = open_line("instagram")
        line.send("مرحبا " * 300)

        line.work()

        texts = [one["message"]["text"] for one in line.sent()]
        assert [len(text.encode()) <= 1000 for text in texts] == [True] * len(texts)
        assert " ".join(texts) == ("مرحبا " * 300).strip()

    @pytest.mark.parametrize("platform", ["messenger", "instagram"])
    def test_hands_over_files_first(self, open_line, platform, now):
        line = open_line(platform)
        content = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
        upload = services.save_upload(
            member=line.owner, name="tshirt.png", content=content, now=now
        )
        line.send("", upload_ids=[upload.pk])

        line.work()

        (told,) = line.sent()
        attachment = told["message"]["attachment"]
        assert (attachment["type"], list(attachment["payload"])) == ("image", ["attachment_id"])
        message = Message.objects.get(remote_id=told["message_id"])
        assert message.attachments == [{"type": "image", "url": None, "title": "tshirt.png"}]
        assert line.sandbox.control.count("graph.upload") == 1


class TestRefused:
    def test_says_why_and_lets_a_person_retry(self, open_line):
        line = open_line()
        fault = line.sandbox.graph.refuses(PAGE, 551, match=SEND)
        (row,) = line.send()
        line.work()

        assert state_of(row) == ("failed", "graph_recipient_unreachable")
        assert row.error.startswith("This person can't receive messages")
        assert line.sent() == []

        line.sandbox.control.ends(fault)
        services.send_again(member=line.owner, outgoing_id=row.pk, now=datetime.now(UTC))
        line.work()

        assert state_of(row) == ("sent", "")
        assert len(line.sent()) == 1

    def test_takes_metas_word_about_the_window(self, open_line):
        line = open_line()
        line.sandbox.graph.settings(window_hours=0.5)
        (row,) = line.send()

        line.work()
        line.sandbox.graph.settings(window_hours=24)

        assert state_of(row) == ("failed", "graph_window_closed")

    def test_does_not_ask_meta_once_the_window_has_closed(self, open_line):
        line = open_line()
        (row,) = line.send()
        line.conversation.last_customer_message_at -= timedelta(days=8)
        line.conversation.save()

        line.work()

        assert state_of(row) == ("failed", "window_closed")
        assert line.sandbox.control.count("graph.send") == 0

    def test_marks_the_page_when_its_token_is_dead(self, open_line):
        line = open_line()
        line.sandbox.graph.kills_token(PAGE, 460)
        (row,) = line.send()

        line.work()

        line.conversation.page.refresh_from_db()
        assert state_of(row) == ("failed", "graph_token_invalid")
        assert line.conversation.page.state == "needs_reconnect"

    def test_names_the_permission_that_sending_needs(self, open_line):
        line = open_line()
        line.sandbox.graph.refuses(PAGE, 230, match=SEND)
        (row,) = line.send()

        line.work()

        page = line.conversation.page
        page.refresh_from_db()
        assert state_of(row) == ("failed", "graph_permission_missing")
        assert "pages_messaging" in row.error
        assert "profile" not in row.error
        assert (page.state, page.state_reason) == ("needs_permission", row.error)

    def test_holds_back_the_parts_after_it(self, open_line):
        line = open_line("instagram")
        line.sandbox.graph.refuses(PAGE, 551, times=1, match=SEND)
        rows = line.send("مرحبا " * 150)
        line.work()

        assert [state_of(row) for row in rows] == [
            ("failed", "graph_recipient_unreachable"),
            ("failed", "held_back"),
        ]

        services.send_again(member=line.owner, outgoing_id=rows[0].pk, now=datetime.now(UTC))
        line.work()

        assert [state_of(row)[0] for row in rows] == ["sent", "sent"]

    def test_of_one_message_does_not_stop_the_next(self, open_line):
        line = open_line()
        line.sandbox.graph.refuses(PAGE, 551, times=1, match=SEND)
        (first,), (second,) = line.send("One"), line.send("Two")

        line.work()

        assert [state_of(first)[0], state_of(second)[0]] == ["failed", "sent"]


class TestPatience:
    def test_waits_as_long_as_meta_asks(self, open_line):
        line = open_line()
        line.sandbox.graph.rate_limits(PAGE, 80006, times=1, regain_minutes=2, match=SEND)
        (row,) = line.send()

        with pytest.raises(UpstreamRateLimited) as caught:
            line.work()

        assert caught.value.retry_after_seconds == 120
        assert state_of(row) == ("queued", "graph_rate_limited")
        assert row.wait_until is not None
        line.work()
        assert state_of(row) == ("sent", "")
        assert len(line.sent()) == 1

    @pytest.mark.parametrize(
        ("code", "subcode", "seconds"),
        [(4, None, 300), (613, None, 300), (368, None, None), (10, 1893063, None)],
    )
    def test_is_the_pages_state_with_its_end(self, open_line, code, subcode, seconds):
        line = open_line()
        line.sandbox.graph.refuses(
            PAGE, code, subcode=subcode, match=SEND, **({"retry_after": seconds} if seconds else {})
        )
        line.send()
        asked_at = datetime.now(UTC)

        with pytest.raises(UpstreamRateLimited):
            line.work()

        page = line.conversation.page
        page.refresh_from_db()
        wait = timedelta(seconds=seconds or 6 * 3600)
        assert page.state == "limited"
        assert asked_at + wait <= page.limited_until <= datetime.now(UTC) + wait

    def test_tries_again_while_meta_cannot_be_reached(self, open_line, settings):
        line = open_line()
        settings.FACEBOOK_GRAPH_URL = "http://127.0.0.1:9"  # nobody listens there
        (row,) = line.send()

        for _ in range(delivery.MAX_ATTEMPTS - 1):
            with pytest.raises(UpstreamUnavailable):
                line.work()
        assert state_of(row) == ("queued", "graph_unavailable")

        line.work()
        assert state_of(row) == ("failed", "graph_unavailable")


class TestBusy:
    """Messenger's own automated answers are at work: Meta refuses every message, and takes it some minutes later."""

    @pytest.fixture
    def busy(self, open_line):
        line = open_line()
        line.sandbox.graph.refuses(PAGE, 2018321, times=1, match=SEND)
        (row,) = line.send("Hello!")
        line.work()
        row.refresh_from_db()
        return line, row

    def passes(self, row):
        row.refresh_from_db()
        row.wait_until -= delivery.BUSY_WAIT
        row.save()

    def waiting_jobs(self):
        jobs = ProcrastinateJob.objects.filter(
            task_name="inbox.send_queued", status="todo", scheduled_at__isnull=False
        )
        return list(jobs.values_list("scheduled_at", flat=True))

    def test_is_put_off_for_some_minutes(self, busy):
        line, row = busy

        assert state_of(row) == ("queued", "graph_conversation_busy")
        assert row.wait_until is not None
        assert self.waiting_jobs() == [row.wait_until]
        line.conversation.page.refresh_from_db()
        assert line.conversation.page.state == "healthy"

    def test_is_sent_once_the_minutes_are_over(self, busy):
        line, row = busy
        self.passes(row)

        line.work()
        line.work()

        assert state_of(row) == ("sent", "")
        assert len(line.sent()) == 1

    def test_is_not_asked_about_before_nor_overtaken(self, busy):
        line, row = busy
        (later,) = line.send("Still there?")

        line.work()
        assert [state_of(row)[0], state_of(later)[0]] == ["queued", "queued"]
        assert line.sandbox.control.count("graph.send") == 1
        assert self.waiting_jobs() == [row.wait_until]

        self.passes(row)
        line.work()
        assert [one["message"]["text"] for one in line.sent()] == ["Hello!", "Still there?"]

    def test_is_left_to_a_person_after_some_tries(self, busy):
        line, row = busy
        line.sandbox.graph.refuses(PAGE, 2018321, match=SEND)

        for _ in range(delivery.BUSY_TRIES - 1):
            self.passes(row)
            line.work()

        assert state_of(row) == ("failed", "graph_conversation_busy")
        assert row.error == delivery.STILL_BUSY
        assert line.sent() == []

    def test_is_settled_by_its_echo_should_meta_have_taken_it(self, busy):
        line, row = busy
        echo = Echo("m_1", line.customer, datetime.now(UTC), text="Hello!", metadata=f"hirocrm:{row.pk}")  # fmt: skip
        services.settle_echoes(page=line.conversation.page, echoes=[echo], now=datetime.now(UTC))

        line.work()

        assert state_of(row) == ("sent", "")
        assert line.sent() == []


class TestErased:
    @pytest.mark.parametrize("is_refused", [False, True])
    def test_while_meta_is_asked_leaves_nothing(self, open_line, monkeypatch, is_refused):
        line = open_line()
        send = GraphClient.send_message

        async def send_and_erase(*args: object, **named: object) -> object:
            try:
                return await send(*args, **named)  # type: ignore[arg-type]
            finally:
                await in_thread(
                    delete_contact,
                    member=line.owner,
                    contact_id=line.conversation.contact_id,
                    now=datetime.now(UTC),
                )

        monkeypatch.setattr(GraphClient, "send_message", send_and_erase)
        if is_refused:
            line.sandbox.graph.refuses(PAGE, 551, match=SEND)
        line.send("Salamat po")

        line.work()

        assert (OutgoingMessage.objects.count(), Contact.objects.count()) == (0, 0)
        assert Message.objects.count() == 0


class TestUnknown:
    @pytest.fixture
    def lost(self, open_line):
        """A message that Meta took, while its answer was lost on the way."""
        line = open_line()
        line.sandbox.graph.breaks("half", PAGE, times=1, match=SEND)
        (row,) = line.send("Yes, COD is fine.")
        line.work()
        return line, row

    def test_is_never_sent_again_by_itself(self, lost):
        line, row = lost

        line.work()
        wake_forgotten(now=datetime.now(UTC) + timedelta(hours=1))
        line.work()

        assert state_of(row)[0] == "unknown"
        assert len(line.sent()) == 1

    def test_is_settled_by_its_echo(self, lost):
        line, row = lost
        echo = self._echo(line, metadata=f"hirocrm:{row.pk}")

        ours = services.settle_echoes(
            page=line.conversation.page, echoes=[echo], now=datetime.now(UTC)
        )

        assert ours == {echo.remote_id}
        assert state_of(row) == ("sent", "")
        assert Activity.objects.count() == 1

    def test_is_settled_by_the_next_sync(self, lost):
        line, row = lost
        told = line.sent()[0]
        at = datetime.now(UTC)
        message = MessageSnapshot(told["message_id"], Sender.BUSINESS, at, text="Yes, COD is fine.")
        snapshot = ConversationSnapshot(
            Platform.MESSENGER,
            line.conversation.remote_id,
            ParticipantSnapshot(line.customer),
            (message,),
            at,
        )
        page = line.conversation.page
        ingest(page=page, snapshots=[snapshot], source=MessageSource.SYNC, now=at)

        services.settle_snapshots(page=page, snapshots=[snapshot], now=at)

        assert state_of(row) == ("sent", "")
        assert row.message == Message.objects.get(remote_id=told["message_id"])
        assert row.message.source == "sent"

    def test_is_found_by_looking(self, lost):
        line, row = lost

        line.look(row)

        assert state_of(row) == ("sent", "")
        assert row.remote_id == line.sent()[0]["message_id"]
        assert len(line.sent()) == 1

    def test_that_did_not_arrive_is_offered_again(self, open_line):
        line = open_line()
        line.sandbox.graph.breaks("html_502", PAGE, times=1, match=SEND)
        (row,) = line.send()
        line.work()

        line.look(row)
        assert state_of(row)[0] == "unknown"
        line.ago(row, minutes=6)
        line.look(row)
        assert state_of(row) == ("failed", "not_arrived")

        services.send_again(member=line.owner, outgoing_id=row.pk, now=datetime.now(UTC))
        line.work()
        assert state_of(row) == ("sent", "")
        assert len(line.sent()) == 1

    def test_goes_on_looking_while_meta_cannot_say(self, lost):
        line, row = lost
        line.sandbox.graph.kills_token(PAGE, 460)
        line.ago(row, minutes=30)

        line.look(row)

        assert state_of(row)[0] == "unknown"
        line.conversation.page.refresh_from_db()
        assert line.conversation.page.state == "needs_reconnect"
        assert "password" in line.conversation.page.state_reason

    def test_is_not_taken_for_an_older_message_that_says_the_same(self, open_line):
        line = open_line()
        (first,) = line.send("Hello!")
        line.work()
        line.sandbox.graph.breaks("html_502", PAGE, times=1, match=SEND)
        (second,) = line.send("Hello!")
        line.work()

        line.look(second)

        assert [state_of(first)[0], state_of(second)[0]] == ["sent", "unknown"]

    def test_of_a_worker_that_died_is_checked_not_sent(self, open_line):
        line = open_line()
        (row,) = line.send()
        delivery.begin_next(conversation_id=line.conversation.pk, now=datetime.now(UTC))

        line.work()  # the rescued job

        assert state_of(row) == ("unknown", "interrupted")
        assert line.sent() == []

    def _echo(self, line, **more):
        told = line.sent()[0]
        return Echo(
            remote_id=told["message_id"],
            recipient_id=line.customer,
            created_at=datetime.now(UTC),
            text=told["message"]["text"],
            **more,
        )


class TestEchoes:
    def test_of_other_apps_are_not_ours(self, open_line):
        line = open_line()
        (row,) = line.send("Hello!")
        delivery.begin_next(conversation_id=line.conversation.pk, now=datetime.now(UTC))
        echo = Echo("m_other", line.customer, datetime.now(UTC), text="Hello!", metadata="other:1")

        ours = services.settle_echoes(
            page=line.conversation.page, echoes=[echo], now=datetime.now(UTC)
        )

        assert (ours, state_of(row)[0]) == (set(), "sending")

    def test_that_come_before_the_answer_make_one_message(self, open_line):
        line = open_line()
        (row,) = line.send("Hello!")
        at = datetime.now(UTC)
        delivery.begin_next(conversation_id=line.conversation.pk, now=at)
        page = line.conversation.page
        echo = Echo("m_1", line.customer, at, text="Hello!", metadata=f"hirocrm:{row.pk}")
        services.settle_echoes(page=page, echoes=[echo], now=at)

        delivery.record_sent(outgoing_id=row.pk, remote_id="m_1", at=at, now=at)

        row.refresh_from_db()
        assert (row.state, row.remote_id) == ("sent", "m_1")
        assert row.message == Message.objects.get()
        assert Activity.objects.count() == 1


class TestThreadsThatOnlyWebhooksKnow:
    def test_are_looked_into_by_whose_they_are(self, open_line):
        line = open_line()
        line.conversation.remote_id = f"with:messenger:{line.customer}"
        line.conversation.save()
        line.sandbox.graph.breaks("half", PAGE, times=1, match=SEND)
        (row,) = line.send("Yes, COD is fine.")
        line.work()

        line.look(row)

        assert state_of(row) == ("sent", "")
        assert row.remote_id == line.sent()[0]["message_id"]
