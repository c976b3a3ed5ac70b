"""What webhooks missed is found by an ordinary sync, and counted."""

from datetime import timedelta

import pytest

from hirocrm.contacts.snapshots import (
    ConversationSnapshot,
    MessageSnapshot,
    MessageSource,
    ParticipantSnapshot,
    Platform,
    Sender,
)
from hirocrm.meta.models import Page, WebhookHealth
from hirocrm.pipelines.assign import rules_of
from hirocrm.sync import lifecycle
from hirocrm.sync.commit import FetchedPage, commit_page
from hirocrm.sync.models import SyncRun
from hirocrm.sync.webhooks import gaps
from tests.factories import PageFactory, SyncRunFactory
from tests.sync.webhooks.payloads import ANA, instagram_body, page_body, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def walk(page, now):
    """Sync these messages of Ana's, to the end."""

    def walk(*messages: MessageSnapshot, at=now) -> SyncRun:
        run = SyncRunFactory(page=page, status="running", started_at=at)
        snapshot = ConversationSnapshot(
            Platform.MESSENGER, "t_1", ParticipantSnapshot(ANA, "Ana"), messages, at
        )
        commit_page(
            run_id=run.pk, platform="messenger", fetched=FetchedPage([snapshot], [], None, 100),
            source=MessageSource.SYNC, rules=rules_of(page), settings_hash="x", now=at,
        )  # fmt: skip
        lifecycle.fetching_ended(run_id=run.pk, now=at)
        lifecycle.drop_batches(run, at)
        lifecycle.finish_if_done(run_id=run.pk, now=at)
        run.refresh_from_db()
        return run

    return walk


def said(mid, at):
    return MessageSnapshot(mid, Sender.CUSTOMER, at, text="hi")


class TestCountMissed:
    def test_counts_what_came_while_webhooks_should_have(self, page, deliver, walk, now):
        deliver(page_body(text()))  # they come since `now`
        later = now + timedelta(hours=1)

        run = walk(
            said("m_old", now - timedelta(days=1)),  # from before there were any
            said("m_A1", now - timedelta(minutes=10)),  # came by webhook
            said("m_missed1", now + timedelta(minutes=20)),
            said("m_missed2", now + timedelta(minutes=30)),
            said("m_fresh", later - timedelta(seconds=30)),  # its webhook may be on its way
            at=later,
        )

        health = WebhookHealth.objects.get(page=page)
        assert run.missed == 2
        assert (health.missed_count, health.missed_total) == (2, 2)
        assert (health.missed_at, health.repaired_at) == (later, later)

    def test_begins_anew_with_each_walk_and_keeps_the_total(self, page, deliver, walk, now):
        deliver(page_body(text()))
        missed = said("m_missed", now + timedelta(minutes=20))

        walk(missed, at=now + timedelta(hours=1))
        walk(missed, at=now + timedelta(hours=2))

        health = WebhookHealth.objects.get(page=page)
        assert (health.missed_count, health.missed_total) == (0, 1)
        assert health.repaired_at == now + timedelta(hours=2)

    def test_counts_nothing_where_webhooks_never_came(self, page, walk, now):
        run = walk(said("m_1", now))

        assert run.missed == 0
        assert WebhookHealth.objects.count() == 0


class TestRepairAll:
    def synced(self, page: Page, now, **fields: object) -> Page:
        WebhookHealth.objects.update_or_create(
            page=page,
            defaults={"organization": page.organization, "listening_since": now, **fields},
        )
        Page.objects.filter(pk=page.pk).update(last_synced_at=now)
        return page

    def test_walks_pages_whose_webhooks_come(self, page, now):
        self.synced(page, now)
        never_synced = PageFactory(organization=page.organization)
        dead = self.synced(PageFactory(organization=page.organization), now)
        Page.objects.filter(pk=dead.pk).update(state="needs_reconnect")

        assert gaps.repair_all(now=now) == 1

        assert SyncRun.objects.get().page == page
        assert never_synced.pk != page.pk

    def test_leaves_a_page_alone_that_was_walked_a_moment_ago(self, page, now):
        self.synced(page, now, repaired_at=now - timedelta(minutes=1))

        assert gaps.repair_all(now=now) == 0
        assert gaps.repair_all(now=now + timedelta(minutes=5)) == 1

    def test_walks_a_page_at_once_that_was_reconnected(self, page, now):
        self.synced(page, now, repaired_at=now - timedelta(minutes=1))

        assert gaps.repair_page(page_id=page.pk, now=now) == 1

    def test_joins_a_sync_that_is_under_way(self, page, now):
        self.synced(page, now)

        gaps.repair_all(now=now)
        gaps.repair_all(now=now)

        assert SyncRun.objects.count() == 1


class TestAnnouncedMessages:
    def test_that_do_not_come_start_a_walk(self, page, deliver, now):
        from hirocrm.sync.webhooks.sweep import look_for_announced

        announced = instagram_body({"timestamp": 1767312000410, "message_edit": {"mid": "aWd_1", "num_edit": 0}})  # fmt: skip
        deliver(announced)
        Page.objects.filter(pk=page.pk).update(last_synced_at=now)

        early = look_for_announced(now=now + timedelta(seconds=30))
        late = look_for_announced(now=now + timedelta(seconds=90))
        again = look_for_announced(now=now + timedelta(seconds=180))

        assert (early, late, again) == (0, 1, 0)
        assert SyncRun.objects.get().page == page
