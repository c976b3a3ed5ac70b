"""Asking for a message to be sent."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from hirocrm.inbox import services
from hirocrm.inbox.errors import (
    ConversationNotFound,
    FileRefused,
    MessageInvalid,
    NotSendable,
    PageCannotSend,
    UploadNotFound,
    WindowClosed,
)
from hirocrm.inbox.models import OutgoingMessage
from hirocrm.meta.models import ConnectionState
from hirocrm.organizations.errors import RoleTooWeak
from tests.factories import ContactFactory, ConversationFactory, MessageFactory, PageFactory

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


def conversation_of(member, *, hours=1.0, now, platform="messenger", **page):
    wrote = None if hours is None else now - timedelta(hours=hours)
    contact = ContactFactory(page=PageFactory(organization=member.organization, **page))
    return ConversationFactory(
        contact=contact, platform=platform, last_message_at=wrote, last_customer_message_at=wrote
    )


def send(member, conversation, now, text="Hello!", **more):
    return services.send_message(
        member=member, conversation_id=conversation.pk, text=text, now=now, **more
    )


class TestSendMessage:
    def test_is_written_down_with_its_job(self, owner, now):
        conversation = conversation_of(owner, now=now)

        (row,) = send(owner, conversation, now, "Kumusta 👋")

        row.refresh_from_db()
        assert (row.state, row.text, row.by_person) == ("queued", "Kumusta 👋", True)
        job = ProcrastinateJob.objects.get(task_name="inbox.send_queued")
        assert (job.queue_name, job.lock) == ("inbox", f"inbox:{conversation.pk}")
        assert job.args == {
            "organization_id": str(owner.organization_id),
            "conversation_id": str(conversation.pk),
        }

    def test_answers_one_message_with_its_first_part(self, owner, now):
        conversation = conversation_of(owner, now=now)
        asked = MessageFactory(conversation=conversation, remote_id="m_asked")

        rows = send(owner, conversation, now, "long " * 500, reply_to=asked.remote_id)

        assert [row.reply_to for row in rows] == ["m_asked", ""]

    @pytest.mark.parametrize(
        "fields",
        [
            {"deleted_time": datetime(2026, 1, 1, tzinfo=UTC), "text": None},
            {"expired_at": datetime(2026, 1, 1, tzinfo=UTC), "text": None},
            {"source": "import"},
            {"remote_id": "postback:0123"},
        ],
    )
    def test_answers_no_message_that_meta_or_we_do_not_know(self, owner, now, fields):
        conversation = conversation_of(owner, now=now)
        asked = MessageFactory(conversation=conversation, **fields)

        with pytest.raises(MessageInvalid):
            send(owner, conversation, now, reply_to=asked.remote_id)

        assert OutgoingMessage.objects.count() == 0

    def test_answers_no_message_of_another_conversation(self, owner, now):
        elsewhere = MessageFactory(conversation=conversation_of(owner, now=now))

        with pytest.raises(MessageInvalid):
            send(owner, conversation_of(owner, now=now), now, reply_to=elsewhere.remote_id)

    def test_answers_no_message_whose_id_none_can_have(self, owner, now):
        with pytest.raises(MessageInvalid, match="can't be answered in particular"):
            send(owner, conversation_of(owner, now=now), now, reply_to="nope\0")

    def test_counts_as_having_looked(self, owner, now):
        conversation = conversation_of(owner, now=now)

        send(owner, conversation, now)

        conversation.refresh_from_db()
        assert conversation.seen_at == now

    def test_sends_a_form_once(self, owner, now):
        conversation, key = conversation_of(owner, now=now), uuid4()

        first = send(owner, conversation, now, client_key=key)
        second = send(owner, conversation, now, client_key=key)

        assert [row.pk for row in first] == [row.pk for row in second]
        assert OutgoingMessage.objects.count() == 1

    def test_splits_what_is_too_long_for_instagram(self, owner, now):
        conversation = conversation_of(owner, now=now, platform="instagram")

        rows = send(owner, conversation, now, "مرحبا " * 150)

        assert [row.part for row in rows] == [0, 1]
        assert [len(row.text.encode()) <= 1000 for row in rows] == [True, True]

    def test_refuses_a_viewer(self, owner, viewer, now):
        conversation = conversation_of(owner, now=now)

        with pytest.raises(RoleTooWeak):
            send(viewer, conversation, now)

        assert OutgoingMessage.objects.count() == 0

    def test_hides_another_organizations_conversation(self, owner, stranger, now):
        conversation = conversation_of(owner, now=now)

        with pytest.raises(ConversationNotFound):
            send(stranger, conversation, now)

        assert OutgoingMessage.objects.count() == 0

    @pytest.mark.parametrize("text", ["", "  \n", "\x00"])
    def test_refuses_nothing(self, owner, now, text):
        with pytest.raises(MessageInvalid):
            send(owner, conversation_of(owner, now=now), now, text)

    @pytest.mark.parametrize("state", ["needs_reconnect", "removed", "forgotten", "imported"])
    def test_refuses_for_a_page_that_is_not_connected(self, owner, now, state):
        conversation = conversation_of(owner, now=now, state=ConnectionState(state))

        with pytest.raises(PageCannotSend):
            send(owner, conversation, now)

    @pytest.mark.parametrize("hours", [None, 168, 5000])
    def test_refuses_after_the_window(self, owner, now, hours):
        conversation = conversation_of(owner, hours=hours, now=now)

        with pytest.raises(WindowClosed):
            send(owner, conversation, now)

        assert not ProcrastinateJob.objects.filter(task_name="inbox.send_queued").exists()

    def test_lets_a_person_answer_within_seven_days(self, owner, now):
        (row,) = send(owner, conversation_of(owner, hours=100, now=now), now)

        assert row.by_person is True

    def test_lets_no_program_answer_after_a_day(self, owner, now):
        owner.token_scopes = ("write",)

        with pytest.raises(WindowClosed, match="signed-in person"):
            send(owner, conversation_of(owner, hours=100, now=now), now)

    def test_lets_nobody_answer_after_a_day_without_the_feature(self, owner, now):
        services.update_settings(member=owner, human_agent=False)

        with pytest.raises(WindowClosed):
            send(owner, conversation_of(owner, hours=100, now=now), now)


class TestFiles:
    def test_go_as_messages_of_their_own_after_the_text(self, owner, now):
        upload = services.save_upload(member=owner, name="a.png", content=PNG, now=now)
        conversation = conversation_of(owner, now=now)

        rows = send(owner, conversation, now, "Here:", upload_ids=[upload.pk])

        assert [(row.text, row.upload_id) for row in rows] == [("Here:", None), ("", upload.pk)]

    def test_are_known_by_their_first_bytes(self, owner, now):
        upload = services.save_upload(member=owner, name="../x/menu.pdf", content=PNG, now=now)

        assert (upload.name, upload.content_type, upload.kind) == ("menu.pdf", "image/png", "image")

    def test_that_only_claim_to_be_pictures_are_files(self, owner, now):
        upload = services.save_upload(member=owner, name="x.png", content=b"<script>", now=now)

        assert (upload.content_type, upload.kind) == ("application/octet-stream", "file")

    def test_of_another_organization_are_unknown(self, owner, stranger, now):
        upload = services.save_upload(member=stranger, name="a.png", content=PNG, now=now)

        with pytest.raises(UploadNotFound):
            send(owner, conversation_of(owner, now=now), now, upload_ids=[upload.pk])

    def test_that_instagram_does_not_take_are_refused(self, owner, now):
        upload = services.save_upload(member=owner, name="a.zip", content=b"PK..", now=now)
        conversation = conversation_of(owner, now=now, platform="instagram")

        with pytest.raises(FileRefused, match="Instagram takes a PDF"):
            send(owner, conversation, now, upload_ids=[upload.pk])

        assert OutgoingMessage.objects.count() == 0

    def test_are_forgotten_in_time(self, owner, now):
        conversation = conversation_of(owner, now=now)
        sent, unused, waiting = (
            services.save_upload(member=owner, name="a.png", content=PNG, now=now) for _ in range(3)
        )
        send(owner, conversation, now, "", upload_ids=[sent.pk, waiting.pk])
        OutgoingMessage.objects.filter(upload=sent).update(state="sent")

        assert services.drop_old_uploads(now=now + timedelta(days=31)) == 2

        sent.refresh_from_db()
        waiting.refresh_from_db()
        assert (sent.content, bytes(waiting.content)) == (None, PNG)
        assert not type(unused).objects.filter(pk=unused.pk).exists()


class TestSendAgain:
    @pytest.mark.parametrize("state", ["queued", "sending", "sent", "unknown"])
    def test_refuses_what_may_have_arrived(self, owner, now, state):
        (row,) = send(owner, conversation_of(owner, now=now), now)
        OutgoingMessage.objects.update(state=state)

        with pytest.raises(NotSendable):
            services.send_again(member=owner, outgoing_id=row.pk, now=now)

        row.refresh_from_db()
        assert row.state == state

    def test_queues_what_failed(self, owner, now):
        (row,) = send(owner, conversation_of(owner, now=now), now)
        OutgoingMessage.objects.update(state="failed", error="No.", attempts=8)

        again = services.send_again(member=owner, outgoing_id=row.pk, now=now)

        assert (again.state, again.error, again.attempts) == ("queued", "", 0)


class TestDiscard:
    def test_forgets_what_failed(self, owner, now):
        (row,) = send(owner, conversation_of(owner, now=now), now)
        OutgoingMessage.objects.update(state="failed")

        services.discard(member=owner, outgoing_id=row.pk)

        assert OutgoingMessage.objects.count() == 0


class TestQuickReplies:
    def test_are_filled_in(self, owner, now):
        owner.user.name = "Ana"
        contact = ContactFactory(
            page=PageFactory(organization=owner.organization, name="Closet"), first_name="Lito"
        )

        filled = services.fill_in(
            "Hi {first_name}, {my_name} of {page_name} here. {price}", contact=contact, member=owner
        )

        assert filled == "Hi Lito, Ana of Closet here. {price}"
