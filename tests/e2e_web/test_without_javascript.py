"""With JavaScript off: reading every page, filtering, and the simple forms."""

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.urls import reverse

from hirocrm.contacts.models import Note
from tests.e2e_web.conftest import DESK
from tests.e2e_web.test_work import people as people  # noqa: PLC0414  # a fixture, shared
from tests.e2e_web.test_work import stage_of
from tests.factories import SyncRunFactory

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OFF = {"java_script_enabled": False}
NAMED = (
    "board", "contacts", "review", "inbox", "quick-replies", "onboarding", "pages", "page-connect", "imports",
    "runs", "pipelines", "settings", "members", "ai-settings", "tokens", "webhooks", "privacy-settings",
)  # fmt: skip


def addresses(shop: Any, people: Any) -> list[str]:
    run = SyncRunFactory(page=shop.page, status="completed", phase="done")
    contact = reverse("contact", args=[people[0].id])
    return [
        *(reverse(name) for name in NAMED),
        *(f"{contact}?tab={tab}" for tab in ("conversation", "activity", "notes", "analyses")),
        reverse("inbox-conversation", args=[people[0].conversations.get().id]),
        reverse("page-settings", args=[shop.page.id]),
        reverse("run", args=[run.id]),
        reverse("pipeline", args=[shop.pipeline.id]),
        reverse("pipeline-try", args=[shop.pipeline.id]),
        reverse("stage", args=[shop.pipeline.id, shop.new.id]),
    ]


def shown(page: "Page", words: str) -> bool:
    return page.get_by_text(words).first.is_visible()


class TestReading:
    def test_every_page_says_what_it_is_about(self, visit, owner, server, shop, people):
        page = visit(owner, "/contacts", **OFF)

        for address in addresses(shop, people):
            answer = page.goto(server + address)
            heads = page.locator("main h1, main h2").all()
            assert (answer.status, address) == (200, address)
            assert any(head.inner_text() for head in heads), address

    def test_evidence_and_words_of_the_customer_are_there(self, visit, owner, people):
        page = visit(owner, f"/contacts/{people[0].id}", **OFF)

        assert shown(page, "Asks for the price.")
        assert shown(page, "message 29 of Ana")


class TestControls:
    @pytest.mark.parametrize("width", [360, 1440])
    def test_none_is_dead(self, visit, owner, shop, people, width):
        page = visit(owner, "/contacts", **OFF, viewport={"width": width, "height": 900})
        server = page.url.removesuffix("/contacts")
        dead = {}

        for address in addresses(shop, people):
            page.goto(server + address)
            found = page.locator("button[type=button]:visible, a[href='#']:visible").all()
            if found:
                dead[address] = [one.inner_text() for one in found]

        assert dead == {}

    @pytest.mark.parametrize("width", [360, 1440])
    def test_no_column_stays_folded_and_no_time_runs_over_the_score(
        self, visit, owner, people, width
    ):
        page = visit(owner, "/board", **OFF, viewport={"width": width, "height": 900})

        apart = page.locator("[data-board-card]").evaluate_all(
            """cards => cards.every(card => {
              const range = document.createRange();
              range.selectNodeContents(card.querySelector(".contact-card-when"));
              const score = card.querySelector(".score, .score-ring, [class^=score]").getBoundingClientRect();
              return range.getBoundingClientRect().right <= score.left + 0.5;
            })"""
        )
        folded = page.locator('[data-board-column][data-folded="true"]')
        assert apart
        assert folded.count() == 2
        assert all(one.bounding_box()["width"] > 250 for one in folded.all())

    def test_corrects_the_ai(self, visit, agent, people):
        page = visit(agent, f"/contacts/{people[0].id}", **OFF)

        page.get_by_role("link", name="Correct…").click()
        dialog = page.locator("#correct")
        dialog.get_by_text("Won").click()
        dialog.get_by_label("Why").fill("She paid.")
        dialog.get_by_role("button", name="Move").click()

        assert stage_of(people[0]) == "Won"


class TestForms:
    def test_signs_in(self, server, browser, owner, people):
        # The server is a process of its own and hashes as in production, not as tests do.
        owner.user.password = PBKDF2PasswordHasher().encode("orchid-lantern-42", "salt-of-the-sea")
        owner.user.save()
        page = browser.new_context(**DESK, **OFF).new_page()

        page.goto(f"{server}/contacts")
        page.get_by_label("Email").fill(owner.user.email)
        page.get_by_label("Password").fill("orchid-lantern-42")
        page.get_by_role("button", name="Sign in").click()

        assert "Ana" in page.locator("[data-row] .table-name").all_inner_texts()
        page.context.close()

    def test_filters_the_list(self, visit, agent, people):
        page = visit(agent, "/contacts", **OFF)

        page.locator(".filters-menu > summary").click()
        page.get_by_label("Score from").fill("60")
        page.locator(".filters-panel").get_by_role("button", name="Show").click()
        page.wait_for_url("**min=60**")

        assert page.locator("[data-row] .table-name").all_inner_texts() == ["Ana"]

    def test_moves_and_notes(self, visit, agent, people):
        page = visit(agent, f"/contacts/{people[0].id}", **OFF)

        page.locator("select[name=stage]").select_option(label="Won")
        page.locator("form:has(select[name=stage]) button").first.click()
        page.goto(page.url.split("?")[0] + "?tab=notes")
        page.get_by_label("Note", exact=True).fill("Pays on Friday.")
        page.get_by_role("button", name="Save the note").click()

        assert stage_of(people[0]) == "Won"
        assert Note.objects.get().text == "Pays on Friday."

    def test_answers_the_review_and_takes_it_back(self, visit, agent, people):
        page = visit(agent, "/review", **OFF)

        page.get_by_role("button", name="Accept Qualified").first.click()
        accepted = stage_of(people[0])
        page.get_by_role("button", name="Undo").click()

        assert (accepted, stage_of(people[0])) == ("Qualified", "New")

    def test_saves_the_settings(self, visit, owner, people):
        page = visit(owner, "/settings", **OFF)

        page.get_by_label("Name", exact=True).fill("Hiraya Style House")
        page.get_by_role("button", name="Save").click()

        owner.organization.refresh_from_db()
        assert owner.organization.name == "Hiraya Style House"
