"""Workers that die in the middle of a backlog of webhooks, of a walk over a gap, of noting what Meta took."""

import hashlib
import hmac
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import psycopg
import pytest

from tests.e2e.crm import eventually
from tests.e2e.shop import Shop, inquiries, talk
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("e2e-webhook-survival")]

PEOPLE, DELIVERIES = 30, 900
MISSED = 40
START_MS = int(time.time() * 1000) - 60_000
LOCK = "LOCK TABLE inbox_outgoingmessage IN EXCLUSIVE MODE"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'inbox_outgoingmessage'::regclass"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    settings = {"HIROCRM_ANALYSIS_DEBOUNCE_SECONDS": "3600"}  # analysing is not what this is about
    with Stack(tmp_path_factory.mktemp("stack"), **settings) as running:
        yield running


def kill_worker(stack: Stack) -> None:
    stack.workers.pop().kill()


def start_worker(stack: Stack) -> None:
    stack.workers.append(stack.start_worker())


def body_of(page_id: str, number: int) -> bytes:
    """A message of one of the people; every tenth delivery comes twice."""
    said = number - 1 if number % 10 == 9 else number
    item = {
        "sender": {"id": f"70000{said % PEOPLE:05d}"}, "recipient": {"id": page_id}, "timestamp": START_MS + said,
        "message": {"mid": f"m_{page_id}_{said}", "text": f"line {said}"},
    }  # fmt: skip
    return json.dumps({"object": "page", "entry": [{"id": page_id, "messaging": [item]}]}).encode()


def post(stack: Stack, client: httpx2.Client, body: bytes) -> int:
    signed = hmac.new(stack.sandbox.app_secret.encode(), body, hashlib.sha256).hexdigest()
    address = f"{stack.crm.url}/api/webhooks/facebook"
    return client.post(
        address, content=body, headers={"x-hub-signature-256": f"sha256={signed}"}
    ).status_code


def rows(stack: Stack, page_id: str) -> tuple[list[str], list[str]]:
    """The ids of the stored messages, and of those that activities tell of."""
    with psycopg.connect(stack.database) as connection:
        messages = connection.execute(
            "SELECT m.remote_id FROM contacts_message m JOIN meta_page p ON p.id = m.page_id"
            " WHERE p.remote_id = %s",
            [page_id],
        ).fetchall()
        told = connection.execute(
            "SELECT a.metadata->>'messageId' FROM contacts_activity a"
            " JOIN contacts_contact c ON c.id = a.contact_id JOIN meta_page p ON p.id = c.page_id"
            " WHERE p.remote_id = %s AND a.type = 'MESSAGE_RECEIVED'",
            [page_id],
        ).fetchall()
    return [row[0] for row in messages], [row[0] for row in told]


class TestKilledInABacklog:
    def test_takes_every_message_once(self, stack):
        shop = Shop(stack.sandbox.graph, stack.crm)
        kill_worker(stack)
        bodies = [body_of(shop.page_id, number) for number in range(DELIVERIES)]
        with httpx2.Client() as client, ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda body: post(stack, client, body), bodies)) == {200}

        for part in (0.2, 0.6):
            start_worker(stack)
            eventually(
                lambda part=part: len(rows(stack, shop.page_id)[0]) >= part * DELIVERIES, "some are taken"
            )  # fmt: skip
            kill_worker(stack)
        start_worker(stack)

        expected = {json.loads(b)["entry"][0]["messaging"][0]["message"]["mid"] for b in bodies}
        eventually(lambda: len(rows(stack, shop.page_id)[0]) >= len(expected), "all are taken")
        messages, told = rows(stack, shop.page_id)
        assert Counter(messages) == Counter(told) == Counter(expected)


class TestKilledInAGap:
    def test_finds_and_counts_every_missed_message_once(self, stack):
        shop = Shop(stack.sandbox.graph, stack.crm)
        shop.add(inquiries(2, ago="2h"))
        shop.sync()
        with httpx2.Client() as client:
            post(stack, client, body_of(shop.page_id, 1))  # webhooks come, from now on
        eventually(lambda: health(shop)["listeningSince"], "it listens")
        listen_since_yesterday(stack)
        shop.add(inquiries(MISSED, ago="10m"))

        stack.sandbox.graph.breaks("slow", shop.page_id, match={"op": "conversations"}, ms=1500)
        shop.crm.connect(shop.page_id, shop.token)  # a reconnect looks for what was missed
        for _ in range(2):
            eventually(lambda: any(run["startedAt"] for run in open_runs(shop)), "the walk goes on")
            kill_worker(stack)
            start_worker(stack)
        stack.sandbox.graph.recovers()

        eventually(lambda: health(shop)["checkedAt"], "the walk ended")
        messages, _ = rows(stack, shop.page_id)
        assert len(messages) == len(set(messages)) == 2 * 3 + 1 + MISSED * 3
        assert health(shop)["missedTotal"] == MISSED * 3


def listen_since_yesterday(stack: Stack) -> None:
    with psycopg.connect(stack.database) as connection:
        connection.execute(
            "UPDATE meta_webhookhealth SET listening_since = listening_since - interval '1 day'"
        )


def health(shop: Shop) -> dict[str, Any]:
    return dict(shop.crm.get(f"/facebook-pages/{shop.page_id}")["webhooks"])


def open_runs(shop: Shop) -> list[dict[str, Any]]:
    runs = shop.crm.all(f"/facebook-pages/{shop.page_id}/sync-runs")
    return [run for run in runs if not run["finishedAt"]]


class TestKilledBetweenMetasAnswerAndOurCommit:
    def test_is_known_to_be_sent_and_never_sent_again(self, stack):
        stack.sandbox.control.reset()
        shop = Shop(stack.sandbox.graph, stack.crm, pipeline=False)
        shop.add([talk("Hi, is it available?", ago="1h")])
        shop.sync()
        (conversation,) = shop.crm.all("/conversations", pageId=shop.page_id)
        path = f"/conversations/{conversation['id']}"

        stack.sandbox.graph.breaks("slow", times=1, match={"op": "send"}, ms=3000)
        with psycopg.connect(stack.database) as connection:
            (sent,) = shop.crm.post(f"{path}/messages", {"text": "Yes!"})
            eventually(stack.sandbox.graph.sent, "Meta took the message")
            connection.execute(LOCK)  # its answer is on the way; noting it has to wait
            eventually(lambda: connection.execute(WAITING).fetchone()[0], "the answer is here")
            kill_worker(stack)
        start_worker(stack)

        def state() -> str:
            return str(shop.crm.get(f"/outgoing-messages/{sent['id']}")["state"])

        eventually(lambda: state() == "sent", "a look at the conversation told")
        assert len(stack.sandbox.graph.sent()) == 1
        texts = [one["text"] for one in shop.crm.all(f"{path}/messages")]
        assert texts == ["Yes!", "Hi, is it available?"]
