"""What a sync that was cut off left undone is the next one's to do."""

from datetime import timedelta

import pytest

from hirocrm.meta.models import Page
from hirocrm.sync import services
from hirocrm.sync.models import RunStatus, SyncRun
from hirocrm.sync.schedule import start_due_syncs
from hirocrm.sync.webhooks import gaps
from tests.factories import PageFactory, SyncRunFactory

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
CUT_OFF = [RunStatus.TOKEN_EXPIRED, RunStatus.FAILED]


@pytest.fixture
def page(owner, now) -> Page:
    return PageFactory(
        organization=owner.organization, sync_schedule="hourly", last_synced_at=now - 2 * HOUR
    )


@pytest.fixture
def ended(page, now):
    """A full sync of the Page that somebody asked for, ended so an hour ago."""

    def ended(status, **fields) -> SyncRun:
        fields = {"full": True, "options": {"asked": True}, "created_at": now - HOUR} | fields
        return SyncRunFactory(page=page, finished_at=now, status=status, **fields)

    return ended


def begun(page) -> tuple[bool, dict[str, object]]:
    run = page.sync_runs.get(finished_at=None)
    return run.full, run.options


class TestAFullSyncThatWasCutOff:
    @pytest.mark.parametrize("status", CUT_OFF)
    def test_goes_on_as_one_by_schedule(self, page, ended, now, status):
        ended(status)

        start_due_syncs(now=now + HOUR)

        assert begun(page) == (True, {"asked": True})

    def test_goes_on_as_one_after_the_reconnect(self, page, ended, now):
        ended(RunStatus.TOKEN_EXPIRED)

        assert gaps.repair_page(page_id=page.pk, now=now + HOUR) == 1

        assert begun(page) == (True, {"asked": True})

    def test_goes_on_as_one_when_a_person_asks_for_a_sync(self, page, ended, owner, now):
        ended(RunStatus.TOKEN_EXPIRED, options={})

        services.start_sync(page=page, member=owner, now=now)

        assert begun(page) == (True, {"asked": True})

    def test_goes_on_as_one_though_it_was_cut_off_again(self, page, ended, now):
        ended(RunStatus.TOKEN_EXPIRED)
        again = services.start_sync(page=page, now=now)
        SyncRun.objects.filter(pk=again.pk).update(status="token_expired", finished_at=now)

        services.start_sync(page=page, now=now + HOUR)

        assert begun(page) == (True, {"asked": True})

    def test_is_not_forgotten_for_a_light_one(self, page, ended, now):
        ended(RunStatus.TOKEN_EXPIRED)
        ended(RunStatus.COMPLETED, full=False, options={"light": True}, created_at=now)

        services.start_sync(page=page, now=now + HOUR)

        assert begun(page) == (True, {"asked": True})

    def test_is_not_a_light_ones_to_do(self, page, ended, now):
        ended(RunStatus.TOKEN_EXPIRED)

        services.start_sync(page=page, light=True, now=now)

        assert begun(page) == (False, {"light": True})

    def test_is_taken_on_by_a_light_one_that_is_made_whole(self, page, ended, now):
        ended(RunStatus.TOKEN_EXPIRED)
        services.start_sync(page=page, light=True, now=now)

        services.start_sync(page=page, now=now)

        assert begun(page) == (True, {"asked": True})

    @pytest.mark.parametrize(
        "status", [RunStatus.COMPLETED, RunStatus.PARTIAL, RunStatus.CANCELLED]
    )
    def test_is_over_once_one_got_to_an_end_or_was_cancelled(self, page, ended, now, status):
        ended(RunStatus.TOKEN_EXPIRED)
        ended(status, created_at=now)

        services.start_sync(page=page, now=now + HOUR)

        assert begun(page) == (False, {})

    def test_is_its_own_pages(self, page, ended, now):
        ended(RunStatus.TOKEN_EXPIRED)
        other = PageFactory(organization=page.organization)

        services.start_sync(page=other, now=now)

        assert begun(other) == (False, {})
