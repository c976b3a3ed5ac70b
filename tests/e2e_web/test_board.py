"""The board in a browser: moves by mouse, touch, keyboard and plain form; live; conflicts; the drawer."""

from datetime import UTC, datetime

import pytest

from hirocrm.contacts.models import StageChange
from hirocrm.core import clock
from hirocrm.pipelines import services
from tests.factories import ConversationFactory, MessageFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.fixture
def ana(shop):
    contact = shop.contact(
        shop.new, first_name="Ana", last_name="Cruz", last_message_sender="customer"
    )
    MessageFactory(conversation=ConversationFactory(contact=contact), text="hm po yung blue dress?")
    return contact


def column(page, stage):
    return page.locator(f"#column-{stage.id}")


def card(page, contact):
    return page.locator(f"#card-{contact.id}")


def count(page, stage):
    return column(page, stage).locator("[data-board-count]").inner_text()


def is_live(page):
    page.locator("html[data-live=on]").wait_for(state="attached")


def toast(page, words):
    found = page.locator(".toast", has_text=words)
    found.wait_for()
    return found


def drag(page, contact, stage):
    start = card(page, contact).bounding_box()
    end = column(page, stage).bounding_box()
    page.mouse.move(start["x"] + 100, start["y"] + 50)
    page.mouse.down()
    page.mouse.move(start["x"] + 120, start["y"] + 60, steps=3)
    page.mouse.move(end["x"] + 120, end["y"] + 160, steps=8)
    page.mouse.up()


def move_by_menu(page, contact, stage):
    card(page, contact).get_by_role("button", name="to…").click()
    page.locator("#board-move").get_by_role("button", name=stage).click()


def finger_on(page):
    """Moves a finger on the page: kind is touchStart, touchMove or touchEnd."""
    touch = page.context.new_cdp_session(page)

    def finger(kind, x=0, y=0):
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    return finger


