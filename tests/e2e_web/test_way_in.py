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
