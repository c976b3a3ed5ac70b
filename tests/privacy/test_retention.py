"""What an organization's retention rule takes away, and what it leaves."""

from datetime import timedelta

import pytest

from hirocrm.analysis.models import Analysis
from hirocrm.contacts.ingest import ingest
from hirocrm.contacts.models import Contact, ErasedPerson, Message
from hirocrm.contacts.snapshots import (
    ConversationSnapshot,
    MessageSnapshot,
    MessageSource,
    ParticipantSnapshot,
    ReactionSnapshot,
    Sender,
)
from hirocrm.core.platforms import Platform
from hirocrm.inbox.models import OutgoingMessage, OutgoingState
from hirocrm.organizations.errors import RoleTooWeak
from hirocrm.privacy import retention
from hirocrm.privacy.errors import RetentionInvalid
from hirocrm.privacy.models import RetentionPolicy
from hirocrm.privacy.retention import Counts
from tests.factories import ContactFactory, ConversationFactory, MessageFactory, PageFactory
from tests.web.analyses import make_analysis

pytestmark = pytest.mark.django_db
RULE = {"message_days": 30, "contact_days": 90, "analysis_days": 60}


@pytest.fixture
def page(owner):
    return PageFactory(organization=owner.organization)


def silent_for(page, now, days):
    """A contact with one conversation and one message of that age."""
    at = now - timedelta(days=days)
    contact = ContactFactory(
        page=page, last_interaction_at=at, last_message_text="old words", search_text="old words"
    )
    conversation = ConversationFactory(contact=contact, last_message_at=at)
    MessageFactory(
        conversation=conversation,
        created_time=at,
        text="old words",
        attachments=[{"type": "image", "url": "https://x", "title": None}],
    )
    return contact


class TestPreview:
    def test_counts_and_changes_nothing(self, owner, page, now):
        silent_for(page, now, 10)
        silent_for(page, now, 40)
        silent_for(page, now, 100)

        counts = retention.preview(member=owner, days=RULE, now=now)

        assert counts == Counts(
            messages=1, contacts=1, analyses=0
        )  # the other goes with its contact
        assert (Contact.objects.count(), Message.objects.filter(expired_at=None).count()) == (3, 3)

    def test_agrees_with_what_is_done(self, owner, page, now):
        for days in (10, 40, 50):
            silent_for(page, now, days)
        rule = {**RULE, "contact_days": None}
        counted = retention.preview(member=owner, days=rule, now=now)
        retention.update_policy(member=owner, days=rule)

        done = retention.apply_policy(organization_id=owner.organization_id, now=now)

        assert counted == done == Counts(messages=2)

    def test_agrees_in_everything(self, owner, page, now):
        """Contacts go first, and take along messages, analyses and answers that the other rules name."""
        for days in (10, 40, 100):
            contact = silent_for(page, now, days)
            conversation = contact.conversations.get()
            for state in OutgoingState.values:
                OutgoingMessage.objects.create(
                    organization=owner.organization, page=page, conversation=conversation, by_person=True,
                    text="words", state=state, created_at=now - timedelta(days=days),
                )  # fmt: skip
        counted = retention.preview(member=owner, days=RULE, now=now)
        retention.update_policy(member=owner, days=RULE)

        done = retention.apply_policy(organization_id=owner.organization_id, now=now)
        again = retention.preview(member=owner, days=RULE, now=now)

        assert counted == done == Counts(messages=1, contacts=1, answers=2)
        assert again == Counts()

    @pytest.mark.parametrize("days", [0, 7, 40_000])
    def test_refuses_days_that_cannot_be_meant(self, owner, now, days):
        with pytest.raises(RetentionInvalid):
            retention.preview(member=owner, days={"message_days": days}, now=now)


