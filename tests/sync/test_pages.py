"""What ends with a Page, at Meta too."""

from datetime import timedelta
from html import unescape

import pytest
from asgiref.sync import async_to_sync
from procrastinate import JobContext
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job

from hirocrm.core.errors import UpstreamUnavailable
from hirocrm.core.jobs import app
from hirocrm.meta import endings, tasks
from hirocrm.meta.models import Page, PageEnding
from hirocrm.sandbox.server import SandboxServer
from hirocrm.sync.pages import remove_page
from tests.factories import PageFactory
from tests.stand_in import start_over

CLOSET = "110000000000001"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def server():
    with SandboxServer("--page-id", "110000000000099") as running:
        yield running


@pytest.fixture
def page(server, settings, owner) -> Page:
    start_over(server, settings)
    token = server.graph.add_page(CLOSET, "Ana's Closet", subscribed_fields=["messages"])
    return PageFactory(organization=owner.organization, remote_id=CLOSET, access_token=token)


def subscribed(server) -> list[str]:
    return list(server.control.state()["pages"][0]["subscribed_fields"])


def end_events(*, attempts: int = 0) -> None:
    """Run the jobs that removing queued, as a worker does in that attempt."""
    for row in ProcrastinateJob.objects.filter(task_name="meta.end_events"):
        job = Job(
            id=row.pk, queue="default", lock=None, queueing_lock=None, task_name=row.task_name,
            attempts=attempts,
        )  # fmt: skip
        context = JobContext(app=app, job=job, start_timestamp=0.0, abort_reason=lambda: None)
        async_to_sync(tasks.end_events.func)(context, **row.args)


class TestRemovePage:
    @pytest.mark.parametrize("erase", [False, True])
    def test_ends_the_delivery_of_its_events(self, server, page, owner, now, erase):
        remove_page(member=owner, reference=str(page.pk), erase=erase, now=now)
        assert subscribed(server) == ["messages"]  # nobody waits for Meta

        end_events()

        assert (subscribed(server), PageEnding.objects.count()) == ([], 0)

    def test_the_job_holds_no_token(self, page, owner, now):
        remove_page(member=owner, reference=str(page.pk), now=now)

        job = ProcrastinateJob.objects.get(task_name="meta.end_events")
        assert job.args == {"ending_id": str(PageEnding.objects.get().pk)}

    @pytest.mark.parametrize("fault", ["html_502", "reset"])
    def test_is_tried_again_while_meta_is_away(self, server, page, owner, now, fault):
        server.graph.breaks(fault, times=1)
        remove_page(member=owner, reference=str(page.pk), now=now)

        with pytest.raises(UpstreamUnavailable) as raised:
            end_events()
        decision = tasks.end_events.retry_strategy.get_retry_decision(
            exception=raised.value, job=Job(
                id=1, queue="default", lock=None, queueing_lock=None, task_name="x", attempts=3
            ),
        )  # fmt: skip
        assert decision is not None
        end_events(attempts=1)

        assert (subscribed(server), PageEnding.objects.count()) == ([], 0)
        page.refresh_from_db()
        assert (page.state, page.access_token) == ("forgotten", "")

    @pytest.mark.parametrize("fault", ["dead token", "refused", "away for an hour"])
    def test_says_when_it_could_not_be_ended(self, server, page, now, fault, client):
        if fault == "dead token":
            server.graph.kills_token(CLOSET, 460)
        elif fault == "refused":
            server.graph.refuses(CLOSET, 200, match={"op": "subscribed_apps"})
        else:
            server.graph.breaks("html_502")
        owner = page.organization.members.get()
        remove_page(member=owner, reference=str(page.pk), now=now)

        end_events(attempts=endings.TRIES)

        ending = PageEnding.objects.get()
        assert (ending.access_token, ending.problem != "") == ("", True)
        client.force_login(owner.user)
        text = unescape(client.get("/settings/webhooks").text)
        assert "Removed here, perhaps still delivered" in text
        assert ending.problem in text

    def test_is_not_told_of_a_page_that_is_connected_again(self, page, owner, now):
        ended = {"organization": owner.organization, "created_at": now, "given_up_at": now}
        PageEnding.objects.create(remote_id=CLOSET, name=page.name, flavour="page", **ended)

        assert list(endings.list_given_up(member=owner)) == []

    def test_is_told_to_nobody_else(self, owner, stranger, now):
        ended = {"organization": owner.organization, "created_at": now, "given_up_at": now}
        PageEnding.objects.create(remote_id="1", name="Gone", flavour="page", **ended)

        assert [one.name for one in endings.list_given_up(member=owner)] == ["Gone"]
        assert list(endings.list_given_up(member=stranger)) == []

    def test_leaves_a_page_alone_that_another_organization_has_connected_meanwhile(
        self, server, page, owner, stranger, now
    ):
        token = page.access_token
        remove_page(member=owner, reference=str(page.pk), now=now)
        Page.objects.filter(pk=page.pk).update(remote_id=None)
        PageFactory(organization=stranger.organization, remote_id=CLOSET, access_token=token)

        end_events()

        assert (subscribed(server), PageEnding.objects.count()) == (["messages"], 0)

    def test_keeps_the_token_no_longer_than_a_day(self, page, owner, now):
        remove_page(member=owner, reference=str(page.pk), now=now)

        endings.forget_old(now=now + timedelta(hours=23))
        assert PageEnding.objects.get().access_token == page.access_token
        endings.forget_old(now=now + timedelta(hours=25))
        assert PageEnding.objects.get().access_token == ""
        endings.forget_old(now=now + timedelta(days=32))

        assert PageEnding.objects.count() == 0

    def test_leaves_another_apps_subscription_alone(self, server, page, owner, now, settings):
        settings.FACEBOOK_APP_SECRET = ""

        remove_page(member=owner, reference=str(page.pk), now=now)

        assert subscribed(server) == ["messages"]
        assert server.control.count("graph.subscribed_apps") == 0
