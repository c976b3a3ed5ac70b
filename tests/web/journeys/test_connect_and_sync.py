"""An owner's first hour in Chromium, on a real `hirocrm up` with a worker and a stand-in for Meta."""

import io
import json
import re
import signal
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from hirocrm.sandbox.server import SandboxServer
from tests.cli.conftest import Install, migrated_install

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

EMAIL, PASSWORD = "ana@example.com", "blue-dress-450"
PAGE_ID, TOKEN = "110000000000011", "EAASANDBOXPAGE110000000000011"


@dataclass
class House:
    """The install that these journeys share; it can be started anew on the same address."""

    install: Install
    settings: dict[str, str]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.install.port}"

    def start(self) -> None:
        self.process = self.install.up(**self.settings)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def add_user(self, email: str, organization: str) -> None:
        made = self.install.run(
            "createuser", "--email", email, "--password", PASSWORD, "--organization", organization
        )
        assert made.returncode == 0, made.stderr


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A `hirocrm up` with Ana's account, fed by a sandbox."""
    with migrated_install() as install, SandboxServer("--sample") as sandbox:
        settings = {
            "FACEBOOK_GRAPH_URL": sandbox.graph_url,
            "HIROCRM_ANALYZER": "local",
            "HIROCRM_LOG_LEVEL": "debug",  # all that a log may hold: tests.log_guard reads it
            "HIROCRM_BASE_URL": f"http://127.0.0.1:{install.port}",
        }
        house = House(install, settings)
        house.start()
        house.add_user(EMAIL, "Closet")
        yield house
        house.stop()


@pytest.fixture(scope="module")
def site(house: House) -> str:
    """Its address."""
    return house.address


