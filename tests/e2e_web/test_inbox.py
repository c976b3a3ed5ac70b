"""Answering from the inbox in a browser, at a desk and on a phone, with a worker and a stand-in for Meta."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.factories import ConversationFactory, MessageFactory, PageFactory
from tests.inbox.conftest import open_line as open_line  # noqa: PLC0414  # a fixture, shared
from tests.inbox.conftest import sandbox as sandbox  # noqa: PLC0414  # a fixture, shared

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture
def line(open_line):
    """A customer who wrote an hour ago."""
    line = open_line()
    MessageFactory(
        conversation=line.conversation,
        text="magkano po?",
        created_time=datetime.now(UTC) - timedelta(hours=1),
    )
    contact = line.conversation.contact
    contact.last_message_text, contact.last_message_sender = "magkano po?", "customer"
    contact.save()
    return line


def work(line):
    """A worker's turn, beside the browser's event loop."""
    from concurrent.futures import ThreadPoolExecutor

    from hirocrm.inbox.delivery import send_queued

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, send_queued(line.conversation.pk)).result()


class TestReply:
    @pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
    def test_goes_to_the_customer_and_shows_that_it_did(self, visit, owner, line, phone):
        page = visit(owner, "/inbox", phone=phone)
        page.locator("[data-inbox-row]").click()
        page.locator("#message-log, [data-thread]").get_by_text("magkano po?").wait_for()

        page.get_by_label("Your answer").fill("450 po, COD available 👍")
        page.get_by_role("button", name="Send").click()
        page.locator(".outgoing", has_text="450 po").wait_for()
        work(line)
        page.locator(".message-business:not(.outgoing)", has_text="450 po").wait_for()

        assert page.locator(".outgoing").count() == 0
        assert [one["message"]["text"] for one in line.sent()] == ["450 po, COD available 👍"]
        assert page.get_by_label("Your answer").input_value() == ""

    def test_keeps_a_draft_and_ones_place(self, visit, owner, line):
        for minute in range(60):
            MessageFactory(
                conversation=line.conversation,
                text=f"line {minute}",
                created_time=datetime.now(UTC) - timedelta(minutes=60 - minute, seconds=30),
            )
        page = visit(owner, f"/inbox/{line.conversation.pk}")
        page.get_by_text("line 59").wait_for()
        page.locator("html[data-live=on]").wait_for(state="attached")  # news before it isn't told
        page.locator("#thread-live").evaluate("box => box.scrollTop = 200")
        page.get_by_label("Your answer").fill("half an ans")
        before = page.locator("#thread-live").evaluate("box => box.scrollTop")

        from hirocrm.core import events

        MessageFactory(
            conversation=line.conversation, text="one more", created_time=datetime.now(UTC)
        )
        events.publish(
            organization_id=owner.organization_id,
            kind="messages.changed",
            contacts=[str(line.conversation.contact_id)],
        )
        page.get_by_text("one more").wait_for()
        after = page.locator("#thread-live").evaluate("box => box.scrollTop")
        page.reload()

        assert page.get_by_label("Your answer").input_value() == "half an ans"
        assert abs(after - before) < 60

    def test_fills_in_a_quick_reply_by_the_keyboard(self, visit, owner, line, now):
        from hirocrm.inbox.services import create_quick_reply

        create_quick_reply(member=owner, shortcut="hi", text="Hi {first_name}!", now=now)
        page = visit(owner, f"/inbox/{line.conversation.pk}")

        page.locator("html[data-live=on]").wait_for(state="attached")  # the page is all there

        page.keyboard.press("r")
        page.locator("textarea:focus").wait_for()
        page.keyboard.type("/h")
        page.locator(".composer-palette li").wait_for()
        page.keyboard.press("Enter")
        page.keyboard.press("Control+Enter")

        page.locator(".outgoing", has_text="Hi Maria!").wait_for()

    def test_has_its_keys_in_the_list_of_shortcuts(self, visit, owner, line):
        page = visit(owner, f"/inbox/{line.conversation.pk}")
        page.locator("html[data-live=on]").wait_for(state="attached")  # the page is all there

        page.keyboard.press("?")
        listed = page.get_by_role("dialog", name="Keyboard shortcuts")
        listed.wait_for()
        rows = listed.locator("p").all_inner_texts()

        shown = {" ".join(row.split()) for row in rows}
        assert shown >= {
            "Next conversation j", "Previous conversation k", "Answer r", "Close e",
            "Quick replies, at the start of an answer /", "Send the answer Ctrl Enter",
        }  # fmt: skip

    def test_shows_why_it_failed_and_sends_again(self, visit, owner, line):
        fault = line.sandbox.graph.refuses(code=551, match={"op": "send"})
        page = visit(owner, f"/inbox/{line.conversation.pk}")
        page.get_by_label("Your answer").fill("Hello!")
        page.get_by_role("button", name="Send").click()
        page.locator(".outgoing").wait_for()
        work(line)
        page.get_by_text("Not sent. This person can't receive messages").wait_for()

        line.sandbox.control.ends(fault)
        page.get_by_role("button", name="Send again").click()
        page.get_by_text("Sending…").wait_for()
        work(line)

        page.locator(".message-business:not(.outgoing)", has_text="Hello!").wait_for()


class TestAccessibility:
    @pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_meets_wcag(self, visit, owner, line, phone, scheme):
        line.send("Failed")
        from hirocrm.inbox.models import OutgoingMessage

        OutgoingMessage.objects.update(state="failed", error="They blocked the Page.")
        found = {}
        for path in (
            "/inbox",
            f"/inbox/{line.conversation.pk}",
            "/inbox/quick-replies",
            "/settings/privacy",
        ):
            page = visit(owner, path, phone=phone, color_scheme=scheme, bypass_csp=True)
            page.add_script_tag(path=str(AXE))
            result = page.evaluate(f"axe.run(document, {json.dumps(RULES)})")
            found[path] = [
                (one["id"], [node["html"][:150] for node in one["nodes"]])
                for one in result["violations"]
            ]
            page.context.close()

        assert found == {key: [] for key in found}


class TestUnderABanner:
    @pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
    def test_keeps_the_box_to_answer_in_view(self, visit, owner, line, phone):
        for number in range(30):
            talk = ConversationFactory(contact__page=line.conversation.page, has_text=True)
            MessageFactory(conversation=talk, text=f"line {number}")
        PageFactory(
            organization=line.conversation.organization,
            state="needs_reconnect",
            state_reason="The password was changed. " * 5,
        )
        page = visit(owner, f"/inbox/{line.conversation.pk}", phone=phone)
        page.locator("[data-pages-in-need]").wait_for()
        send = page.get_by_role("button", name="Send")

        room = page.evaluate("[document.documentElement.scrollHeight, innerHeight]")
        box, dock = send.bounding_box(), page.locator(".dock").bounding_box()

        assert room[0] == room[1]
        assert box["y"] + box["height"] <= (dock["y"] if phone else room[1])


class TestAnswerToOneMessage:
    def test_is_chosen_in_the_thread_and_goes_once(self, visit, owner, line):
        message = line.conversation.messages.get()
        page = visit(owner, f"/inbox/{line.conversation.pk}")

        page.get_by_label("Answer this message").click()
        page.locator(".composer-answered", has_text="magkano po?").wait_for()
        page.get_by_label("Your answer").fill("This one: 450")
        page.get_by_role("button", name="Send").click()
        page.locator(".outgoing", has_text="This one: 450").wait_for()
        page.locator(".composer-answered").wait_for(state="detached")
        work(line)

        page.locator(".message-business .message-reply", has_text="magkano po?").wait_for()
        assert [one["reply_to"] for one in line.sent()] == [message.remote_id]


class TestPhone:
    def test_finds_what_is_done_seldom_in_a_menu(self, visit, owner, line):
        page = visit(owner, f"/inbox/{line.conversation.pk}", phone=True)

        page.get_by_label("More", exact=True).click()
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            page.locator(".inbox-more select").select_option(label="Me")
        page.get_by_label("More", exact=True).wait_for()
        page.locator(".inbox-more details:not([open])").wait_for()
        line.conversation.refresh_from_db()
        assert line.conversation.assignee_id == owner.pk

        page.get_by_label("More", exact=True).click()
        page.get_by_role("button", name="Mark as unread").click()
        page.wait_for_url("**/inbox")
        line.conversation.refresh_from_db()
        assert line.conversation.seen_at is None


class TestContactPage:
    def test_shows_a_new_message_by_itself_and_keeps_what_is_being_written(
        self, visit, owner, line
    ):
        from hirocrm.core import events

        contact = line.conversation.contact
        page = visit(owner, f"/contacts/{contact.pk}")
        page.locator("html[data-live=on]").wait_for(state="attached")
        page.get_by_label("Your answer").fill("half an ans")

        MessageFactory(
            conversation=line.conversation, text="one more", created_time=datetime.now(UTC)
        )
        events.publish(
            organization_id=owner.organization_id,
            kind="messages.changed",
            contacts=[str(contact.pk)],
        )

        page.locator(".message", has_text="one more").wait_for()
        assert page.get_by_label("Your answer").input_value() == "half an ans"
