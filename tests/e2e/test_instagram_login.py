"""An account of Instagram Login, end to end: its own host, its own secret, what a customer does there."""

import hashlib
import hmac
import json
import time
from typing import Any

import httpx2
import pytest

from tests.e2e.crm import eventually
from tests.e2e.stack import UpStack

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("e2e-instagram-login")]

PAGE_AT_META, ACCOUNT = "110000000000777", "17841400000000777"
PATH = "/api/webhooks/facebook"


class Line:
    """The account at Instagram, and in HiroCRM; `tell` posts what Instagram would."""

    def __init__(self, up: UpStack, customer: str) -> None:
        self.up, self.crm, self.graph, self.customer = up, up.crm, up.sandbox.graph, customer

    def tell(self, *items: dict[str, Any], secret: str | None = None) -> int:
        entry = {"id": ACCOUNT, "time": _now(), "messaging": list(items)}
        body = json.dumps({"object": "instagram", "entry": [entry]}).encode()
        key = (secret or self.up.sandbox.instagram_app_secret).encode()
        signed = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
        headers = {"x-hub-signature-256": signed, "content-type": "application/json"}
        return httpx2.post(self.crm.url + PATH, content=body, headers=headers).status_code

    def item(self, **content: Any) -> dict[str, Any]:
        return {
            "sender": {"id": self.customer}, "recipient": {"id": ACCOUNT}, "timestamp": _now(), **content,
        }  # fmt: skip

    def echo(self, mid: str, text: str) -> dict[str, Any]:
        message = {"mid": mid, "text": text, "is_echo": True}
        sides = {"sender": {"id": ACCOUNT}, "recipient": {"id": self.customer}}
        return {**self.item(message=message), **sides}

    def conversation(self) -> dict[str, Any]:
        (found,) = self.crm.all("/conversations", pageId=ACCOUNT)
        return dict(found)

    def messages(self) -> dict[str, dict[str, Any]]:
        """The contact's messages by Meta's id."""
        return {m["messageId"]: m for m in self.crm.messages(self.conversation()["contactId"])}


def _now() -> int:
    return int(time.time() * 1000)


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    with UpStack(tmp_path_factory.mktemp("up"), instagram=True) as running:
        running.sandbox.graph.settings(requires_proof=True)
        yield running


@pytest.fixture(scope="module")
def line(up):
    """Connected, subscribed and synced once."""
    graph = up.sandbox.graph
    graph.add_page(PAGE_AT_META, "Closet", instagram_id=ACCOUNT, instagram_username="closet")
    said = [{"from": "customer", "text": "hm po? 👗"}]
    (customer,) = graph.add_conversations(
        PAGE_AT_META, [{"platform": "instagram", "messages": said}]
    )
    token = graph.issue_token(PAGE_AT_META, kind="INSTAGRAM", issued_at=0)
    page = up.crm.connect(ACCOUNT, token, flavour="instagram")
    assert (page["flavour"], page["instagramAccountId"]) == ("instagram", ACCOUNT)
    run = up.crm.sync(ACCOUNT)
    assert (run["status"], run["synced"]) == ("completed", 1)
    return Line(up, customer)


def page_of(line: Line) -> dict[str, Any]:
    return dict(line.crm.get(f"/facebook-pages/{ACCOUNT}"))


class TestInstagramLogin:
    def test_is_subscribed_at_its_own_host(self, line):
        eventually(lambda: "messages" in page_of(line)["subscribedFields"], "it is subscribed")

        posted = [
            call for call in line.up.sandbox.control.calls(op="subscribed_apps")
            if call["method"] == "POST"
        ]  # fmt: skip
        assert {call["path"] for call in posted} == {"/v25.0/me/subscribed_apps"}

    def test_its_token_is_renewed_long_before_the_sixty_days_end(self, line):
        # The token was issued long ago, and when it ends isn't known: the first look renews it.
        renewed = eventually(lambda: page_of(line)["tokenExpiresAt"], "it is renewed")

        assert line.up.sandbox.control.count("graph.instagram_refresh") == 1
        assert renewed > time.strftime("%Y-%m-%d", time.gmtime(time.time() + 58 * 86_400))

    def test_takes_what_either_secret_signed_and_nothing_else(self, line):
        message = {"mid": "aWd_meta", "text": "signed by the Meta app"}

        assert line.tell(line.item(message=message), secret=line.up.sandbox.app_secret) == 200
        assert line.tell(line.item(message={"mid": "aWd_x", "text": "x"}), secret="guess") == 401

        eventually(lambda: "aWd_meta" in line.messages(), "it is stored")
        assert "aWd_x" not in line.messages()

    def test_brings_messages_echoes_taps_reads_reactions_and_unsends(self, line):
        line.tell(line.item(message={"mid": "aWd_1", "text": "available pa po?"}))
        line.tell(line.echo("aWd_2", "Opo, meron pa!"))
        line.tell(
            line.item(postback={"mid": "aWd_3", "title": "Opening hours?", "payload": "HOURS"})
        )
        line.tell(line.item(message={"mid": "aWd_4", "text": "my address is a secret"}))
        line.tell(line.item(message={"mid": "aWd_4", "is_deleted": True}))
        line.tell(
            line.item(read={"mid": "aWd_2"}),
            line.item(reaction={"mid": "aWd_2", "action": "react", "reaction": "love", "emoji": "❤️"}),
            line.item(message_edit={"mid": "aWd_1", "num_edit": 0}),
        )  # fmt: skip

        eventually(lambda: line.messages().get("aWd_2", {}).get("reactions"), "all is taken")
        found = line.messages()
        assert [found[f"aWd_{n}"]["sender"] for n in (1, 2, 3, 4)] == [
            "customer", "business", "customer", "customer",
        ]  # fmt: skip
        assert found["aWd_3"]["text"] == "Opening hours?"
        assert (found["aWd_4"]["text"], found["aWd_4"]["deletedTime"] is not None) == (None, True)
        assert found["aWd_2"]["reactions"] == [{"sender": "customer", "emoji": "❤️"}]
        conversation = line.conversation()
        assert conversation["platform"] == "instagram"
        assert conversation["readUntil"] == found["aWd_2"]["createdTime"]
        assert len(line.crm.contacts(ACCOUNT)) == 1

    def test_is_answered_by_its_own_token_and_the_echo_is_matched(self, line):
        asked = line.graph.customer_writes(
            PAGE_AT_META, line.customer, "cash on delivery?", webhook=False
        )
        line.tell(line.item(message={"mid": asked, "text": "cash on delivery?"}))
        eventually(lambda: asked in line.messages(), "they wrote")
        path = f"/conversations/{line.conversation()['id']}/messages"

        (sent,) = line.crm.post(path, {"text": "Yes, everywhere 🚚"})

        def state() -> Any:
            return line.crm.get(f"/outgoing-messages/{sent['id']}")

        eventually(lambda: state()["state"] == "sent", "it is sent")
        mid = state()["messageId"]
        line.tell(line.echo(mid, "Yes, everywhere 🚚"))
        line.tell(line.item(message={"mid": "aWd_after", "text": "ok!"}))
        eventually(lambda: "aWd_after" in line.messages(), "the echo was taken")
        same = [m for m in line.messages().values() if m["text"] == "Yes, everywhere 🚚"]
        assert [(m["messageId"], m["source"]) for m in same] == [(mid, "sent")]
        assert len(line.graph.sent()) == 1

    def test_syncing_again_doubles_nothing(self, line):
        before = line.messages().keys()

        run = line.crm.sync(ACCOUNT, full=True)

        assert run["status"] == "completed"
        assert line.messages().keys() == before
