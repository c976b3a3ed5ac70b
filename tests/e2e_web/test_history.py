"""Going back and reloading, several tabs, and a connection that is lost and comes back."""

from datetime import UTC, datetime

import pytest

from hirocrm.pipelines import services as moves
from tests.e2e_web.test_board import ana as ana  # noqa: PLC0414  # a fixture, shared
from tests.e2e_web.test_board import card, column, is_live
from tests.e2e_web.test_work import people as people  # noqa: PLC0414  # a fixture, shared

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def move(member, contact, stage):
    """Somebody moves the contact while nobody's browser is asked."""
    moves.move_contact(
        member=member, contact_id=contact.pk, pipeline_id=stage.pipeline_id, stage_id=stage.pk,
        now=datetime.now(UTC),
    )  # fmt: skip


class TestBack:
    def test_on_the_board_takes_filters_back_one_by_one(self, visit, agent, shop, ana):
        ben = shop.contact(shop.new, first_name="Ben")
        page = visit(agent, "/board")

        page.get_by_text("Waiting for reply", exact=True).first.click()
        page.wait_for_url("**/board?waiting=1")
        card(page, ben).wait_for(state="detached")
        page.go_back()
        card(page, ben).wait_for()
        all_shown = page.url
        page.go_forward()
        card(page, ben).wait_for(state="detached")

        assert all_shown.endswith("/board")
        assert card(page, ana).count() == 1

    def test_from_a_contact_opens_the_drawer_again_that_led_there(self, visit, agent, shop, ana):
        page = visit(agent, "/board?waiting=1")
        is_live(page)
        page.locator(f"#card-{ana.id}-link").click()
        drawer = page.locator("#drawer")
        drawer.get_by_role("link", name="Everything about this contact").click()
        page.wait_for_url(f"**/contacts/{ana.id}*")

        page.go_back()
        drawer.get_by_text("hm po yung blue dress?").wait_for()
        page.reload()
        drawer.get_by_text("hm po yung blue dress?").wait_for()

        assert f"contact={ana.id}" in page.url
        assert "waiting=1" in page.url

    def test_in_the_list_keeps_search_and_order(self, visit, agent, people):
        page = visit(agent, "/contacts?sort=name")
        is_live(page)
        page.get_by_role("link", name="Ben", exact=True).first.click()
        drawer = page.locator("#drawer")
        drawer.get_by_role("link", name="Everything about this contact").click()
        page.wait_for_url(f"**/contacts/{people[1].id}*")

        page.go_back()
        drawer.get_by_text("message 29 of Ben").first.wait_for()
        page.keyboard.press("Escape")
        drawer.wait_for(state="hidden")

        names = page.locator("[data-row] .table-name").all_inner_texts()
        assert page.url.endswith("/contacts?sort=name")
        assert names == ["Ana", "Ben", "Cai"]

    def test_in_the_review_shows_who_was_skipped(self, visit, agent, people):
        page = visit(agent, "/review")

        def shows(name):
            page.locator(
                "[data-review-item]:not([hidden]) .identity-name", has_text=name
            ).wait_for()

        shows("Ana")
        page.locator("[data-review-item]:not([hidden])").get_by_role("link", name="Skip").click()
        shows("Ben")
        skipped_to = page.url
        page.reload()
        shows("Ben")
        page.go_back()
        shows("Ana")

        assert "after=" in skipped_to


class TestTabs:
    def test_of_one_person_follow_each_other(self, visit, agent, shop, ana):
        first = visit(agent, "/board")
        is_live(first)
        second = first.context.new_page()
        second.goto(f"{first.url.partition('/board')[0]}/contacts/{ana.id}")
        is_live(second)

        first.locator(f"#card-{ana.id}").get_by_role("button", name="to…").click()
        first.locator("#board-move").get_by_role("button", name="Qualified").click()
        second.locator("[data-part=stage] option:checked", has_text="Qualified").wait_for(
            state="attached"
        )
        column(first, shop.qualified).locator(f"#card-{ana.id}").wait_for()
        second.get_by_label("Stage").first.select_option("New")

        column(first, shop.new).locator(f"#card-{ana.id}").wait_for()


class TestConnection:
    def test_that_comes_back_brings_what_was_missed(self, visit, owner, agent, shop, ana):
        page = visit(owner, "/board")
        is_live(page)

        page.context.set_offline(True)
        page.locator("html[data-live=off]").wait_for(state="attached")
        move(agent, ana, shop.qualified)
        page.context.set_offline(False)
        is_live(page)

        column(page, shop.qualified).locator(f"#card-{ana.id}").wait_for()

    def test_that_is_away_leaves_a_move_undone_and_says_so(self, visit, agent, shop, ana):
        page = visit(agent, "/board")
        is_live(page)

        page.context.set_offline(True)
        page.locator("html[data-live=off]").wait_for(state="attached")
        card(page, ana).get_by_role("button", name="to…").click()
        page.locator("#board-move").get_by_role("button", name="Qualified").click()
        page.get_by_text("No connection. Nothing was changed; try again.").first.wait_for()
        column(page, shop.new).locator(f"#card-{ana.id}").wait_for()
        page.context.set_offline(False)
        is_live(page)

        ana.refresh_from_db()
        assert ana.stage == shop.new