class TestMoves:
    def test_by_mouse_with_undo(self, visit, agent, shop, ana):
        page = visit(agent, "/board")
        card(page, ana).wait_for()
        is_live(page)

        drag(page, ana, shop.qualified)
        done = toast(page, "Ana Cruz moved to Qualified.")
        ana.refresh_from_db()
        moved_to = ana.stage_id
        done.get_by_role("button", name="Undo").click()
        toast(page, "Put back.")

        column(page, shop.new).locator(f"#card-{ana.id}").wait_for()
        ana.refresh_from_db()
        assert (moved_to, ana.stage_id) == (shop.qualified.id, shop.new.id)
        assert (count(page, shop.new), count(page, shop.qualified)) == ("1", "0")

    def test_by_keyboard_alone_spoken(self, visit, agent, shop, ana):
        page = visit(agent, "/board")
        is_live(page)
        page.locator(f"#card-{ana.id}-link").focus()

        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")

        page.locator("#spoken", has_text="Ana Cruz moved to Qualified.").wait_for(state="attached")
        toast(page, "Ana Cruz moved to Qualified.")
        ana.refresh_from_db()
        assert ana.stage_id == shop.qualified.id
        page.locator(f"#card-{ana.id}-link:focus").wait_for()

    def test_are_nothing_that_a_viewer_is_offered(self, visit, viewer, shop, ana):
        page = visit(viewer, "/board")
        is_live(page)

        drag(page, ana, shop.qualified)
        page.locator(f"#card-{ana.id}-link").focus()
        page.keyboard.press("Space")
        page.keyboard.press("m")

        assert page.locator(".is-picked, .is-saving, dialog[open]").count() == 0
        assert card(page, ana).get_by_role("button").count() == 0
        assert (count(page, shop.new), count(page, shop.qualified)) == ("1", "0")
        assert page.locator(".toast").count() == 0

    def test_from_the_menu_on_a_phone(self, visit, agent, shop, ana):
        page = visit(agent, "/board", phone=True)
        is_live(page)

        card(page, ana).get_by_role("button", name="Move Ana Cruz to…").tap()
        page.get_by_role("dialog", name="Move Ana Cruz to…").get_by_role("button", name="Won").tap()

        toast(page, "Ana Cruz moved to Won.")
        ana.refresh_from_db()
        assert ana.stage_id == shop.won.id

    def test_by_long_press_on_a_phone(self, visit, agent, shop, ana):
        page = visit(agent, "/board", phone=True)
        is_live(page)
        box = card(page, ana).bounding_box()
        finger = finger_on(page)

        def turned_to(stage):
            page.locator(f"[data-board-switch='{stage.id}'][aria-current=true]").wait_for()

        finger("touchStart", box["x"] + 100, box["y"] + 60)
        page.wait_for_timeout(400)
        for x in range(140, 351, 30):
            finger("touchMove", x, box["y"] + 70)
        turned_to(shop.qualified)
        turned_to(shop.won)
        finger("touchMove", 180, box["y"] + 80)
        page.wait_for_timeout(1500)
        turned_to(shop.won)
        finger("touchMove", 10, box["y"] + 80)
        turned_to(shop.qualified)
        finger("touchEnd")

        toast(page, "Ana Cruz moved to Qualified.")
        ana.refresh_from_db()
        assert ana.stage_id == shop.qualified.id

    def test_by_long_press_on_a_large_screen(self, visit, agent, shop, ana):
        page = visit(agent, "/board", has_touch=True)
        is_live(page)
        box, target = card(page, ana).bounding_box(), column(page, shop.qualified).bounding_box()
        finger = finger_on(page)

        x, y = box["x"] + 100, box["y"] + 60
        finger("touchStart", x, y)
        page.wait_for_timeout(400)
        for step in range(1, 11):
            finger("touchMove", x + (target["x"] + 120 - x) * step / 10, y + 8 * step)
            page.wait_for_timeout(20)
        finger("touchEnd")

        toast(page, "Ana Cruz moved to Qualified.")
        ana.refresh_from_db()
        assert ana.stage_id == shop.qualified.id

    def test_out_of_no_stage_is_counted_down(self, visit, agent, shop, ana):
        ben = shop.contact(first_name="Ben")
        shop.contact(first_name="Cai")
        page = visit(agent, "/board")
        is_live(page)
        page.get_by_text("2 contacts are in no stage yet.").wait_for()

        services.move_contact(
            member=agent, contact_id=ben.id, stage_id=shop.new.id, now=clock.now()
        )

        page.get_by_text("1 contact is in no stage yet.").wait_for()
        page.get_by_role("link", name="1 contact").click()
        page.wait_for_url("**/contacts?unplaced=1")
        assert page.locator("[data-row]").count() == 1

    def test_asks_why_on_lost(self, visit, agent, shop, ana):
        page = visit(agent, "/board")
        is_live(page)

        drag(page, ana, shop.lost)
        dialog = page.get_by_role("dialog", name="Why was it lost?")
        dialog.get_by_text("Too expensive").click()
        dialog.get_by_role("button", name="Move").click()

        toast(page, "Ana Cruz moved to Lost.")
        assert StageChange.objects.get().reason == "Too expensive"

    def test_on_lost_wants_a_choice(self, visit, agent, shop, ana):
        page = visit(agent, "/board")
        is_live(page)

        drag(page, ana, shop.lost)
        dialog = page.get_by_role("dialog", name="Why was it lost?")
        chosen = dialog.locator("[name=reason]:checked").count()
        dialog.get_by_role("button", name="Move").click()

        assert (chosen, dialog.is_visible()) == (0, True)
        assert StageChange.objects.count() == 0

    @pytest.mark.parametrize("where", ["/board?contact={}", "/contacts/{}"])
    def test_by_the_stage_picker_asks_why_on_lost(self, visit, agent, shop, ana, where):
        page = visit(agent, where.format(ana.id))
        is_live(page)
        picker = page.get_by_role("combobox", name="Stage", exact=True)
        dialog = page.get_by_role("dialog", name="Why was it lost?")

        picker.select_option(label="Lost")
        dialog.get_by_role("button", name="Put it back").click()
        dialog.wait_for(state="hidden")
        put_back = picker.input_value()
        picker.select_option(label="Lost")
        dialog.get_by_text("Bought elsewhere").click()
        dialog.get_by_label("In your words").fill("at Lazada")
        dialog.get_by_role("button", name="Move").click()

        toast(page, "Ana Cruz moved to Lost.")
        assert put_back == str(shop.new.id)
        assert StageChange.objects.get().reason == "Bought elsewhere: at Lazada"

    def test_without_javascript(self, visit, agent, shop, ana):
        page = visit(agent, "/board", java_script_enabled=False)

        card(page, ana).get_by_role("button", name="Move Ana Cruz to…").click()
        page.get_by_label("Won").check()
        page.get_by_role("button", name="Move", exact=True).click()

        assert page.locator(".toast", has_text="Ana Cruz moved to Won.").count() == 1
        ana.refresh_from_db()
        assert ana.stage_id == shop.won.id

    def test_says_who_was_first_and_shows_where_the_card_is_now(
        self, visit, owner, agent, shop, ana
    ):
        owner.user.name = "Ben Reyes"
        owner.user.save()
        first, second = visit(owner, "/board"), visit(agent, "/board")
        is_live(first)
        second.context.route("**/events*", lambda route: route.abort())  # it hears no news
        second.reload()
        second.wait_for_load_state("networkidle")
        column(second, shop.won).locator("[data-board-fold]").click()

        move_by_menu(first, ana, "Won")
        toast(first, "Ana Cruz moved to Won.")
        drag(second, ana, shop.qualified)

        toast(second, "Ben Reyes")
        column(second, shop.won).locator(f"#card-{ana.id}").wait_for()
        ana.refresh_from_db()
        assert ana.stage_id == shop.won.id
        assert card(second, ana).count() == 1
        assert [count(second, stage) for stage in (shop.new, shop.qualified, shop.won)] == [
            "0",
            "0",
            "1",
        ]


