"""Answers on their way while workers die: sent once, and known to be."""

import psycopg
import pytest

from tests.e2e.crm import eventually
from tests.e2e.shop import Shop, talk
from tests.e2e.stack import Stack

pytestmark = pytest.mark.slow
SLOW_MS = 60_000


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture
def line(stack):
    """A shop, the one conversation it has, and its path in the API."""
    stack.sandbox.control.reset()
    shop = Shop(stack.sandbox.graph, stack.crm, pipeline=False)
    shop.add([talk("Hi, is it available?", ago="1h")])
    stack.crm.sync(shop.page_id)
    (conversation,) = stack.crm.all("/conversations", pageId=shop.page_id)
    return shop, f"/conversations/{conversation['id']}"


def state(stack, sent):
    return stack.crm.get(f"/outgoing-messages/{sent['id']}")["state"]


def kill_while_sending(stack, path, text):
    """Have Meta take the message and the worker die before it hears of it."""
    stack.sandbox.graph.breaks("slow", times=1, match={"op": "send"}, ms=SLOW_MS)
    (sent,) = stack.crm.post(f"{path}/messages", {"text": text})
    eventually(stack.sandbox.graph.sent, "Meta took the message")
    stack.workers[-1].kill()
    stack.workers.append(stack.start_worker())
    return sent


def look_now(stack):
    """Have the worker look at the conversation now, and not in a minute."""
    with psycopg.connect(stack.database, autocommit=True) as connection:
        connection.execute(
            "UPDATE procrastinate_jobs SET scheduled_at = now()"
            " WHERE task_name = 'inbox.look_for' AND status = 'todo'"
        )


class TestWorkerKilledWhileSending:
    def test_is_found_by_looking_and_never_sent_again(self, stack, line):
        _shop, path = line

        sent = kill_while_sending(stack, path, "Yes, it is!")

        eventually(lambda: state(stack, sent) == "unknown", "it is known to be unknown")
        look_now(stack)
        eventually(lambda: state(stack, sent) == "sent", "a look at the conversation told")
        assert len(stack.sandbox.graph.sent()) == 1
        texts = [one["text"] for one in stack.crm.all(f"{path}/messages")]
        assert texts == ["Yes, it is!", "Hi, is it available?"]

    def test_is_settled_by_its_echo(self, stack, line):
        shop, path = line
        stack.sandbox.graph.settings(webhook_url=f"{stack.crm.url}/api/webhooks/facebook")

        sent = kill_while_sending(stack, path, "In blue, too.")

        eventually(lambda: state(stack, sent) == "sent", "its echo told")
        stack.sandbox.graph.settings(webhook_url="")
        assert len(stack.sandbox.graph.sent()) == 1
        messages = stack.crm.all(f"{path}/messages")
        assert [(one["text"], one["source"]) for one in messages][:1] == [("In blue, too.", "sent")]
        kinds = [one["type"] for one in shop.crm.activities(_contact(stack, path))]
        assert kinds.count("MESSAGE_SENT") == 1


def _contact(stack, path):
    return stack.crm.get(path)["contactId"]
