"""A person who was erased stays erased, until they write again."""

import json
from datetime import timedelta

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from hirocrm.analysis.models import Analysis
from hirocrm.contacts import services
from hirocrm.contacts.ingest import ingest
from hirocrm.contacts.models import Activity, Contact, ErasedPerson, Message
from hirocrm.contacts.snapshots import (
    ConversationSnapshot,
    MessageSnapshot,
    MessageSource,
    NameSource,
    ParticipantSnapshot,
    Sender,
)
from hirocrm.core.platforms import Platform
from hirocrm.inbox.models import OutgoingMessage
from hirocrm.inbox.services import send_message
from hirocrm.meta.models import UnreadableEntry, WebhookDelivery
from hirocrm.organizations.errors import RoleTooWeak
from hirocrm.organizations.models import AuditEntry
from hirocrm.privacy.export import export_contact
from hirocrm.privacy.traces import forget_traces
from hirocrm.sync.models import ParkedEvent
from hirocrm.sync.webhooks.take import take_deliveries
from tests.factories import (
    ActivityFactory,
    ContactFactory,
    ConversationFactory,
    MessageFactory,
    NoteFactory,
    PageFactory,
)
from tests.web.analyses import make_analysis

pytestmark = pytest.mark.django_db
PSID = "7000000000000042"


@pytest.fixture
def page(owner):
    return PageFactory(organization=owner.organization)


@pytest.fixture
def contact(page, now):
    contact = ContactFactory(page=page, messenger_psid=PSID, first_name="Lito")
    conversation = ConversationFactory(
        contact=contact, last_message_at=now, last_customer_message_at=now
    )
    MessageFactory(conversation=conversation, text="My number is 0917", created_time=now)
    make_analysis(contact=contact, conversation=conversation)
    ActivityFactory(contact=contact)
    NoteFactory(contact=contact)
    return contact


def told(now, *messages):
    """What a sync brings: (minutes from now, text)."""
    rows = tuple(
        MessageSnapshot(f"m_{text}", Sender.CUSTOMER, now + timedelta(minutes=at), text=text)
        for at, text in messages
    )
    person = ParticipantSnapshot(PSID, "Lito Cruz", NameSource.SENDER)
    return ConversationSnapshot(Platform.MESSENGER, "t_1", person, rows, now)


def sync(page, now, *messages):
    snapshot = told(now, *messages)
    return ingest(page=page, snapshots=[snapshot], source=MessageSource.SYNC, now=now)


class TestErase:
    def test_takes_everything(self, owner, contact, now):
        (conversation,) = contact.conversations.all()
        send_message(member=owner, conversation_id=conversation.pk, text="Hi Lito", now=now)

        services.delete_contact(member=owner, contact_id=contact.id, now=now)

        for model in (Contact, Message, Analysis, Activity, OutgoingMessage):
            assert model.objects.count() == 0
        entry = AuditEntry.objects.get(action="contact.erased")
        assert (entry.subject, entry.details) == (str(contact.id), {})

    def test_keeps_no_name_and_no_id(self, owner, contact, now):
        services.delete_contact(member=owner, contact_id=contact.id, now=now)

        row = ErasedPerson.objects.get()
        assert PSID not in row.person_hash
        assert len(row.person_hash) == 64

    def test_is_for_those_who_may(self, agent, contact, now):
        with pytest.raises(RoleTooWeak):
            services.delete_contact(member=agent, contact_id=contact.id, now=now)

        assert Message.objects.count() == 1
        assert ErasedPerson.objects.count() == 0


