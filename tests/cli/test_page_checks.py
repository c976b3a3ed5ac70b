"""What `hirocrm doctor` says of Pages."""

import pytest

from hirocrm.cli.checks.remote import check_pages
from hirocrm.meta.models import Page
from hirocrm.sandbox.server import SandboxServer
from tests.factories import PageFactory
from tests.stand_in import start_over

CLOSET = "110000000000001"


@pytest.fixture(scope="module")
def server():
    with SandboxServer("--page-id", "110000000000099") as running:
        yield running


@pytest.fixture
def page(server, settings, owner) -> Page:
    start_over(server, settings)
    token = server.graph.add_page(CLOSET, "Ana's Closet")
    return PageFactory(organization=owner.organization, remote_id=CLOSET, access_token=token)


@pytest.mark.django_db(transaction=True)
class TestCheckPages:
    def test_warns_of_events_that_arent_delivered(self, page):
        (finding,) = check_pages()

        assert (finding.name, finding.status) == ("page", "warn")
        assert finding.detail == "“Ana's Closet”: the token works, but no events are delivered."

    def test_says_why_a_page_needs_reconnecting(self, server, page):
        server.graph.kills_token(CLOSET, 460)

        (finding,) = check_pages()

        assert (finding.status, finding.detail) == ("fail", "“Ana's Closet” needs reconnecting.")
        assert "password" in finding.advice

    def test_a_pause_is_no_failure(self, server, page):
        server.graph.rate_limits(CLOSET, 80006, match={"op": "page"})

        (finding,) = check_pages()

        assert (finding.status, finding.detail) == ("warn", "“Ana's Closet” is limited for now.")

    def test_meta_being_away_is_no_failure(self, server, page):
        server.graph.breaks("html_502")

        (finding,) = check_pages()

        assert (finding.status, finding.detail) == ("warn", "“Ana's Closet” couldn't be asked.")

    def test_changes_nothing(self, server, page):
        server.graph.kills_token(CLOSET, 460)

        check_pages()

        assert Page.objects.get().state == "healthy"
