"""The page of a run that goes on."""

import pytest

from hirocrm.sync.models import RunStatus
from tests.factories import PageFactory, SyncRunFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TELL = "([kind]) => document.querySelector('[data-live-url]').dispatchEvent(new CustomEvent(kind, {bubbles: true}))"


class TestNews:
    def test_the_end_is_shown_though_it_comes_right_after_other_news(self, visit, agent):
        run = SyncRunFactory(
            page=PageFactory(organization=agent.organization), status=RunStatus.RUNNING
        )
        page = visit(agent, f"/runs/{run.pk}")
        page.locator("html[data-live=on]").wait_for(state="attached")

        def is_asked_after(kind):
            with page.expect_response(f"**/runs/{run.pk}") as asked:
                page.evaluate(TELL, [kind])
            return asked.value.ok

        assert [is_asked_after(kind) for kind in ("live:run", "live:end")] == [True, True]