class TestSyncAfterwards:
    @pytest.fixture(autouse=True)
    def erased(self, owner, contact, now):
        services.delete_contact(member=owner, contact_id=contact.id, now=now)

    def test_brings_nothing_back(self, page, now):
        assert sync(page, now, (-60, "old"), (-1, "My number is 0917")) == []

        assert (Contact.objects.count(), Message.objects.count()) == (0, 0)

    def test_begins_anew_when_they_write(self, page, now):
        sync(page, now, (-60, "old"), (5, "Hello again"))

        assert list(Message.objects.values_list("text", flat=True)) == ["Hello again"]
        assert Contact.objects.get().first_name == "Lito"

    def test_keeps_leaving_out_the_old_once_they_are_back(self, page, now):
        sync(page, now, (5, "Hello again"))
        sync(page, now, (-60, "old"), (5, "Hello again"), (6, "Are you there?"))

        assert set(Message.objects.values_list("text", flat=True)) == {
            "Hello again",
            "Are you there?",
        }

    def test_leaves_the_same_person_on_another_page_alone(self, owner, now):
        other = PageFactory(organization=owner.organization)

        sync(other, now, (-60, "old"))

        assert Message.objects.count() == 1


class TestWebhooksAfterwards:
    """Meta delivers late, and again: what was said before must not lie about as it came, either."""

    @pytest.fixture(autouse=True)
    def erased(self, owner, contact, now):
        services.delete_contact(member=owner, contact_id=contact.id, now=now)

    @staticmethod
    def deliver(page, person, at, **said):
        """One delivery of something that a person said, taken as the worker does."""
        item = {"sender": {"id": person}, "recipient": {"id": page.remote_id}, "timestamp": int(at.timestamp() * 1000), **said}  # fmt: skip
        body = {"object": "page", "entry": [{"id": page.remote_id, "messaging": [item]}]}
        WebhookDelivery.objects.create(body=json.dumps(body).encode(), secret=0, received_at=at)
        take_deliveries(now=at)

    def test_keep_no_delivery_of_theirs(self, page, now):
        self.deliver(page, PSID, now - timedelta(minutes=1), message={"mid": "m_1", "text": "late"})

        assert (Contact.objects.count(), WebhookDelivery.objects.count()) == (0, 0)

    def test_keep_the_deliveries_of_others(self, page, now):
        self.deliver(page, "7000000000000043", now, message={"mid": "m_1", "text": "mine"})

        assert WebhookDelivery.objects.get().outcome == "taken"

    def test_keep_no_words_of_an_edit_whose_message_is_erased(self, page, now):
        edit = {"mid": "m_gone", "text": "My number is 0918", "num_edit": 1}
        self.deliver(page, PSID, now + timedelta(minutes=1), message_edit=edit)

        waiting = ParkedEvent.objects.get(kind="edited")
        assert waiting.content["text"] is None

    def test_apply_an_edit_to_what_they_write_anew(self, page, now):
        at = now + timedelta(minutes=1)
        self.deliver(page, PSID, at, message={"mid": "m_new", "text": "Helo"})
        self.deliver(page, PSID, at, message_edit={"mid": "m_new", "text": "Hello", "num_edit": 1})

        assert Message.objects.get().text == "Hello"


class TestErasingAfterAnEdit:
    def test_takes_the_edit_that_waits_for_its_message(self, owner, contact, page, now):
        edit = {"mid": "m_unknown", "text": "My number is 0918", "num_edit": 1}
        TestWebhooksAfterwards.deliver(page, PSID, now, message_edit=edit)
        assert ParkedEvent.objects.get().content["text"] == "My number is 0918"

        forget_traces(organization_id=owner.organization_id, people=[PSID])

        assert ParkedEvent.objects.count() == 0


class TestManyAtOnce:
    def test_are_remembered_too(self, owner, page, contact, now):
        services.delete_contacts(member=owner, contacts=Contact.objects.all(), now=now)

        assert sync(page, now, (-60, "old")) == []


