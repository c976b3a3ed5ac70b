"""Syncs whose time has come by each Page's schedule."""

from datetime import timedelta

import pytest

from hirocrm.meta.models import Page
from hirocrm.sync import services
from hirocrm.sync.models import SyncRun
from tests.factories import PageFactory, SyncRunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(owner, now) -> Page:
    return PageFactory(organization=owner.organization, sync_schedule="hourly", last_synced_at=now)


class TestStartDueSyncs:
    @pytest.mark.parametrize(("schedule", "minutes"), [("hourly", 60), ("daily", 24 * 60)])
    def test_starts_a_page_when_its_time_has_come(self, page, now, schedule, minutes):
        Page.objects.update(sync_schedule=schedule)

        early = services.start_due_syncs(now=now + timedelta(minutes=minutes, seconds=-1))
        due = services.start_due_syncs(now=now + timedelta(minutes=minutes))

        assert (early, due) == (0, 1)
        run = SyncRun.objects.get()
        assert (run.page, run.full, run.started_by, run.options) == (page, False, None, {})

    def test_starts_no_second_one_while_one_is_under_way(self, page, now):
        SyncRunFactory(page=page, status="running")

        assert services.start_due_syncs(now=now + timedelta(days=2)) == 0

    @pytest.mark.parametrize(
        "fields",
        [
            {"sync_schedule": "off"},
            {"state": "needs_reconnect"},
            {"last_synced_at": None},  # the first sync is a person's
        ],
    )
    def test_leaves_others_alone(self, page, now, fields):
        Page.objects.update(**fields)

        assert services.start_due_syncs(now=now + timedelta(days=2)) == 0
        assert SyncRun.objects.count() == 0

    def test_those_that_wait_longest_come_first(self, page, now, monkeypatch):
        monkeypatch.setattr(services, "SCHEDULED_AT_ONCE", 1)
        older = PageFactory(
            organization=page.organization,
            sync_schedule="hourly",
            last_synced_at=now - timedelta(days=1),
        )

        rounds = [services.start_due_syncs(now=now + timedelta(hours=2)) for _ in range(3)]

        assert rounds == [1, 1, 0]
        assert list(SyncRun.objects.order_by("id").values_list("page", flat=True)) == [
            older.pk,
            page.pk,
        ]
