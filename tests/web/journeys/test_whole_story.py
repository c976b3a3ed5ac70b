"""The whole story in Chromium, on a real `hirocrm up` and a stand-in for Meta.

A Page is connected by logging in; its first sync fills the board; a customer writes and the board moves by
itself; a person answers and Meta's echo of the answer is known; the token dies and a banner says so; the Page is
connected again and what came meanwhile is there. In the end nothing is lost and nothing doubled.
"""

import json
import re
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from hirocrm.sandbox.server import SandboxServer
from tests.cli.conftest import eventually, migrated_install

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EMAIL, PASSWORD = "ana@example.com", "blue-dress-450"
CLOSET, OTHER = "110000000000901", "110000000000902"
LIZA, JUN, AMIRA = "Liza Reyes", "Jun Bautista", "أميرة حداد"
ASKED = [
    ("customer", "Hi po, hm yung blue dress?"),
    ("business", "Hello po! 1,200 po, free shipping na."),
    ("customer", "May medium pa po ba?"),
    ("business", "Yes po."),
]
GREETED = [("customer", "Good morning! Open pa po kayo?")]
IN_ARABIC = [("customer", "مرحبا، بكم الفستان؟ 👗")]
TALKS = {LIZA: ASKED, JUN: GREETED, AMIRA: IN_ARABIC}
PEOPLE = [
    {
        "id": name,
        "name": name,
        "ago": f"{hours}h",
        "messages": [{"from": who, "text": text} for who, text in said],
    }
    for hours, (name, said) in enumerate(TALKS.items(), start=2)
]
HAGGLES = "Can you do 1,000 na lang po? Last price? 🙏"
ANSWER = "Sige po Liza, 1,000 na lang. Ship namin bukas 📦"
MISSED = "Available pa po ba yung red?"
AXE = Path(__file__).resolve().parents[3] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@dataclass
class World:
    """The install, its Meta, and a way to read what is stored."""

    url: str
    token: str = field(repr=False)
    sandbox: SandboxServer
    customers: dict[str, str]

    def api(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx2.get(f"{self.url}/api{path}", headers=headers, timeout=30).json()

    def page(self) -> dict[str, Any]:
        return next(p for p in self.api("/facebook-pages")["items"] if p["pageId"] == CLOSET)

    def contact(self, name: str) -> dict[str, Any]:
        found = self.api("/contacts?limit=100")["items"]
        return next(c for c in found if c["messengerPSID"] == self.customers[name])

    def messages(self, name: str) -> list[dict[str, Any]]:
        return list(self.api(f"/contacts/{self.contact(name)['id']}/messages?limit=100")["items"])


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with migrated_install() as install, SandboxServer() as sandbox:
        url = f"http://127.0.0.1:{install.port}"
        sandbox.control.reset(data=True)
        sandbox.graph.add_page(CLOSET, "Ana's Closet")
        sandbox.graph.add_page(OTHER, "Not ours", tasks=["ANALYZE"])
        ids = sandbox.graph.add_conversations(CLOSET, PEOPLE)
        sandbox.graph.settings(webhook_url=f"{url}/api/webhooks/facebook")
        process = install.up(
            **sandbox.settings,
            FACEBOOK_WEBHOOK_VERIFY_TOKEN="verify-me",
            HIROCRM_ANALYZER="local",
            HIROCRM_LOG_LEVEL="debug",  # all that a log may hold: tests.log_guard reads it
            HIROCRM_ANALYSIS_DEBOUNCE_SECONDS="1",
            HIROCRM_BASE_URL=url,
        )
        made = install.run(
            "createuser", "--email", EMAIL, "--password", PASSWORD, "--organization", "Closet"
        )
        assert made.returncode == 0, made.stderr
        token = install.run("token", "--email", EMAIL).stdout.strip()
        names = [str(person["name"]) for person in PEOPLE]
        yield World(url, token, sandbox, dict(zip(names, ids, strict=True)))
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture(scope="module")
def page(browser: "Browser", world: World) -> "Iterator[Page]":
    context = browser.new_context(
        base_url=world.url, reduced_motion="reduce", viewport={"width": 1440, "height": 900}
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on(
        "console",
        lambda line: faults.append(line.text) if "Content Security" in line.text else None,
    )
    page.goto("/accounts/login/")
    page.fill("input[name=login]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    page.locator("main button.btn-primary").click()
    page.locator(".rail").wait_for()
    yield page
    context.close()
    assert faults == []


def log_in_at_facebook(page: "Page") -> None:
    page.get_by_role("link", name="Connect with Facebook").click()
    page.get_by_role("heading", name="HiroCRM wants to use your Pages").wait_for()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="Choose your Pages").wait_for()


def breaks_no_rule(page: "Page") -> None:
    if not AXE.is_file():
        return
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(f"axe.run(document, {json.dumps(RULES)})")["violations"]
    assert [f"{rule['id']}: {n['target'][0]}" for rule in found for n in rule["nodes"]] == []


def column_of(page: "Page", name: str) -> str:
    card = page.locator("[data-board-card]", has_text=name)
    card.wait_for()
    return str(card.locator("xpath=ancestor::section").get_attribute("data-stage-name"))


class TestWholeStory:
    """One story in order; each part begins where the last one ended, so they are one test."""

    def test_from_the_first_login_to_the_repaired_gap(self, page, world):
        self.connects_by_logging_in(page, world)
        self.syncs_as_deep_as_chosen(page, world)
        self.the_board_moves_by_itself(page, world)
        self.a_person_answers_and_the_echo_is_known(page, world)
        self.a_dead_token_is_told_on_every_page(page, world)
        self.a_customer_still_gets_through(world)
        self.reconnecting_repairs_the_gap(page, world)
        self.nothing_is_lost_or_doubled(world)

    def connects_by_logging_in(self, page, world):
        page.goto("/welcome")
        page.get_by_role("link", name="Connect a Page").click()
        breaks_no_rule(page)
        log_in_at_facebook(page)
        assert "code=" not in page.url
        breaks_no_rule(page)
        page.reload()
        page.get_by_label(re.compile("Not ours")).uncheck()

        page.get_by_role("button", name="Connect").click()

        page.get_by_role("heading", name="Bring in the conversations of Ana's Closet").wait_for()
        assert [p["pageName"] for p in world.api("/facebook-pages")["items"]] == ["Ana's Closet"]
        assert eventually(lambda: "messages" in world.page()["subscribedFields"])

    def syncs_as_deep_as_chosen(self, page, world):
        page_id = world.page()["id"]
        page.goto(f"/pages/{page_id}")
        page.get_by_role("radio", name=re.compile("Update every contact")).check()
        page.get_by_label("Confidence threshold").fill("0")
        page.get_by_role("button", name="Save").click()
        page.locator(".toast", has_text="Saved.").wait_for()

        page.goto(f"/connect/first-sync?page={page_id}")
        page.locator("#outlook", has_text="3 conversations").wait_for()
        breaks_no_rule(page)
        page.get_by_text("Everything", exact=True).first.click()
        page.get_by_role("button", name="Start the sync").click()
        page.locator("[data-run-status=completed]").wait_for(timeout=240_000)

        assert len(world.api("/contacts?limit=100")["items"]) == len(PEOPLE)

    def the_board_moves_by_itself(self, page, world):
        page.goto("/board")
        before = column_of(page, LIZA)
        page.evaluate("document.title = 'not loaded again'")

        world.sandbox.graph.customer_writes(CLOSET, world.customers[LIZA], HAGGLES)

        page.locator("[data-board-card]", has_text=LIZA).get_by_text("Last price?").wait_for()
        moved = page.locator(f"[data-board-column]:not([data-stage-name='{before}'])")
        moved.locator("[data-board-card]", has_text=LIZA).wait_for()
        assert page.title() == "not loaded again"
        assert [m["text"] for m in world.messages(LIZA)].count(HAGGLES) == 1

    def a_person_answers_and_the_echo_is_known(self, page, world):
        page.goto("/inbox")
        page.locator("[data-inbox-row]", has_text=LIZA).click()
        page.get_by_label("Your answer").fill(ANSWER)
        page.locator("[data-composer-send]").click()

        page.locator(".inbox-messages", has_text=ANSWER).wait_for()
        assert eventually(lambda: len(world.sandbox.graph.sent()) == 1)
        assert eventually(lambda: [m["text"] for m in world.messages(LIZA)].count(ANSWER) == 1)
        assert eventually(lambda: self.echoes(world) == [200])
        said = next(m for m in world.messages(LIZA) if m["text"] == ANSWER)
        assert (said["sender"], said["source"]) == ("business", "sent")

    def echoes(self, world):
        """How we answered each webhook that told of the business's own message."""
        told = world.sandbox.graph.deliveries()
        return [delivery["status"] for delivery in told if "is_echo" in delivery["body"]]

    def a_dead_token_is_told_on_every_page(self, page, world):
        world.sandbox.graph.kills_token(CLOSET, 460)
        world.sandbox.graph.customer_writes(CLOSET, world.customers[JUN], MISSED, webhook=False)

        page.goto("/pages")
        page.get_by_role("button", name="Sync now").click()
        page.locator("[data-run-status=token_expired]").wait_for(timeout=120_000)
        page.goto("/contacts")

        banner = page.locator("[data-pages-in-need]")
        assert "Ana's Closet needs reconnecting" in banner.inner_text()
        assert "password" in banner.inner_text()
        breaks_no_rule(page)
        assert world.page()["state"] == "needs_reconnect"

    def a_customer_still_gets_through(self, world):
        world.sandbox.graph.customer_writes(CLOSET, world.customers[LIZA], "Tracking number po?")

        assert eventually(
            lambda: [m["text"] for m in world.messages(LIZA)].count("Tracking number po?") == 1
        )

    def reconnecting_repairs_the_gap(self, page, world):
        page.goto("/contacts")
        page.locator("[data-pages-in-need]").get_by_role("link", name="Reconnect").click()
        log_in_at_facebook(page)
        chosen = page.locator("input[name=page]:checked")
        page.get_by_label(re.compile("Not ours")).uncheck()
        assert [box.get_attribute("value") for box in chosen.all()] == [CLOSET]
        page.get_by_role("button", name="Connect").click()

        page.get_by_role("heading", name="Pages", exact=True).wait_for()
        assert page.locator("[data-pages-in-need]").count() == 0
        assert eventually(lambda: MISSED in [m["text"] for m in world.messages(JUN)])
        assert world.page()["state"] == "healthy"

    def nothing_is_lost_or_doubled(self, world):
        runs = f"/facebook-pages/{CLOSET}/sync-runs"
        assert eventually(lambda: all(r["finishedAt"] for r in world.api(runs)["items"]))

        assert len(world.api("/contacts?limit=100")["items"]) == len(PEOPLE)
        texts = {name: Counter(m["text"] for m in world.messages(name)) for name in world.customers}
        expected = {name: Counter(text for _, text in said) for name, said in TALKS.items()}
        expected[LIZA].update([HAGGLES, ANSWER, "Tracking number po?"])
        expected[JUN].update([MISSED])
        assert texts == expected
        assert len(world.sandbox.graph.sent()) == 1