class TestLive:
    def test_two_browsers_see_each_others_moves_and_keep_their_place(
        self, visit, owner, agent, shop, ana
    ):
        others = [
            shop.contact(shop.new, first_name=f"C{n:02}", last_interaction_at=NOON)
            for n in range(15)
        ]
        mine, theirs = visit(owner, "/board"), visit(agent, "/board")
        is_live(mine)
        is_live(theirs)
        cards = column(mine, shop.new).locator("[data-board-cards]")
        mine.locator(f"#card-{others[5].id}-link").focus()
        cards.evaluate("e => { e.scrollTop = 250; }")

        move_by_menu(theirs, ana, "Qualified")

        column(mine, shop.qualified).locator(f"#card-{ana.id}").wait_for()
        mine.locator(f"#column-{shop.new.id} [data-board-count='15']").wait_for()
        assert (count(mine, shop.new), count(mine, shop.qualified)) == ("15", "1")
        assert cards.evaluate("e => e.scrollTop") == 250
        assert mine.evaluate("document.activeElement.id") == f"card-{others[5].id}-link"
        drag(mine, ana, shop.new)
        column(theirs, shop.new).locator(f"#card-{ana.id}").wait_for()


class TestDrawer:
    def test_opens_with_the_thread_and_stands_in_the_address(self, visit, agent, shop, ana):
        page = visit(agent, "/board")
        is_live(page)

        page.locator(f"#card-{ana.id}-link").click()
        drawer = page.locator("#drawer")
        drawer.get_by_text("hm po yung blue dress?").wait_for()
        opened = page.url
        page.reload()
        drawer.get_by_text("hm po yung blue dress?").wait_for()
        page.keyboard.press("Escape")
        drawer.wait_for(state="hidden")

        assert f"contact={ana.id}" in opened
        assert "contact=" not in page.url

    def test_moves_from_the_stage_picker(self, visit, agent, shop, ana):
        page = visit(agent, f"/board?contact={ana.id}")
        is_live(page)

        page.locator("#drawer").get_by_label("Stage").select_option("Qualified")

        toast(page, "Ana Cruz moved to Qualified.")
        column(page, shop.qualified).locator(f"#card-{ana.id}").wait_for()

    def test_gives_the_focus_to_the_card_after_a_move_and_its_undo(self, visit, agent, shop, ana):
        page = visit(agent, "/board")
        is_live(page)
        page.locator(f"#card-{ana.id}-link").click()

        page.locator("#drawer").get_by_label("Stage").select_option("Qualified")
        moved = page.locator(".toast", has_text="Ana Cruz moved to Qualified.")
        moved.get_by_role("button", name="Undo").click()
        column(page, shop.new).locator(f"#card-{ana.id}").wait_for(state="attached")
        page.locator(".toast", has_text="Put back.").wait_for()
        page.keyboard.press("Escape")
        page.locator("#drawer").wait_for(state="hidden")

        page.wait_for_function("id => document.activeElement.id === id", arg=f"card-{ana.id}-link")


class TestMoreCards:
    def test_arrive_as_one_scrolls(self, visit, agent, shop):
        for number in range(45):
            shop.contact(shop.new, first_name=f"C{number}")
        page = visit(agent, "/board")
        is_live(page)
        cards = column(page, shop.new).locator("[data-board-card]")
        first = cards.count()

        for last in (39, 44):
            cards.last.scroll_into_view_if_needed()
            cards.nth(last).wait_for(state="attached")

        assert (first, cards.count(), count(page, shop.new)) == (20, 45, "45")


class TestFilters:
    def test_stand_in_the_address_and_go_along_to_the_list(self, visit, agent, shop, ana):
        shop.contact(shop.new, first_name="Ben")
        page = visit(agent, "/board")
        is_live(page)

        page.get_by_text("Waiting for reply", exact=True).first.click()
        page.wait_for_url("**/board?waiting=1")
        shown = column(page, shop.new).locator("[data-board-card]").count()
        page.get_by_role("link", name="List").click()
        page.wait_for_url("**/contacts?waiting=1")

        assert shown == 1
        assert page.locator("[data-row]").count() == 1