class TestTraces:
    def test_are_looked_for_by_a_job(self, owner, contact, now):
        mid = Message.objects.get().remote_id
        services.delete_contact(member=owner, contact_id=contact.id, now=now)

        job = ProcrastinateJob.objects.get(task_name="privacy.forget_traces")
        assert job.args == {
            "organization_id": str(owner.organization_id),
            "people": [PSID],
            "messages": [mid],
        }

    def test_are_removed_from_what_webhooks_delivered(self, owner, now):
        body = b'{"entry":[{"messaging":[{"sender":{"id":"%s"}}]}]}'
        for person, handled in ((PSID, now), ("7000000000000099", now), (PSID, None)):
            WebhookDelivery.objects.create(
                body=body % person.encode(), secret=0, handled_at=handled
            )

        forgotten = forget_traces(organization_id=owner.organization_id, people=[PSID])

        assert forgotten == 1
        assert WebhookDelivery.objects.count() == 2

    @pytest.mark.parametrize(
        ("outcome", "mine", "anothers"),
        [
            ("taken", f'{{"sender":{{"id":{PSID}}}}}', f'{{"sender":{{"id":{PSID}0}}}}'),
            ("taken", f'{{"sender":{{"id": {PSID}.0}}}}', f'{{"sender":{{"id": 1{PSID}.0}}}}'),
            ("taken", r'{"message_edit":{"mid":"m_a\/1"}}', r'{"message_edit":{"mid":"m_a\/12"}}'),
            ("unreadable", '{"message":{"mid":"m_b2"}}', '{"message":{"mid":"m_b23"}}'),
        ],
        ids=["number", "decimal", "edit without its sender", "message without its sender"],
    )
    def test_are_found_however_they_are_told(self, owner, now, outcome, mine, anothers):
        for body in (mine, anothers):
            WebhookDelivery.objects.create(
                body=body.encode(), secret=0, handled_at=now, outcome=outcome
            )

        forgotten = forget_traces(
            organization_id=owner.organization_id, people=[PSID], messages=["m_a/1", "m_b2"]
        )

        assert forgotten == 1
        assert bytes(WebhookDelivery.objects.get().body) == anothers.encode()

    def test_are_removed_from_what_was_kept_aside_and_what_waits(self, owner, stranger, page, now):
        def aside(content, organization, digest):
            UnreadableEntry.objects.create(
                organization=organization, delivery_id=1, object_kind="page", content=content, digest=digest,
                reason="odd", received_at=now,
            )  # fmt: skip

        def park(mid, content, digest):
            ParkedEvent.objects.create(
                organization=owner.organization, page=page, mid=mid, kind="edited", content=content, digest=digest,
                created_at=now,
            )  # fmt: skip

        aside(f'{{"sender": {{"id": {PSID}}}}}', owner.organization, "a")
        aside('{"message_edit": {"mid": "m_1", "text": "mine"}}', None, "b")
        aside('{"message_edit": {"mid": "m_12", "text": "another\'s"}}', None, "c")
        aside(f'{{"sender": {{"id": {PSID}}}}}', stranger.organization, "d")
        park("m_1", {"text": "mine"}, "a")
        park("m_2", {"person": f"person:messenger:{PSID}"}, "b")
        park(f"person:messenger:{PSID}", {}, "c")
        park("m_12", {"person": f"person:messenger:{PSID}0"}, "d")

        forgotten = forget_traces(
            organization_id=owner.organization_id, people=[PSID], messages=["m_1"]
        )

        assert forgotten == 5
        assert set(UnreadableEntry.objects.values_list("digest", flat=True)) == {"c", "d"}
        assert ParkedEvent.objects.get().mid == "m_12"


class TestExport:
    def test_holds_all_of_a_person(self, owner, contact, now):
        found = export_contact(member=owner, contact_id=contact.id, now=now)

        assert found["contact"]["messenger_psid"] == PSID
        assert [row["text"] for row in found["messages"]] == ["My number is 0917"]
        counts = {name: len(rows) for name, rows in found.items() if isinstance(rows, list)}
        assert counts == {
            "conversations": 1, "messages": 1, "sentFromHere": 0, "notes": 1, "tasks": 0,
            "activities": 1, "stageChanges": 0, "analyses": 1, "assignments": 0, "suggestions": 0,
        }  # fmt: skip
        assert AuditEntry.objects.filter(action="contact.exported").count() == 1

    def test_holds_nobody_else(self, owner, contact, page, now):
        MessageFactory(conversation__contact=ContactFactory(page=page), text="Another's")

        found = export_contact(member=owner, contact_id=contact.id, now=now)

        assert "Another's" not in str(found)
