"""What webhooks missed is found by an ordinary sync, and counted."""

from datetime import timedelta

import pytest
from django.db.models import F

from hirocrm.contacts.models import Activity, Conversation
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
from hirocrm.sync import lifecycle, services
from hirocrm.sync.commit import FetchedPage, commit_page
from hirocrm.sync.models import ParkedEvent, SyncRun
from hirocrm.sync.webhooks import gaps, health
from hirocrm.sync.webhooks.sweep import look_for_announced
from tests.factories import PageFactory, SyncRunFactory
from tests.sync.webhooks.payloads import ANA, instagram_body, page_body, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def walk(page, now):
    """Sync these messages of Ana's, to the end."""

    def walk(*messages: MessageSnapshot, at=now, **fields: object) -> SyncRun:
        run = SyncRunFactory(page=page, status="running", started_at=at, **fields)
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

        row = WebhookHealth.objects.get(page=page)
        assert run.missed == 2
        assert (row.missed_count, row.missed_total) == (2, 2)
        assert (row.missed_at, row.repaired_at) == (later, later)

    def test_begins_anew_with_each_walk_and_keeps_the_total(self, page, deliver, walk, now):
        deliver(page_body(text()))
        missed = said("m_missed", now + timedelta(minutes=20))

        walk(missed, at=now + timedelta(hours=1))
        walk(missed, at=now + timedelta(hours=2))

        row = WebhookHealth.objects.get(page=page)
        assert (row.missed_count, row.missed_total) == (0, 1)
        assert row.repaired_at == now + timedelta(hours=2)

    def test_counts_nothing_where_webhooks_never_came(self, page, walk, now):
        run = walk(said("m_1", now))

        assert run.missed == 0
        assert WebhookHealth.objects.count() == 0


class TestActivities:
    """The timeline tells of what customers wrote, also where a walk had to find it."""

    def told(self) -> list[str]:
        rows = Activity.objects.filter(type="MESSAGE_RECEIVED").order_by("created_at")
        return [row.metadata["messageId"] for row in rows]

    def test_tell_of_what_a_walk_found_once_and_never_of_history(self, page, deliver, walk, now):
        walk(said("m_1", now - timedelta(days=3)), said("m_2", now))
        assert self.told() == []

        at = now + timedelta(minutes=20)
        answer = MessageSnapshot("m_answer", Sender.BUSINESS, at, text="350 po")
        found = (said("m_0", now - timedelta(days=9)), said("m_2", now), said("m_A1", at), answer)
        walk(*found, at=now + timedelta(hours=1))
        assert self.told() == ["m_A1"]
        activity = Activity.objects.get(type="MESSAGE_RECEIVED")
        assert (activity.created_at, activity.title) == (at, "Messenger message received")

        deliver(page_body(text()))  # the same message's webhook, late
        walk(*found, at=now + timedelta(hours=2))
        assert self.told() == ["m_A1"]

    def test_tell_once_of_what_a_webhook_brought(self, page, deliver, walk, now):
        walk(said("m_0", now - timedelta(days=1)), at=now - timedelta(hours=1))

        deliver(page_body(text()))
        walk(said("m_A1", now), at=now + timedelta(hours=1))

        assert self.told() == ["m_A1"]


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
        self.synced(page, now, repaired_at=now - timedelta(seconds=20))

        assert gaps.repair_all(now=now) == 0
        assert gaps.repair_all(now=now + timedelta(seconds=10)) == 1

    def test_walks_a_page_at_once_that_was_reconnected(self, page, now):
        self.synced(page, now, repaired_at=now - timedelta(minutes=1))

        assert gaps.repair_page(page_id=page.pk, now=now) == 1

    def test_joins_a_sync_that_is_under_way(self, page, now):
        self.synced(page, now)

        gaps.repair_all(now=now)
        gaps.repair_all(now=now)

        assert SyncRun.objects.count() == 1

    def test_goes_on_until_all_are_walked(self, page, now, monkeypatch):
        monkeypatch.setattr(gaps, "REPAIRED_AT_ONCE", 2)
        for _ in range(4):
            self.synced(PageFactory(organization=page.organization), now)
        self.synced(page, now)

        rounds = [gaps.repair_all(now=now), *(gaps.start_wanted(now=now) for _ in range(3))]

        assert rounds == [2, 2, 1, 0]
        assert SyncRun.objects.values("page").distinct().count() == 5

    def test_looks_later_at_a_page_that_was_walked_a_moment_ago(self, page, now):
        self.synced(page, now, repaired_at=now - timedelta(seconds=20))

        gaps.repair_all(now=now)
        early = gaps.start_wanted(now=now + timedelta(seconds=9))
        late = gaps.start_wanted(now=now + timedelta(seconds=10))

        assert (early, late) == (0, 1)

    def test_walks_at_once_after_each_of_some_downtimes(self, page, now):
        self.synced(page, now)

        started = [self.restart(page, now + timedelta(minutes=m)) for m in (0, 2, 4)]

        assert started == [1, 1, 1]

    def test_becomes_seldom_while_the_web_process_restarts_again_and_again(self, page, now):
        self.synced(page, now)
        moments = [now + timedelta(seconds=10 * n) for n in range(180)]  # half an hour

        walked = [(at - now).seconds for at in moments if self.restart(page, at)]

        assert walked == [0, 40, 80, 390, 700, 980, 1290, 1600]

    def restart(self, page, at) -> int:
        """The web process starts, and what that has walked is walked within 5 seconds."""
        started = gaps.repair_all(now=at)
        for run in SyncRun.objects.filter(finished_at=None):
            end = at + timedelta(seconds=5)
            SyncRun.objects.filter(pk=run.pk).update(
                status="completed", started_at=at, finished_at=end, created_at=at
            )
            health.note_walk_ended(page=page, missed=0, began_at=at, now=end)
        return started

    def test_looks_again_after_a_walk_that_began_before(self, page, now, walk):
        self.synced(page, now)
        Page.objects.filter(pk=page.pk).update(instagram_account_id=None)
        page.refresh_from_db()
        gaps.want(Page.objects.all(), now=now + timedelta(minutes=1))

        walk(said("m_1", now), at=now)
        assert gaps.start_wanted(now=now + timedelta(minutes=10)) == 1
        SyncRun.objects.filter(finished_at=None).delete()
        walk(said("m_1", now), at=now + timedelta(minutes=20))

        assert WebhookHealth.objects.get(page=page).repair_wanted_at is None
        assert gaps.start_wanted(now=now + timedelta(hours=1)) == 0

    def test_tries_again_what_did_not_get_to_its_end(self, page, now):
        self.synced(page, now)
        gaps.repair_all(now=now)
        SyncRun.objects.update(status="failed", finished_at=now)

        tries = [gaps.start_wanted(now=now + timedelta(minutes=m)) for m in (1, 14, 15)]

        assert tries == [0, 0, 1]

    def test_waits_for_meta_to_allow_it(self, page, now):
        self.synced(page, now)
        Page.objects.update(state="limited", limited_until=now + timedelta(minutes=7))

        gaps.repair_all(now=now)
        tries = [gaps.start_wanted(now=now + timedelta(minutes=m)) for m in (6, 7)]

        assert tries == [0, 1]


