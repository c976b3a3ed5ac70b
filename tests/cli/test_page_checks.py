"""What `hirocrm doctor` says of Pages."""

from datetime import UTC, datetime, timedelta

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


def until(end: datetime) -> str:
    return f"“Ana's Closet” is limited until {end:%d %b %Y, %H:%M} UTC."


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

    @pytest.mark.parametrize("token", ["kept", ""])
    def test_says_that_the_app_was_removed_at_meta(self, server, page, token):
        server.graph.kills_token(CLOSET, 458)
        if not token:  # as Meta's call leaves it
            Page.objects.update(
                access_token="", state="removed", state_reason="They removed the app on Facebook."
            )

        (finding,) = check_pages()

        assert (finding.status, finding.detail) == (
            "fail",
            "“Ana's Closet”: the app was removed from it at Meta.",
        )
        assert "removed the app" in finding.advice

    def test_leaves_out_what_was_removed_here(self, page):
        Page.objects.update(access_token="", state="forgotten")

        (finding,) = check_pages()

        assert finding.detail == "No Page is connected."

    def test_a_pause_is_no_failure(self, server, page):
        server.graph.rate_limits(CLOSET, 80006, regain_minutes=600, match={"op": "page"})
        end = datetime.now(UTC) + timedelta(hours=10)

        (finding,) = check_pages()

        assert finding.status == "warn"
        assert finding.detail in {until(end), until(end + timedelta(minutes=1))}

    def test_a_pause_of_sending_alone_is_told_with_its_end(self, page):
        page.state, page.state_reason = "limited", "Meta has restricted this account."
        page.limited_until = end = datetime.now(UTC) + timedelta(hours=6)
        page.save()

        (finding,) = check_pages()

        assert (finding.status, finding.detail) == ("warn", until(end))
        assert finding.advice == "Meta has restricted this account."

    def test_meta_being_away_is_no_failure(self, server, page):
        server.graph.breaks("html_502")

        (finding,) = check_pages()

        assert (finding.status, finding.detail) == ("warn", "“Ana's Closet” couldn't be asked.")

    def test_changes_nothing(self, server, page):
        server.graph.kills_token(CLOSET, 460)

        check_pages()

        assert Page.objects.get().state == "healthy"