class TestApply:
    def test_keeps_everything_without_a_rule(self, owner, page, now):
        silent_for(page, now, 4000)

        assert retention.apply_policy(organization_id=owner.organization_id, now=now) == Counts()
        assert Message.objects.get().text == "old words"

    def test_empties_messages_and_what_repeats_them(self, owner, page, now):
        contact = silent_for(page, now, 40)
        retention.update_policy(member=owner, days={"message_days": 30})

        retention.apply_policy(organization_id=owner.organization_id, now=now)

        message = Message.objects.get()
        contact.refresh_from_db()
        assert (message.text, message.attachments, message.expired_at) == (None, [], now)
        assert (contact.last_message_text, "words" in contact.search_text) == ("", False)

    def test_forgets_old_answers_also_those_that_were_never_sent(self, owner, page, now):
        conversation = ConversationFactory(contact=ContactFactory(page=page))
        for state in OutgoingState.values:
            for days in (29, 31):
                OutgoingMessage.objects.create(
                    organization=owner.organization, page=page, conversation=conversation, by_person=True,
                    text=f"{days}", state=state, created_at=now - timedelta(days=days),
                )  # fmt: skip
        retention.update_policy(member=owner, days={"message_days": 30})

        retention.apply_policy(organization_id=owner.organization_id, now=now)

        left = OutgoingMessage.objects.values_list("state", "text")
        young = {(state, "29") for state in OutgoingState.values}
        assert set(left) == young | {("sent", ""), ("queued", "31"), ("sending", "31")}

    def test_is_not_undone_by_a_sync(self, owner, page, now):
        contact = silent_for(page, now, 40)
        retention.update_policy(member=owner, days={"message_days": 30})
        retention.apply_policy(organization_id=owner.organization_id, now=now)
        stored = Message.objects.get()
        again = MessageSnapshot(
            stored.remote_id,
            Sender.CUSTOMER,
            stored.created_time,
            text="old words",
            reactions=(ReactionSnapshot(Sender.CUSTOMER, "❤"),),
            edited_at=now,
        )
        person = ParticipantSnapshot(contact.messenger_psid)
        remote_id = stored.conversation.remote_id
        snapshot = ConversationSnapshot(Platform.MESSENGER, remote_id, person, (again,), now)

        ingest(page=page, snapshots=[snapshot], source=MessageSource.SYNC, now=now)

        stored.refresh_from_db()
        assert (stored.text, stored.reactions) == (None, [])

    def test_erases_who_was_silent(self, owner, page, now):
        silent_for(page, now, 100)
        kept = silent_for(page, now, 80)
        retention.update_policy(member=owner, days={"contact_days": 90})

        counts = retention.apply_policy(organization_id=owner.organization_id, now=now)

        assert counts == Counts(contacts=1)
        assert list(Contact.objects.all()) == [kept]
        assert ErasedPerson.objects.count() == 1

    def test_keeps_each_contacts_latest_analysis(self, owner, page, now):
        contact = silent_for(page, now, 80)
        conversation = contact.conversations.get()
        rows = [
            make_analysis(contact=contact, conversation=conversation, input_hash=str(days))
            for days in (79, 70, 65)
        ]
        for row, days in zip(rows, (79, 70, 65), strict=True):
            Analysis.objects.filter(pk=row.pk).update(created_at=now - timedelta(days=days))
        retention.update_policy(member=owner, days={"analysis_days": 60})

        counts = retention.apply_policy(organization_id=owner.organization_id, now=now)

        assert counts == Counts(analyses=2)
        assert list(Analysis.objects.all()) == [rows[2]]

    def test_leaves_other_organizations_alone(self, owner, stranger, now):
        theirs = silent_for(PageFactory(organization=stranger.organization), now, 400)
        retention.update_policy(member=owner, days=RULE)

        retention.apply_policy(organization_id=owner.organization_id, now=now)

        assert theirs.conversations.get().messages.get().text == "old words"

    def test_says_what_it_did(self, owner, page, now):
        silent_for(page, now, 40)
        retention.update_policy(member=owner, days={"message_days": 30})

        retention.apply_policy(organization_id=owner.organization_id, now=now)

        policy = RetentionPolicy.objects.get()
        assert (policy.last_run_at, policy.last_counts) == (
            now,
            {"messages": 1, "contacts": 0, "analyses": 0, "answers": 0},
        )


class TestUpdate:
    def test_is_for_those_who_configure(self, agent):
        with pytest.raises(RoleTooWeak):
            retention.update_policy(member=agent, days=RULE)

        assert not RetentionPolicy.objects.exists()
