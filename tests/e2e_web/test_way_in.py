"""A newcomer's way in, in a browser."""

import re

import pytest

from hirocrm.core import clock
from hirocrm.organizations import services
from hirocrm.organizations.models import Member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "correct horse 7"


class TestNewcomer:
    @pytest.mark.parametrize("phone", [False, True])
    def test_signs_up_and_comes_to_a_board(self, visit, phone):
        page = visit(None, "/", phone=phone)

        page.get_by_role("link", name="Create an account").click()
        page.get_by_label("Name of your business").fill("Ana's Closet")
        page.get_by_label("Email").fill("ana@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create account").click()
        page.wait_for_url("**/welcome")
        steps = page.locator("[data-step]").count()
        page.goto(page.url.replace("/welcome", "/board"))

        assert steps == 6
        assert page.locator("[data-board-column]").count() == 7
        assert page.get_by_role("heading", level=1).inner_text() == "Sales Pipeline"


class TestSeveralOrganizations:
    def test_are_a_menu_apart_and_another_tab_writes_into_neither(self, visit, owner):
        from tests.factories import MemberFactory

        other = MemberFactory(user=owner.user, organization__name="Client Two")
        page = visit(owner, "/settings")
        tab = page.context.new_page()
        tab.goto(page.url)

        page.get_by_label("Your account").click()
        page.get_by_role("button", name="Client Two").click()
        page.get_by_text("You are in Client Two now.").wait_for()
        tab.get_by_label("Name", exact=True).fill("Written by the wrong tab")
        tab.get_by_role("button", name="Save").click()
        tab.get_by_text("This browser shows Client Two now.").wait_for()

        other.organization.refresh_from_db()
        owner.organization.refresh_from_db()
        assert other.organization.name == "Client Two"
        assert owner.organization.name != "Written by the wrong tab"


class TestForgottenPassword:
    def test_is_replaced_by_the_mails_link_which_works_once(self, visit, server, owner, mails):
        page = visit(None, "/accounts/login/")

        page.get_by_role("link", name=re.compile("Forgot")).click()
        page.get_by_label("Email").fill(owner.user.email)
        page.get_by_role("button", name="Send the link").click()
        page.get_by_role("heading", name="Look in your inbox").wait_for()
        link = link_in_mail_to(owner.user.email, mails)
        page.goto(link)
        page.get_by_label("New password").fill(PASSWORD)
        page.get_by_label("The same once more").fill(PASSWORD)
        page.get_by_role("button", name="Save password").click()
        page.get_by_role("heading", name="Password saved").wait_for()
        page.get_by_role("link", name="Sign in").click()
        page.get_by_label("Email").fill(owner.user.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/accounts/" not in url)
        used = visit(None, link.removeprefix(server))

        used.get_by_role("heading", name="This link no longer works").wait_for()


class TestInvitation:
    def test_mailed_makes_who_has_an_account_a_member(self, visit, owner, stranger, mails):
        page = visit(owner, "/settings/members")

        page.get_by_label("E-mail address").fill(stranger.user.email)
        page.get_by_label("Role", exact=True).select_option("viewer")
        page.get_by_role("button", name="Make invitation").click()
        shown = page.locator("[data-invitation-link]").input_value()
        theirs = visit(stranger, "/")
        theirs.goto(link_in_mail_to(stranger.user.email, mails))
        theirs.get_by_role("button", name="Join").click()
        theirs.wait_for_url(lambda url: "/join/" not in url)
        again = theirs.goto(shown)

        joined = Member.objects.get(user=stranger.user, organization=owner.organization)
        assert (joined.role, again.status) == ("viewer", 404)

    def test_withdrawn_leads_nowhere(self, visit, owner):
        _, secret = services.invite_member(
            member=owner, email="ben@example.com", role="agent", now=clock.now()
        )
        page = visit(owner, "/settings/members")

        page.get_by_role("button", name="Withdraw ben@example.com").click()
        page.get_by_text("Open invitations").wait_for(state="detached")

        guest = visit(None, "/accounts/login/")
        assert guest.goto(page.url.replace("/settings/members", f"/join/{secret}")).status == 404


def link_in_mail_to(address, mails):
    """The link of the newest mail that the server printed for somebody."""
    mine = mails.read_text("utf-8").rpartition(f"To: {address}\n")[2]
    found = re.search(r"https?://\S+", mine)
    assert found is not None
    return found[0]
