"""An owner's first hour in Chromium, on a real `hirocrm up` with a worker and a stand-in for Meta."""

import re
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from hirocrm.sandbox.server import SandboxServer
from tests.cli.conftest import Install, reap

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser]

EMAIL, PASSWORD = "ana@example.com", "blue-dress-450"
PAGE_ID, TOKEN = "110000000000011", "EAASANDBOXPAGE110000000000011"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[str]:
    """Its address."""
    install = Install(tmp_path_factory.mktemp("journey"))
    with SandboxServer("--sample") as sandbox:
        process = install.up(
            FACEBOOK_GRAPH_URL=sandbox.graph_url,
            HIROCRM_ANALYZER="local",
            HIROCRM_BASE_URL=f"http://127.0.0.1:{install.port}",
        )
        made = install.run(
            "createuser", "--email", EMAIL, "--password", PASSWORD, "--organization", "Closet"
        )
        assert made.returncode == 0, made.stderr
        yield f"http://127.0.0.1:{install.port}"
        process.send_signal(signal.SIGTERM)
        reap(process)


@pytest.fixture
def page(browser: "Browser", site: str) -> "Iterator[Page]":
    context = browser.new_context(base_url=site, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(20_000)
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.goto("/accounts/login/")
    page.fill("input[name=login]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    page.locator("main button.btn-primary").click()
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
        page.locator("[data-run-status=completed]").wait_for(timeout=240_000)

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
