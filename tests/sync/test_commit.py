"""A page of conversations becomes rows and batches; what Meta lists twice is handed over once."""

from datetime import UTC, datetime, timedelta

import pytest

from hirocrm.analysis.asker import asker_for
from hirocrm.contacts.snapshots import (
    ConversationSnapshot,
    MessageSnapshot,
    MessageSource,
    ParticipantSnapshot,
    Platform,
    Sender,
)
from hirocrm.sync import commit
from hirocrm.sync.commit import FetchedPage
from hirocrm.sync.models import AnalysisBatch
from hirocrm.sync.plan import plan_for
from tests.factories import PageFactory, SyncRunFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def run(owner):
    page = PageFactory(organization=owner.organization)
    return SyncRunFactory(page=page, started_at=NOW)


def conversation(n, *texts):
    messages = tuple(
        MessageSnapshot(
            remote_id=f"m_{n}_{i}",
            sender=Sender.CUSTOMER,
            created_at=NOW + timedelta(minutes=i),
            text=text,
        )
        for i, text in enumerate(texts)
    )
    return ConversationSnapshot(
        platform=Platform.MESSENGER,
        remote_id=f"t_{n}",
        participant=ParticipantSnapshot(remote_id=f"7{n}", name="Mia Cruz"),
        updated_at=NOW,
        messages=messages,
    )


def commit_page(run, *snapshots):
    plan = plan_for(run, run.page, asker_for(run.page.organization))
    commit.commit_page(
        run_id=run.pk,
        platform="messenger",
        fetched=FetchedPage(snapshots=snapshots, troubles=(), cursor="next", page_size=100),
        source=MessageSource.SYNC,
        rules=plan.rules,
        settings_hash=plan.settings_hash,
        now=NOW,
    )


def handed_over(run):
    return [len(batch.conversation_ids) for batch in AnalysisBatch.objects.filter(run=run)]


class TestConversationsListedTwice:
    def test_one_that_waits_for_the_analyser_is_not_handed_over_again(self, run):
        commit_page(run, conversation(1, "Hm po?"), conversation(2, "Available?"))

        commit_page(run, conversation(2, "Available?"), conversation(3, "Hello"))

        run.refresh_from_db()
        assert handed_over(run) == [2, 1]
        assert run.to_analyse == 3

    def test_one_with_a_message_more_is(self, run):
        commit_page(run, conversation(1, "Hm po?"))

        commit_page(run, conversation(1, "Hm po?", "Still there?"))

        assert handed_over(run) == [1, 1]
