"""A newcomer's way in, in a browser."""

import pytest

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
