"""Syncs whose time has come by each Page's schedule."""

from datetime import timedelta

import pytest

from hirocrm.meta.models import Page
from hirocrm.sync.models import RunStatus, SyncRun
from hirocrm.sync.schedule import start_due_syncs
from hirocrm.sync.webhooks import gaps
from tests.factories import PageFactory, SyncRunFactory

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def page(owner, now) -> Page:
    return PageFactory(organization=owner.organization, sync_schedule="hourly", last_synced_at=now)


class TestStartDueSyncs:
    @pytest.mark.parametrize(("schedule", "minutes"), [("hourly", 60), ("daily", 24 * 60)])
    def test_starts_a_page_when_its_time_has_come(self, page, now, schedule, minutes):
        Page.objects.update(sync_schedule=schedule)

        early = start_due_syncs(now=now + timedelta(minutes=minutes, seconds=-1))
        due = start_due_syncs(now=now + timedelta(minutes=minutes))

        assert (early, due) == (0, 1)
        run = SyncRun.objects.get()
        assert (run.page, run.full, run.started_by, run.options) == (page, False, None, {})

    def test_starts_no_second_one_while_one_is_under_way(self, page, now):
        SyncRunFactory(page=page, status="running")

        assert start_due_syncs(now=now + timedelta(days=2)) == 0

    @pytest.mark.parametrize(
        "fields",
        [
            {"sync_schedule": "off"},
            {"state": "needs_reconnect"},
            {"last_synced_at": None},  # nobody has chosen the first sync yet
        ],
    )
    def test_leaves_others_alone(self, page, now, fields):
        Page.objects.update(**fields)

        assert start_due_syncs(now=now + timedelta(days=2)) == 0
        assert SyncRun.objects.count() == 0

    def test_those_that_wait_longest_come_first(self, page, now, monkeypatch):
        monkeypatch.setattr("hirocrm.sync.schedule.SCHEDULED_AT_ONCE", 1)
        older = PageFactory(
            organization=page.organization,
            sync_schedule="hourly",
            last_synced_at=now - timedelta(days=1),
        )

        rounds = [start_due_syncs(now=now + timedelta(hours=2)) for _ in range(3)]

        assert rounds == [1, 1, 0]
        assert list(SyncRun.objects.order_by("id").values_list("page", flat=True)) == [
            older.pk,
            page.pk,
        ]


class TestFirstSyncs:
    @pytest.fixture
    def cut_off(self, page, now):
        """The Page, whose first sync ended so an hour ago."""

        def cut_off(status, **fields) -> Page:
            Page.objects.update(last_synced_at=None)
            at = now - timedelta(hours=1)
            SyncRunFactory(page=page, created_at=at, finished_at=at, status=status, **fields)
            return page

        return cut_off

    @pytest.mark.parametrize("status", [RunStatus.TOKEN_EXPIRED, RunStatus.FAILED])
    def test_one_that_was_cut_off_goes_on_as_deep_as_it_was_begun(self, cut_off, now, status):
        begun = {"since": "2025-10-01T00:00:00+00:00", "asked": True}
        page = cut_off(status, options=begun, full=True)

        assert [start_due_syncs(now=now), start_due_syncs(now=now)] == [1, 0]
        run = page.sync_runs.get(finished_at=None)
        assert (run.options, run.full, run.started_by) == (begun, True, None)

    def test_it_waits_for_the_reconnect(self, cut_off, now):
        page = cut_off(RunStatus.TOKEN_EXPIRED)
        Page.objects.update(state="needs_reconnect")
        assert start_due_syncs(now=now) == 0

        assert gaps.repair_page(page_id=page.pk, now=now) == 0
        Page.objects.update(state="healthy")
        assert gaps.repair_page(page_id=page.pk, now=now) == 1
        assert gaps.repair_page(page_id=page.pk, now=now) == 0

    def test_one_that_somebody_cancelled_stays_a_persons(self, cut_off, now):
        page = cut_off(RunStatus.TOKEN_EXPIRED)
        at = now - timedelta(minutes=30)
        SyncRunFactory(page=page, created_at=at, finished_at=at, status=RunStatus.CANCELLED)

        assert start_due_syncs(now=now) == 0
        assert gaps.repair_page(page_id=page.pk, now=now) == 0

    def test_an_import_is_no_first_sync(self, cut_off, now):
        page = cut_off(RunStatus.FAILED, kind="import")

        assert start_due_syncs(now=now) == 0
        assert gaps.repair_page(page_id=page.pk, now=now) == 0


def end(run, status, at):
    SyncRun.objects.filter(pk=run.pk).update(status=status, finished_at=at)


def minutes_of_starts(page, now, *, until, status):
    """The minutes in which a tick started a run, when every run ends at once with `status`."""
    minutes = []
    for minute in range(until):
        at = now + minute * MINUTE
        if start_due_syncs(now=at):
            minutes.append(minute)
            end(page.sync_runs.get(finished_at=None), status, at)
    return minutes


@pytest.fixture
def overdue(page, now) -> Page:
    """A Page whose hour has come."""
    Page.objects.update(last_synced_at=now - 61 * MINUTE)
    page.refresh_from_db()
    return page


class TestRests:
    def test_a_cancelled_run_waits_for_the_next_interval(self, overdue, now):
        starts = minutes_of_starts(overdue, now, until=130, status=RunStatus.CANCELLED)

        assert starts == [0, 60, 120]

    def test_a_failed_run_rests_twice_as_long_each_time_up_to_the_interval(self, overdue, now):
        starts = minutes_of_starts(overdue, now, until=240, status=RunStatus.FAILED)

        assert starts == [0, 5, 15, 35, 75, 135, 195]

    def test_failures_before_the_last_success_are_forgotten(self, overdue, now):
        for minutes in (62, 70, 80):
            at = now - minutes * MINUTE
            SyncRunFactory(page=overdue, created_at=at, finished_at=at, status=RunStatus.FAILED)

        starts = minutes_of_starts(overdue, now, until=6, status=RunStatus.FAILED)

        assert starts == [0, 5]

    def test_pages_that_rest_dont_take_the_place_of_others(self, overdue, now, monkeypatch):
        monkeypatch.setattr("hirocrm.sync.schedule.SCHEDULED_AT_ONCE", 1)
        resting = PageFactory(last_synced_at=now - 90 * MINUTE)
        at = now - MINUTE
        SyncRunFactory(page=resting, created_at=at, finished_at=at, status=RunStatus.FAILED)

        assert start_due_syncs(now=now) == 1
        assert (overdue.sync_runs.count(), resting.sync_runs.count()) == (1, 1)
