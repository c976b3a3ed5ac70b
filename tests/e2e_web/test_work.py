"""List, contact and review in a browser."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.factories import ConversationFactory, MessageFactory, SuggestionFactory, TaskFactory
from tests.web.analyses import make_analysis

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
START = datetime(2026, 2, 1, 9, tzinfo=UTC)


@pytest.fixture
def people(shop):
    """Three contacts that wait for review, each with a conversation the AI has read."""
    made = []
    for minutes, name in enumerate(("Ana", "Ben", "Cai")):
        contact = shop.contact(
            shop.new, first_name=name, needs_review=True, lead_score=60 - minutes,
            tags=["COD"], last_message_sender="customer", last_message_text="magkano po?",
            last_interaction_at=START,
        )  # fmt: skip
        conversation = ConversationFactory(contact=contact, has_text=True, stored_count=30)
        texts = [
            MessageFactory(
                conversation=conversation, text=f"message {n} of {name}",
                sender="business" if n % 3 == 1 else "customer", created_time=START + timedelta(minutes=n),
            )
            for n in range(30)
        ]  # fmt: skip
        said = {"messageId": texts[3].remote_id, "quote": f"message 3 of {name}"}
        make_analysis(
            contact=contact,
            conversation=conversation,
            recommended_stage="Qualified",
            recommendations=[
                {"stage": "Qualified", "probability": 55},
                {"stage": "New", "probability": 30},
            ],
            confidence=55,
            reasoning="Asks for the price.",
            evidence=[said],
            topics=["price"],
            next_best_action="Send the price.",
            covered_message_ids=[one.id for one in texts[10:]],
            message_count=34,
        )
        SuggestionFactory(
            contact=contact, stage=shop.qualified, confidence=55, evidence=[said],
            recommendations=[{"stage": "Qualified", "probability": 55}, {"stage": "New", "probability": 30}],
            created_at=START + timedelta(minutes=minutes), reasoning="Asks for the price.",
        )  # fmt: skip
        TaskFactory(contact=contact, due_at=START)
        made.append(contact)
    return made


def stage_of(contact):
    contact.refresh_from_db()
    return contact.stage.name if contact.stage else ""


class TestReview:
    def test_goes_by_keys_alone(self, visit, agent, shop, people):
        ana, ben, cai = people
        page = visit(agent, "/review")
        who = page.locator("[data-review-item] .identity-name")

        def shows(name):
            page.locator(
                "[data-review-item]:not([hidden]) .identity-name", has_text=name
            ).wait_for()
            page.locator(".htmx-request").first.wait_for(state="detached")

        shows("Ana")
        page.keyboard.press("a")
        shows("Ben")
        page.keyboard.press("2")
        shows("Cai")
        page.keyboard.press("u")
        shows("Ben")
        page.keyboard.press("s")
        shows("Cai")
        page.keyboard.press("1")
        page.get_by_text("That was the last one").wait_for()

        assert who.count() == 0
        assert [stage_of(one) for one in (ana, ben, cai)] == ["Qualified", "New", "Qualified"]
        ben.refresh_from_db()
        assert ben.needs_review is True
        assert page.locator(".rail [data-review-count]").inner_text() == "1"

    def test_lists_its_keys_once_though_the_next_contact_is_on_the_page(self, visit, agent, people):
        page = visit(agent, "/review")
        page.locator("html[data-review=on]").wait_for(state="attached")

        page.keyboard.press("?")
        page.locator("[data-shortcut-page-list] kbd").first.wait_for()

        keys = page.locator("[data-shortcut-page-list] kbd").all_inner_texts()
        assert keys == ["1", "2", "d", "s", "a"]

    def test_shows_the_next_contact_before_the_answer_is_taken(self, visit, agent, people):
        page = visit(agent, "/review")
        page.locator("html[data-review=on]").wait_for(state="attached")
        held = []
        page.route("**/review/*/answer", lambda route: held.append(route))  # noqa: PLW0108  # Playwright hangs marks on it

        page.keyboard.press("a")
        page.locator("[data-review-item]:not([hidden]), [data-review-next]:not([hidden])").locator(
            ".identity-name", has_text="Ben"
        ).wait_for()
        before = stage_of(people[0])
        with page.expect_response("**/answer"):
            held[0].continue_()
        page.locator("[data-review-item]:not([hidden]) .identity-name", has_text="Ben").wait_for()

        assert (before, stage_of(people[0])) == ("New", "Qualified")

    def test_keeps_the_answers_in_sight(self, visit, agent, people):
        people[0].ai_context = "A long summary. " * 200
        people[0].save()
        page = visit(agent, "/review")

        accept = page.get_by_role("button", name="Accept Qualified").first.bounding_box()

        assert accept["y"] + accept["height"] <= 900

    def test_is_within_the_thumbs_reach(self, visit, agent, people):
        page = visit(agent, "/review", phone=True)
        choice = page.locator("[data-review-item] .review-choice").first

        box = choice.bounding_box()
        choice.tap()
        page.locator("[data-review-item]:not([hidden]) .identity-name", has_text="Ben").wait_for()

        assert box["y"] > 500
        assert box["height"] >= 44
        assert stage_of(people[0]) == "Qualified"

    def test_shows_all_that_is_asked_on_one_phone_screen(self, visit, agent, people):
        people[1].ai_context = "A long summary. " * 100
        people[1].save()
        page = visit(agent, "/review", phone=True)

        for name in ("Ana", "Ben"):
            item = page.locator(
                "[data-review-item]:not([hidden])", has=page.get_by_role("heading", name=name)
            )
            item.wait_for()
            page.locator(".htmx-request").first.wait_for(state="detached")
            answers = item.locator(".review-answers").bounding_box()
            words = item.get_by_role("region", name="What the AI sees").bounding_box()
            newest = item.get_by_text(f"message 29 of {name}").bounding_box()
            assert 0 < words["y"] < newest["y"] < newest["y"] + newest["height"] < answers["y"]
            item.locator(".review-choice").first.tap()
            told = page.locator(".toast").last.bounding_box()
            assert told["y"] + told["height"] < words["y"]


class TestContact:
    def test_tabs_keep_their_place_on_a_phone(self, visit, agent, people):
        page = visit(agent, f"/contacts/{people[0].id}", phone=True)

        for name in ("Activity", "Notes", "Analyses", "Conversation"):
            tabs = page.locator(".contact-tabs")
            tabs.get_by_role("link", name=name).tap()
            tabs.locator("[aria-current]", has_text=name).wait_for()
            page.wait_for_load_state()
            assert 40 <= tabs.bounding_box()["y"] < 400

    def test_leads_from_the_evidence_to_the_message(self, visit, agent, people):
        page = visit(agent, f"/contacts/{people[0].id}")

        page.locator("#opinion .evidence-card").click()

        mark = page.locator("mark", has_text="message 3 of Ana")
        mark.wait_for()
        assert mark.evaluate(
            "e => { const b = e.getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight }"
        )

    def test_is_corrected_in_one_step_and_taken_back(self, visit, agent, shop, people):
        page = visit(agent, f"/contacts/{people[0].id}")

        page.get_by_role("button", name="Correct…").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("Won").click()
        dialog.get_by_label("Why").fill("She paid.")
        dialog.get_by_role("button", name="Move").click()
        toast = page.locator(".toast", has_text="Ana is in Won now.")
        toast.wait_for()
        corrected = stage_of(people[0])
        toast.get_by_role("button", name="Undo").click()
        page.locator(".toast", has_text="Put back.").wait_for()

        assert (corrected, stage_of(people[0])) == ("Won", "New")

    def test_goes_on_in_the_list_by_keys(self, visit, agent, people):
        page = visit(agent, f"/contacts/{people[0].id}?sort=-leadScore")

        page.keyboard.press("j")
        page.wait_for_url(f"**/contacts/{people[1].id}?sort=-leadScore")
        page.keyboard.press("k")
        page.wait_for_url(f"**/contacts/{people[0].id}?sort=-leadScore")

    def test_takes_a_note_and_a_task(self, visit, agent, people):
        page = visit(agent, f"/contacts/{people[0].id}?tab=notes")

        page.get_by_label("Note", exact=True).fill("Pays on Friday.")
        page.get_by_role("button", name="Save the note").click()
        page.locator(".note", has_text="Pays on Friday.").wait_for()
        page.get_by_label("Add a task").fill("Call her")
        page.get_by_role("button", name="Add", exact=True).click()
        page.locator(".task", has_text="Call her").wait_for()


class TestNoteBeingWritten:
    def test_outlives_a_session_that_ends(self, visit, agent, people):
        from django.contrib.sessions.models import Session

        page = visit(agent, f"/contacts/{people[0].id}?tab=notes")
        page.get_by_label("Note", exact=True).fill("Wants it before Saturday.")
        cookies = page.context.cookies()
        Session.objects.all().delete()

        page.get_by_role("button", name="Save the note").click()
        page.get_by_role("heading", name="Sign in").wait_for()
        again = visit(agent, "/board").context.cookies()
        page.context.clear_cookies()
        page.context.add_cookies(again)
        page.goto(page.url.split("/accounts")[0] + f"/contacts/{people[0].id}?tab=notes")

        box = page.get_by_label("Note", exact=True)
        assert cookies != again
        assert box.input_value() == "Wants it before Saturday."

        page.get_by_role("button", name="Save the note").click()
        page.locator(".note").get_by_text("Wants it before Saturday.").wait_for()
        page.reload()
        assert box.input_value() == ""


class TestList:
    def test_moves_many_and_takes_it_back(self, visit, agent, shop, people):
        page = visit(agent, "/contacts")

        page.get_by_label("Select the page").check()
        bar = page.locator(".bulk-bar")
        selected = bar.locator("[data-select-count]").inner_text()
        bar.get_by_role("button", name="Move").click()
        dialog = page.get_by_role("dialog", name="Move to…")
        dialog.get_by_text("Won").click()
        dialog.get_by_role("button", name="Move").click()
        toast = page.locator(".toast", has_text="3 contacts moved to Won.")
        toast.wait_for()
        page.locator("[data-row] .cell-stage", has_text="Won").nth(2).wait_for()
        toast.get_by_role("button", name="Undo").click()
        page.locator("[data-row] .cell-stage", has_text="New").nth(2).wait_for()

        assert selected == "3 selected"
        assert {stage_of(one) for one in people} == {"New"}

    def test_estimates_before_reading_again(self, visit, agent, people):
        page = visit(agent, "/contacts")
        page.locator("[data-select-row]").first.check()

        page.get_by_role("button", name="Read again").click()
        dialog = page.get_by_role("dialog", name="Have the AI read them again")
        dialog.get_by_text("call of the AI at most").wait_for()
        dialog.get_by_role("button", name="Read them again").click()

        page.wait_for_url("**/runs/*")

    def test_is_sorted_and_chosen_whole_on_a_phone(self, visit, agent, shop, people):
        for number in range(60):
            shop.contact(shop.new, first_name=f"Dan {number:02}", last_interaction_at=START)
        page = visit(agent, "/contacts", phone=True)

        page.get_by_role("link", name="Name", exact=True).tap()
        page.wait_for_url("**sort=name")
        first = page.locator("[data-row] .table-name").first.inner_text()
        page.get_by_label("Select the page").tap()
        page.get_by_role("button", name="Select all 63").tap()
        selected = page.locator("[data-select-count]").inner_text()
        bar, dock = page.locator(".bulk-bar").bounding_box(), page.locator(".dock").bounding_box()
        is_above = bar["y"] + bar["height"] <= dock["y"]
        page.get_by_role("button", name="Clear").tap()
        page.locator(".bulk-bar").wait_for(state="hidden")

        assert (first, selected, is_above) == ("Ana", "All 63 selected", True)

    def test_exports_a_file(self, visit, agent, people):
        page = visit(agent, "/contacts")
        page.locator("[data-select-row]").first.check()

        with page.expect_download() as download:
            page.get_by_role("button", name="Export").click()

        lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
        assert len(lines) == 2

    def test_is_searched_with_the_slash(self, visit, agent, people):
        page = visit(agent, "/contacts")

        page.keyboard.press("/")
        page.keyboard.type("nobody")
        page.keyboard.press("Enter")

        page.get_by_text("Nobody matches").wait_for()

    def test_remembers_the_columns_that_are_taken_out(self, visit, agent, people):
        page = visit(agent, "/contacts")

        page.locator("summary.columns-menu").click()
        for name in ("Stage", "Tags"):
            page.locator("[data-columns]").get_by_text(name, exact=True).click()
        page.reload()

        shown = page.locator("thead th:visible").all_inner_texts()
        assert shown == ["", "Name", "Score", "Status", "Last message"]

    def test_keeps_a_view_under_a_name(self, visit, agent, people):
        page = visit(agent, "/contacts?review=1")

        page.get_by_role("button", name="Save this view").click()
        page.get_by_label("Name", exact=True).fill("To check")
        page.get_by_role("button", name="Save", exact=True).click()

        page.get_by_role("link", name="To check").wait_for()
        assert page.url.endswith("/contacts?review=1")
