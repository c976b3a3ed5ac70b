"""What ends with a Page, at Meta too."""

import pytest

from hirocrm.meta import subscribing
from hirocrm.meta.models import Page
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


class TestRemovePage:
    @pytest.mark.parametrize("erase", [False, True])
    def test_ends_the_delivery_of_its_events(self, server, page, owner, now, erase):
        remove_page(member=owner, reference=str(page.pk), erase=erase, now=now)

        assert subscribed(server) == []

    @pytest.mark.parametrize("fault", ["dead token", "refused", "html_502", "reset"])
    def test_is_done_whatever_meta_says(self, server, page, owner, now, fault):
        if fault == "dead token":
            server.graph.kills_token(CLOSET, 460)
        elif fault == "refused":
            server.graph.refuses(CLOSET, 200, match={"op": "subscribed_apps"})
        else:
            server.graph.breaks(fault)

        remove_page(member=owner, reference=str(page.pk), now=now)

        page.refresh_from_db()
        assert (page.state, page.access_token) == ("forgotten", "")

    def test_waits_for_meta_only_so_long(self, server, page, owner, now, monkeypatch):
        monkeypatch.setattr(subscribing, "PATIENCE_SECONDS", 0.05)
        server.graph.breaks("hang", match={"op": "subscribed_apps"})

        remove_page(member=owner, reference=str(page.pk), now=now)

        page.refresh_from_db()
        assert page.state == "forgotten"

    def test_leaves_a_page_alone_that_another_organization_has_connected_meanwhile(
        self, server, page, stranger
    ):
        Page.objects.filter(pk=page.pk).update(remote_id=None, access_token="", state="forgotten")
        PageFactory(
            organization=stranger.organization, remote_id=CLOSET, access_token=page.access_token
        )

        subscribing.end(page)

        assert subscribed(server) == ["messages"]

    def test_leaves_another_apps_subscription_alone(self, server, page, owner, now, settings):
        settings.FACEBOOK_APP_SECRET = ""

        remove_page(member=owner, reference=str(page.pk), now=now)

        assert subscribed(server) == ["messages"]
        assert server.control.count("graph.subscribed_apps") == 0
