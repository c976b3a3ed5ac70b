import pytest

from hirocrm.analysis.asker import asker_for
from hirocrm.sync import services
from hirocrm.sync.models import SyncPosition
from hirocrm.sync.plan import evaluates_all, evaluation_hash, plan_for
from tests.factories import PageFactory, PipelineFactory

pytestmark = pytest.mark.django_db

UPDATE, SKIP = "UPDATE_EXISTING", "SKIP_EXISTING"


def page_of(owner, mode):
    """A Page that was evaluated by its rules as they are."""
    page = PageFactory(
        organization=owner.organization,
        auto_pipeline=PipelineFactory(organization=owner.organization),
        auto_pipeline_mode=mode,
    )
    SyncPosition.objects.create(page=page, organization=page.organization, platform="messenger")
    return page


def everyone(run, page):
    """Whether the run evaluates every contact, when the rules are those of the last one."""
    plan = plan_for(run, page, asker_for(page.organization))
    digest = evaluation_hash(plan.rules, plan.settings_hash)
    SyncPosition.objects.update(evaluated_settings=digest)
    return evaluates_all(run, page, plan.rules, plan.settings_hash)


class TestEvaluatesAll:
    @pytest.mark.parametrize(
        "case",
        [
            (UPDATE, True, False, True),
            (UPDATE, False, False, False),
            (UPDATE, False, True, True),
            (SKIP, True, True, False),
        ],
    )
    def test_by_who_asks_and_the_mode(self, owner, now, case):
        mode, asked, full, expected = case
        page = page_of(owner, mode)

        run = services.start_sync(page=page, member=owner if asked else None, full=full, now=now)

        assert everyone(run, page) is expected

    def test_asking_while_a_scheduled_one_is_under_way_counts(self, owner, now):
        page = page_of(owner, UPDATE)
        scheduled = services.start_sync(page=page, now=now)

        run = services.start_sync(page=page, member=owner, now=now)

        assert run == scheduled
        assert everyone(run, page) is True
