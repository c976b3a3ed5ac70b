"""Webhooks through real processes: a customer writes, and what happens when something is down."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.e2e.crm import eventually
from tests.e2e.shop import Shop, inquiries, talk
from tests.e2e.stack import Command, Stack, wait_until_ready

pytestmark = pytest.mark.slow

VERIFY_TOKEN = "verify-me-end-to-end"
PATH = "/webhooks/facebook"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    settings = {
        "HIROCRM_ANALYSIS_DEBOUNCE_SECONDS": "6",
        "FACEBOOK_WEBHOOK_VERIFY_TOKEN": VERIFY_TOKEN,
    }
    with Stack(tmp_path_factory.mktemp("stack"), **settings) as running:
        running.sandbox.graph.settings(
            webhook_url=f"http://127.0.0.1:{running.port}/api/webhooks/facebook"
        )
        yield running


@pytest.fixture
def shop(stack, open_shop):
    """A synced Page whose events are subscribed."""
    shop = open_shop(instagram=True)
    shop.customers = shop.add([*inquiries(2, ago="2h"), talk("Hi, is item 9 available?", ago="3h")])
    shop.sync()
    detail = f"/facebook-pages/{shop.page_id}"
    eventually(lambda: "messages" in shop.crm.get(detail)["subscribedFields"], "it is subscribed")
    return shop


def health(shop: Shop) -> dict:
    return dict(shop.crm.get(f"/facebook-pages/{shop.page_id}")["webhooks"])


def contact_of(shop: Shop, customer: str) -> dict:
    return next(c for c in shop.contacts() if c["messengerPSID"] == customer)


def texts(shop: Shop, customer: str) -> list:
    contact = contact_of(shop, customer)
    return [m["text"] for m in shop.crm.get(f"/contacts/{contact['id']}/messages")["items"]]


def status_of(shop: Shop, words: str) -> list:
    """How the deliveries with these words were answered."""
    return [d["status"] for d in shop.graph.deliveries() if words in d["body"]]


def prompts(stack: Stack) -> int:
    return int(stack.sandbox.control.count("gemini.generate"))


class TestWebhooks:
    def test_are_verified(self, stack):
        query = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "42"}

        right = stack.crm.ask("GET", PATH, params=query)
        wrong = stack.crm.ask("GET", PATH, params={**query, "hub.verify_token": "guess"})

        assert (right.status, right.body) == (200, "42")
        assert wrong.status == 403

    def test_bring_a_message_and_one_analysis_for_a_burst(self, stack, shop):
        customer = shop.customers[0]
        before = prompts(stack)

        lines = [f"line {number}" for number in range(4)]
        with ThreadPoolExecutor(
            len(lines)
        ) as threads:  # at once: a slow machine would draw them apart
            list(threads.map(partial(shop.graph.customer_writes, shop.page_id, customer), lines))

        eventually(lambda: set(lines) <= set(texts(shop, customer)), "the messages are there")
        eventually(lambda: prompts(stack) > before, "it was analysed")
        contact_id = contact_of(shop, customer)["id"]
        analyses = f"/contacts/{contact_id}/analyses"
        eventually(lambda: len(shop.crm.all(analyses)) == 2, "the answer is saved")
        shop.sync()
        assert prompts(stack) == before + 1
        assert texts(shop, customer).count("line 0") == 1
        kinds = [a["type"] for a in shop.crm.all(f"/contacts/{contact_of(shop, customer)['id']}/activities")]  # fmt: skip
        assert kinds.count("MESSAGE_RECEIVED") == 4
        assert health(shop)["missedCount"] == 0

    def test_refuse_a_wrong_signature_and_keep_nothing(self, stack, shop):
        event = {"object": "page", "entry": [{"id": shop.page_id, "messaging": []}]}

        shop.graph.posts_webhook(event, signed=False)

        eventually(lambda: status_of(shop, shop.page_id) == [401], "it was refused")

    def test_wait_for_a_worker_that_is_down(self, stack, shop):
        customer = shop.customers[1]
        stack.workers.pop().kill()

        shop.graph.customer_writes(shop.page_id, customer, "anybody there?")
        eventually(lambda: status_of(shop, "anybody") == [200], "it was acknowledged")
        assert "anybody there?" not in texts(shop, customer)
        stack.workers.append(stack.start_worker())

        eventually(lambda: "anybody there?" in texts(shop, customer), "it was taken")

    def test_that_were_missed_are_found_when_the_web_server_is_back(self, stack, shop, monkeypatch):
        customer = shop.customers[2]
        shop.graph.customer_writes(shop.page_id, customer, "first")
        eventually(lambda: "first" in texts(shop, customer), "webhooks come")
        stack.web.kill()
        shop.graph.customer_writes(shop.page_id, customer, "did you get this?")
        eventually(lambda: status_of(shop, "did you get") == [0], "nobody answered")

        stack.web = Command(
            "web", "--port", str(stack.port), env=stack.env, log=stack.folder / "web.log"
        )
        wait_until_ready(stack.web, stack.port)

        eventually(lambda: "did you get this?" in texts(shop, customer), "the gap is repaired")
        assert texts(shop, customer).count("first") == 1
