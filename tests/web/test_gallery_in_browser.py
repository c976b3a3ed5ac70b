"""The behaviours of frontend/js, driven in Chromium on the gallery page."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browser: "Browser", live_server, owner) -> "Iterator[Page]":
    owner.user.is_staff = True
    owner.user.save(update_fields=["is_staff"])
    client = Client()
    client.force_login(owner.user)
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme="light", reduced_motion="reduce"
    )
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    context.add_cookies([cookie])
    page = context.new_page()
    page.set_default_timeout(15_000)
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on(
        "console",
        lambda line: faults.append(line.text) if "Content Security" in line.text else None,
    )
    page.goto(f"{live_server.url}/design")
    page.locator(".board [data-board-card]").first.wait_for()
    page.wait_for_load_state("networkidle")
    yield page
    context.close()
    assert faults == []


def spoken(page: "Page", words: str) -> None:
    page.locator("#spoken", has_text=words).wait_for(state="attached")


def column_of(page: "Page", card: str) -> str | None:
    return page.locator(f"[data-board-column]:has(#card-{card})").get_attribute("data-stage")


class TestBoardByKeyboard:
    def test_carries_a_card_to_another_column_and_says_so(self, page):
        page.locator("#card-c0-link").focus()

        page.keyboard.press("Space")
        spoken(page, "Ana Cruz picked up from New Lead, column 1 of 5.")
        page.keyboard.press("ArrowRight")
        spoken(page, "Over Contacted, column 2 of 5.")
        page.keyboard.press("Space")
        spoken(page, "Ana Cruz moved to Contacted.")

        assert column_of(page, "c0") == "contacted"
        assert page.evaluate("document.activeElement.id") == "card-c0-link"
        assert page.locator("#column-new [data-board-count]").inner_text() == "1,203"
        assert (
            page.locator(".toast", has_text="Moved.").get_by_role("button", name="Undo").count()
            == 1
        )

    def test_puts_it_back_on_escape(self, page):
        page.locator("#card-c1-link").focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")

        page.keyboard.press("Escape")

        spoken(page, "Nguyễn Thị Mai is back in New Lead.")
        assert column_of(page, "c1") == "new"

    def test_walks_between_cards(self, page):
        page.locator("#card-c0-link").focus()

        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")

        assert page.evaluate("document.activeElement.id") == "card-c3-link"


class TestBoardByMouse:
    def test_drops_a_card_where_the_mouse_lets_go(self, page):
        self.drag(page, "c2", "qualified")

        page.locator(".toast", has_text="Moved.").wait_for()
        assert column_of(page, "c2") == "qualified"

    def test_puts_the_card_back_and_says_who_was_first(self, page):
        page.locator("#column-won [data-board-fold]").click()

        self.drag(page, "c2", "won")

        page.locator(".toast", has_text="Ben Reyes moved it first.").wait_for()
        assert column_of(page, "c2") == "contacted"
        assert page.locator("#column-won [data-board-count]").inner_text() == "86"

    def test_asks_why_before_a_card_is_lost(self, page):
        self.drag(page, "c2", "lost")
        dialog = page.get_by_role("dialog", name="Why was it lost?")

        dialog.get_by_role("button", name="Put it back").click()

        dialog.wait_for(state="hidden")
        assert column_of(page, "c2") == "contacted"

    def drag(self, page: "Page", card: str, stage: str) -> None:
        page.locator(f"#column-{stage}").scroll_into_view_if_needed()
        start = page.locator(f"#card-{card} .contact-card-last").bounding_box()
        end = page.locator(f"#column-{stage} [data-board-cards]").bounding_box()
        assert start
        assert end
        page.mouse.move(start["x"] + 20, start["y"] + 5)
        page.mouse.down()
        page.mouse.move(start["x"] + 60, start["y"] + 20, steps=4)
        page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 60, steps=12)
        page.mouse.up()


class TestMoveTo:
    def test_moves_by_choosing_a_stage(self, page):
        page.locator("#card-c1").get_by_role("button", name="Move Nguyễn Thị Mai to…").click()

        page.get_by_role("dialog").get_by_role("button", name="Qualified").click()

        page.locator(".toast", has_text="Moved.").wait_for()
        assert column_of(page, "c1") == "qualified"


class TestOverlays:
    def test_a_dialog_closes_on_escape_and_gives_the_focus_back(self, page):
        opener = page.get_by_role("button", name="A dialog")
        opener.click()

        page.keyboard.press("Escape")

        assert page.get_by_role("dialog").count() == 0
        assert opener.evaluate("element => element === document.activeElement")

    def test_a_menu_walks_by_arrows_and_closes_on_escape(self, page):
        page.locator("summary", has_text="Actions").click()
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.textContent.trim()").startswith("Tag…")

        page.keyboard.press("Escape")

        assert page.locator("details[open]").count() == 0
        assert page.evaluate("document.activeElement.textContent.trim()") == "Actions"


class TestShortcuts:
    def test_the_list_opens_on_a_question_mark_but_not_while_typing(self, page):
        page.get_by_label("Business name").press("?")
        assert page.get_by_role("dialog").count() == 0

        page.locator("h1").click()
        page.keyboard.press("?")

        page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()

    def test_can_be_switched_off(self, page):
        page.locator("h1").click()
        page.keyboard.press("?")
        page.get_by_label("Use single-key shortcuts").uncheck()
        page.keyboard.press("Escape")

        page.keyboard.press("?")

        assert page.get_by_role("dialog").count() == 0


class TestTheme:
    def test_changes_at_once_and_stays_after_a_reload(self, page):
        page.locator("summary[aria-label=Theme]").click()
        page.get_by_role("button", name="Dark").click()
        assert page.locator("html").get_attribute("data-theme") == "dark"

        page.reload()

        assert page.locator("html").get_attribute("data-theme") == "dark"


class TestSelect:
    def test_shift_takes_the_range_and_all_matching_takes_the_rest(self, page):
        rows = page.locator("[data-select-row]")
        rows.nth(0).click()
        rows.nth(2).click(modifiers=["Shift"])
        assert page.locator("[data-select-count]").inner_text() == "3 selected"

        page.locator("[data-select-all]").click()

        assert page.locator("[data-select-count]").inner_text() == "All 4,212 selected"
        assert page.locator("input[name=all_matching]").input_value() == "1"


class TestEvidence:
    def test_leads_to_the_message_and_marks_the_words(self, page):
        page.locator("a[data-evidence=m1]").click()

        assert page.evaluate("document.activeElement.id") == "message-m1"