class TestLookAtUnscheduled:
    @pytest.fixture
    def pages(self, page, now):
        PageFactory.create_batch(4, organization=page.organization)
        Page.objects.update(
            sync_schedule="off", subscribed_fields=["messages"], last_synced_at=now, state="healthy"
        )

    def test_walks_a_few_at_a_time_each_at_its_own_hour(self, pages, now):
        early = gaps.look_at_unscheduled(now=now + timedelta(hours=5, minutes=59))
        rounds = [gaps.look_at_unscheduled(now=now + timedelta(hours=7)) for _ in range(3)]

        assert (early, rounds) == (0, [3, 2, 0])
        assert {run.options["light"] for run in SyncRun.objects.all()} == {True}

    @pytest.mark.parametrize(("options", "read"), [({"light": True}, 0), ({}, 1)])
    def test_asks_the_ai_nothing_because_of_new_settings(self, page, walk, now, options, read):
        walk(said("m_1", now))
        Conversation.objects.update(
            analysed_revision=F("revision"), analysis_state="done", analysed_settings="old"
        )

        run = walk(said("m_1", now), at=now + timedelta(hours=1), options=options)

        assert run.to_analyse == read

    @pytest.mark.parametrize(
        "fields",
        [
            {"sync_schedule": "daily"},
            {"subscribed_fields": []},
            {"state": "needs_reconnect"},
            {"last_synced_at": None},
        ],
    )
    def test_leaves_others_alone(self, pages, now, fields):
        Page.objects.update(**fields)

        assert gaps.look_at_unscheduled(now=now + timedelta(hours=7)) == 0

    def test_becomes_whole_when_somebody_asks_for_a_sync(self, pages, page, now):
        gaps.look_at_unscheduled(now=now + timedelta(hours=7))
        run = SyncRun.objects.first()

        assert services.start_sync(page=run.page, now=now) == run
        run.refresh_from_db()
        assert run.options == {}


class TestAnnouncedMessages:
    ANNOUNCED = instagram_body({"timestamp": 1767312000410, "message_edit": {"mid": "aWd_1", "num_edit": 0}})  # fmt: skip

    def test_that_do_not_come_start_a_walk(self, page, deliver, now):
        deliver(self.ANNOUNCED)
        Page.objects.filter(pk=page.pk).update(last_synced_at=now)

        early = look_for_announced(now=now + timedelta(seconds=30))
        late = look_for_announced(now=now + timedelta(seconds=90))
        again = look_for_announced(now=now + timedelta(seconds=180))

        assert (early, late, again) == (0, 1, 0)
        assert SyncRun.objects.get().page == page

    def test_are_waited_for_until_a_walk_is_done(self, page, deliver, walk, now):
        deliver(self.ANNOUNCED)
        Page.objects.filter(pk=page.pk).update(last_synced_at=now, instagram_account_id=None)
        page.refresh_from_db()
        WebhookHealth.objects.update(repaired_at=now + timedelta(seconds=100))

        tries = [look_for_announced(now=now + timedelta(minutes=m)) for m in (2, 3, 4)]
        assert (tries, ParkedEvent.objects.count()) == ([0, 1, 0], 1)

        SyncRun.objects.update(status="failed", finished_at=now + timedelta(minutes=6))
        assert look_for_announced(now=now + timedelta(minutes=20)) == 1
        assert ParkedEvent.objects.count() == 1

        SyncRun.objects.all().delete()
        walk(said("m_1", now), at=now + timedelta(minutes=30))
        assert ParkedEvent.objects.count() == 0
        assert look_for_announced(now=now + timedelta(hours=1)) == 0

    def test_are_looked_for_once_there_was_a_first_sync(self, page, deliver, now):
        deliver(self.ANNOUNCED)
        Page.objects.filter(pk=page.pk).update(last_synced_at=None)
        assert look_for_announced(now=now + timedelta(minutes=2)) == 0

        Page.objects.filter(pk=page.pk).update(last_synced_at=now)

        assert look_for_announced(now=now + timedelta(minutes=3)) == 1
