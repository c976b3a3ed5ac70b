"""Having Meta deliver the events of a Page that was connected without a look at it."""

import pytest
from asgiref.sync import async_to_sync
from procrastinate.contrib.django.models import ProcrastinateJob

from hirocrm.core.errors import UpstreamUnavailable
from hirocrm.meta import requirements, services, tasks
from hirocrm.meta.models import ConnectionState, Page
from hirocrm.web.pages.presentation import notices_of

CLOSET = "110000000000001"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(sandbox, owner, now) -> Page:
    token = sandbox.graph.add_page(CLOSET, "Ana's Closet")
    access = services.PageAccess(remote_id=CLOSET, name="Ana's Closet", access_token=token)
    page, _ = services.connect_page(member=owner, access=access, verify=False, look=False, now=now)
    return page


def subscribe(page: Page) -> Page:
    """Run the job that connecting queued."""
    async_to_sync(tasks.subscribe_page.func)(page_id=str(page.pk))
    return Page.objects.select_related("webhook_health").get(pk=page.pk)


class TestConnectPage:
    def test_asks_meta_nothing_itself_and_queues_the_subscription(self, sandbox, page):
        jobs = ProcrastinateJob.objects.values_list("task_name", "args")
        assert list(jobs) == [("meta.subscribe_page", {"page_id": str(page.pk)})]
        assert sandbox.control.count("graph.subscribed_apps") == 0


class TestSubscribePage:
    def test_has_the_events_delivered(self, sandbox, page):
        page = subscribe(page)

        told = sandbox.control.state()["pages"][0]["subscribed_fields"]
        assert told == page.subscribed_fields == list(requirements.PAGE_FIELDS)
        assert page.state == ConnectionState.HEALTHY

    def test_a_refusal_is_shown_and_costs_nothing_else(self, sandbox, page, now):
        sandbox.graph.refuses(code=100, match={"op": "subscribed_apps"})

        page = subscribe(page)

        assert (page.state, page.subscribed_fields) == (ConnectionState.HEALTHY, [])
        assert page.webhook_health.subscribe_problem != ""
        (notice,) = notices_of(page, now=now)
        assert page.webhook_health.subscribe_problem in notice.text

    def test_the_problem_is_forgotten_once_it_works(self, sandbox, page):
        sandbox.graph.refuses(code=100, match={"op": "subscribed_apps"}, times=2)
        subscribe(page)

        page = subscribe(page)

        assert page.webhook_health.subscribe_problem == ""
        assert page.subscribed_fields == list(requirements.PAGE_FIELDS)

    def test_a_dead_token_is_shown_at_once(self, sandbox, page):
        sandbox.graph.kills_token(CLOSET, 460)

        page = subscribe(page)

        assert page.state == ConnectionState.NEEDS_RECONNECT
        assert "password" in page.state_reason

    def test_an_outage_is_tried_again(self, sandbox, page):
        sandbox.graph.breaks("html_502", CLOSET)

        with pytest.raises(UpstreamUnavailable):
            subscribe(page)

    def test_is_left_out_without_an_app(self, sandbox, page, settings):
        settings.FACEBOOK_APP_ID = settings.FACEBOOK_APP_SECRET = ""

        page = subscribe(page)

        assert page.subscribed_fields == []
        assert sandbox.control.count("graph.subscribed_apps") == 0
