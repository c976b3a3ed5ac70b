"""A reader of the logs learns what happened, and no secret and no word of any customer."""

import re

import pytest

from tests.e2e.crm import eventually
from tests.e2e.shop import Shop, talk
from tests.e2e.stack import GEMINI_KEY, Stack

pytestmark = pytest.mark.slow

SAID = "Kalamansi-tuesday-pelican"
ANSWERED = "Zebra-umbrella-lighthouse"
FIRST_NAME, LAST_NAME = "Xanthippe", "Quillfeather"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="module")
def logs(stack):
    """What web server and worker said while many things went right and wrong."""
    graph, gemini = stack.sandbox.graph, stack.sandbox.gemini
    shop = Shop(graph, stack.crm, instagram=True)
    rows = [
        talk(f"{SAID} {n}", f"{ANSWERED} {n}", name=f"{FIRST_NAME} {LAST_NAME} {n}")
        for n in range(4)
    ]
    customer, *_ = shop.add(rows)
    shop.add([talk(f"{SAID} on Instagram", platform="instagram")])
    shop.sync()
    graph.customer_writes(shop.page_id, customer, f"{SAID} again", webhook=False)
    for kind in ("blocked", "invalid_json", "overloaded", "key_invalid"):
        gemini.answers_with(kind)
        shop.sync()
        gemini.recovers()
    for kind in ("html_502", "broken_json", "reset"):
        graph.breaks(kind, shop.page_id, times=1)
        shop.sync(full=True)
        graph.recovers()
    tell_by_webhook(stack, shop)
    graph.kills_token(shop.page_id)
    shop.sync()
    stack.crm.ask("GET", "/contacts", headers={"Authorization": "Bearer hiro_not_a_token"})
    stack.crm.ask(
        "POST", "/facebook-pages", {"pageId": shop.page_id, "pageAccessToken": "EAAWRONGTOKEN"}
    )
    text = "".join(path.read_text() for path in stack.folder.glob("*.log"))
    return shop, text


def tell_by_webhook(stack: Stack, shop: Shop) -> None:
    """Deliveries that are taken, refused, and kept aside; all hold words of a customer."""
    graph = stack.sandbox.graph
    graph.settings(webhook_url=f"http://127.0.0.1:{stack.port}/api/webhooks/facebook")
    sides = {"sender": {"id": "7001"}, "recipient": {"id": shop.page_id}}
    said = {**sides, "timestamp": 1767312000000, "message": {"mid": "m_log", "text": SAID}}
    for item, signed in ((said, True), (said, False), ({"message": {"text": SAID}}, True)):
        entry = {"id": shop.page_id, "time": 1767312000000, "messaging": [item]}
        graph.posts_webhook({"object": "page", "entry": [entry]}, signed=signed)
    graph.posts_webhook(f'{{"broken": "{SAID}')
    statuses = [200, 200, 400, 401]
    eventually(lambda: sorted(d["status"] for d in graph.deliveries()) == statuses, "answered")
    eventually(lambda: stack.crm.get("/webhooks/unreadable")["items"], "one is kept aside")


class TestSecrets:
    def test_no_token_key_or_secret(self, stack, logs):
        shop, text = logs
        secrets = {
            "the Page's token": shop.token,
            "a refused token": "EAAWRONGTOKEN",
            "the API key": GEMINI_KEY,
            "the app's secret": stack.sandbox.app_secret,
            "our token": stack.crm._token,
            "our own secret key": stack.env["HIROCRM_SECRET_KEY"],
            "a bearer header": "Bearer ",
        }

        found = [what for what, secret in secrets.items() if secret in text]

        assert found == []
        assert not re.search(r"EAA\w{6}|AIza\w{6}", text)

    def test_no_word_and_no_name_of_a_customer(self, logs):
        _, text = logs

        assert [w for w in (SAID, ANSWERED, FIRST_NAME, LAST_NAME) if w in text] == []

    def test_they_say_something(self, logs):
        _, text = logs

        assert "sync_run.started" in text
        assert text.count("webhook.refused") == 2
        assert text.count("webhook.kept_aside") == 1