def sign_in(page: "Page", email: str, password: str = PASSWORD) -> None:
    page.goto("/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.locator("main button.btn-primary").click()


def end_of_run(page: "Page") -> str | None:
    """The status of the run on the page when it has ended, by live news alone; of the page loaded anew if none came."""
    from playwright.sync_api import TimeoutError as NothingCame

    try:
        page.locator(
            "[data-run-status]:not([data-run-status=queued]):not([data-run-status=running]):not([data-run-status=rate_limited])"
        ).wait_for(timeout=240_000)
    except NothingCame:
        page.reload()
    return page.locator("[data-run-status]").get_attribute("data-run-status")


@pytest.fixture
def page(browser: "Browser", site: str) -> "Iterator[Page]":
    context = browser.new_context(base_url=site, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(20_000)
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    sign_in(page, EMAIL)
    page.locator(".rail").wait_for()
    yield page
    context.close()
    assert faults == []


class TestFirstHour:
    def test_connects_a_page_and_watches_its_sync_to_the_end(self, page):
        page.goto("/pages/connect")
        page.fill("input[name=page_id]", PAGE_ID)
        page.fill("input[name=page_access_token]", TOKEN)
        page.get_by_role("button", name="Check and connect").click()

        page.get_by_role("heading", name="Hiraya Style House").wait_for()
        page.get_by_label("Target pipeline").select_option(label="Sales Pipeline")
        page.get_by_role("radio", name=re.compile("Update every contact")).check()
        page.get_by_text("also moves contacts that people placed by hand").wait_for()
        page.get_by_label("Confidence threshold").fill("30")
        page.locator("#threshold", has_text="30%").wait_for()
        page.get_by_role("button", name="Save").click()
        page.locator(".toast", has_text="Saved.").wait_for()

        page.get_by_role("button", name="Sync now").click()
        page.wait_for_url("**/runs/*")
        page.evaluate("document.title = 'not loaded again'")
        assert end_of_run(page) == "completed", page.locator("#run-state").inner_text()
        assert page.title() == "not loaded again"
        assert page.locator("#run-state").get_by_text("26 of 26").count() == 1
        page.goto("/pages")
        assert page.get_by_text("26 conversations seen").count() == 1

    def test_drags_a_stage(self, page):
        page.goto("/pipelines")
        page.get_by_role("link", name="Sales Pipeline").click()
        page.locator("[data-reorder=on]").wait_for()
        stages = page.locator("[data-stage]")

        with page.expect_response("**/order"):
            stages.nth(1).locator("[data-reorder-handle]").drag_to(
                stages.nth(0), target_position={"x": 20, "y": 4}
            )
        page.reload()

        assert stages.nth(0).get_attribute("data-stage") == "Contacted"

    def test_invites_someone_who_signs_up_and_joins(self, page, browser, site):
        page.goto("/settings/members")
        page.get_by_label("E-mail address").fill("ben@example.com")
        page.get_by_role("button", name="Make invitation").click()
        link = page.locator("[data-invitation-link]").input_value()

        with browser.new_context() as context:
            guest = context.new_page()
            guest.goto(link)
            guest.get_by_role("link", name="Make an account").click()
            guest.fill("input[name=email]", "ben@example.com")
            guest.fill("input[name=password1]", "green-shirt-320")
            guest.locator("main button.btn-primary").click()
            guest.get_by_role("button", name="Join").click()
            guest.locator(".topbar-org", has_text="Closet").wait_for()

        page.goto("/settings/members")
        assert page.get_by_label("Role of ben@example.com").count() == 1


class TestWayIn:
    def test_says_that_the_password_is_wrong_and_keeps_the_address(self, browser, site):
        with browser.new_context(base_url=site) as context:
            page = context.new_page()
            sign_in(page, EMAIL, "not-the-password")

            page.get_by_text("That address and password don't belong together").first.wait_for()
            assert page.locator("input[name=login]").input_value() == EMAIL
            assert page.locator(".rail").count() == 0

    def test_hides_another_tenants_pages(self, page, browser, house):
        page.goto("/pipelines")
        path = page.locator("main a[href*='/pipelines/']").first.get_attribute("href")
        house.add_user("eve@example.com", "Elsewhere")

        with browser.new_context(base_url=house.address) as context:
            stranger = context.new_page()
            sign_in(stranger, "eve@example.com")
            stranger.locator(".rail").wait_for()
            answer = stranger.goto(path)

            assert answer is not None
            assert answer.status == 404
            assert stranger.get_by_text("Closet").count() == 0


class TestImport:
    def test_takes_an_archive_and_shows_the_run(self, page):
        page.goto("/imports")
        page.locator("input[type=file]").set_input_files(
            {"name": "facebook.zip", "mimeType": "application/zip", "buffer": archive()}
        )
        if "/runs/" not in page.url:
            page.get_by_role("button", name="Import").click()

        page.wait_for_url("**/runs/*")
        page.locator("[data-run-status=completed]").wait_for(timeout=120_000)
        page.goto("/contacts?q=Zoraida")
        assert page.get_by_role("link", name="Zoraida Lim").count() == 1


class TestDemoData:
    def test_fills_the_board_outlives_a_restart_and_goes_with_a_click(self, browser, house):
        house.add_user("new@example.com", "Bagong Tindahan")
        with browser.new_context(base_url=house.address, reduced_motion="reduce") as context:
            page = context.new_page()
            page.set_default_timeout(60_000)
            sign_in(page, "new@example.com")
            page.get_by_role("button", name="Load demo data").first.click()
            page.wait_for_url("**/board")
            page.get_by_text("Three made-up shops").wait_for()
            card = page.locator("[data-board-card]", has_text="Maricel Dizon")
            card.wait_for(timeout=240_000)

            house.stop()
            house.start()
            other = context.new_page()
            other.goto("/board")
            other.locator("[data-board-card]", has_text="Maricel Dizon").get_by_role(
                "button", name="Move Maricel Dizon to"
            ).click()
            other.locator("#board-move").get_by_role("button", name="New Lead").click()

            page.locator(
                "[data-stage-name='New Lead'] [data-board-card]", has_text="Maricel"
            ).wait_for()
            page.get_by_role("button", name="Remove demo data").click()
            page.get_by_text("The demo data is gone.").wait_for(timeout=120_000)
            page.goto("/contacts")
            page.get_by_text("No contacts yet").wait_for()


def archive() -> bytes:
    """A Facebook download with two conversations."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for number, name in enumerate(("Zoraida Lim", "Ben Reyes")):
            thread = {
                "participants": [{"name": name}, {"name": "Ana's Closet"}],
                "messages": [
                    {"sender_name": name, "timestamp_ms": 1_767_225_600_000, "content": "hm po?"}
                ],
                "title": name,
                "thread_path": f"inbox/thread_{number}",
            }
            path = f"your_facebook_activity/messages/inbox/thread_{number}/message_1.json"
            file.writestr(path, json.dumps(thread))
    return content.getvalue()
