"""The route itself, spoken to as a web server does, over the real database."""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hirocrm.meta.models import WebhookDelivery
from hirocrm.meta.webhooks import store as store_module
from hirocrm.meta.webhooks.intake import BODY_BYTES, PATH, Intake
from tests.sync.webhooks.test_fuzz import mutated

pytestmark = pytest.mark.django_db(transaction=True)

SECRET, INSTAGRAM_SECRET, TOKEN = "app-secret", "instagram-secret", "verify-me"
BODY = json.dumps({"object": "page", "entry": []}).encode()


def sign(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest_asyncio.fixture
async def intake() -> AsyncIterator[Intake]:
    intake = Intake(secrets=[SECRET, INSTAGRAM_SECRET], verify_token=TOKEN)
    yield intake
    await intake.close()


async def ask(
    intake: Intake,
    *parts: bytes,
    method: str = "POST",
    query: str = "",
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes, dict[str, str]]:
    """Send a request in these parts; the answer's status, body and headers."""
    waiting = [
        {"type": "http.request", "body": part, "more_body": n < len(parts)}
        for n, part in enumerate(parts, start=1)
    ] or [{"type": "http.request", "body": b""}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    lines = [(name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    scope = {
        "type": "http", "method": method, "path": PATH, "query_string": query.encode(), "headers": lines,
    }  # fmt: skip
    await intake(scope, receive, send)
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], sent[1]["body"], told


async def post(intake: Intake, body: bytes, signature: str | None = None) -> int:
    headers = {"x-hub-signature-256": sign(body) if signature is None else signature}
    status, _, _ = await ask(intake, body, headers=headers if signature != "" else {})
    return status


@sync_to_async
def stored() -> list[tuple[bytes, int]]:
    try:
        rows = WebhookDelivery.objects.order_by("id").values_list("body", "secret")
        return [(bytes(body), secret) for body, secret in rows]
    finally:
        connection.close()


@sync_to_async
def jobs() -> list[tuple[str, str]]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT task_name, status::text FROM procrastinate_jobs")
            return cursor.fetchall()
    finally:
        connection.close()


@pytest.fixture(autouse=True)
def empty_queue(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


class TestVerification:
    async def test_answers_the_challenge_alone(self, intake):
        query = f"hub.mode=subscribe&hub.verify_token={TOKEN}&hub.challenge=1158201444"

        status, body, headers = await ask(intake, method="GET", query=query)

        assert (status, body) == (200, b"1158201444")
        assert headers["content-type"] == "text/plain; charset=utf-8"

    @pytest.mark.parametrize(
        "query",
        [
            "",
            "hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1",
            f"hub.mode=unsubscribe&hub.verify_token={TOKEN}&hub.challenge=1",
            f"hub.mode=subscribe&hub.verify_token={TOKEN}",
            "hub.mode=subscribe&hub.challenge=1",
            "hub.verify_token=%FF%00&hub.mode=subscribe&hub.challenge=%FF",
        ],
    )
    async def test_refuses_whoever_does_not_know_the_token(self, intake, query):
        status, body, _ = await ask(intake, method="GET", query=query)

        assert (status, body) == (403, b"the verify token doesn't match")

    async def test_refuses_everyone_while_no_token_is_set(self):
        query = "hub.mode=subscribe&hub.verify_token=&hub.challenge=1"

        status, body, _ = await ask(
            Intake(secrets=[""], verify_token=""), method="GET", query=query
        )

        assert (status, body) == (403, b"FACEBOOK_WEBHOOK_VERIFY_TOKEN is not set")


class TestDelivery:
    async def test_is_stored_as_it_came_with_a_job_to_take_it(self, intake):
        assert await post(intake, BODY) == 200

        assert await stored() == [(BODY, 0)]
        assert await jobs() == [("webhooks.take_deliveries", "todo")]

    async def test_may_be_signed_with_the_instagram_secret(self, intake):
        assert await post(intake, BODY, sign(BODY, INSTAGRAM_SECRET)) == 200

        assert await stored() == [(BODY, 1)]

    async def test_may_come_in_parts_and_be_long(self, intake):
        body = json.dumps({"object": "page", "entry": [{"x": "ä" * 60_000}]}).encode()
        parts = [body[start : start + 65_536] for start in range(0, len(body), 65_536)]

        status, _, _ = await ask(intake, *parts, headers={"X-Hub-Signature-256": sign(body)})

        assert status == 200
        assert len(body) > 300_000
        assert await stored() == [(body, 0)]

    async def test_of_an_odd_shape_is_taken(self, intake):
        for body in (b"[]", b'"x"', b"{}", b'{"object": "user", "entry": 7}'):
            assert await post(intake, body) == 200

    async def test_shares_a_commit_and_a_job_with_those_that_come_together(self, intake):
        bodies = [json.dumps({"n": n}).encode() for n in range(50)]

        statuses = await asyncio.gather(*(post(intake, body) for body in bodies))

        assert statuses == [200] * 50
        assert sorted(body for body, _ in await stored()) == sorted(bodies)
        assert await jobs() == [("webhooks.take_deliveries", "todo")]


class TestOddBodies:
    @given(
        body=st.one_of(
            mutated().map(lambda body: json.dumps(body).encode()), st.binary(max_size=300)
        )
    )
    @settings(
        max_examples=100,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    async def test_are_never_a_fault_of_ours(self, intake, body):
        before = len(await stored())

        status = await post(intake, body)

        assert (status, len(await stored()) - before) in {(200, 1), (400, 0)}


class TestRefusals:
    @pytest.fixture(autouse=True)
    def _logs(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)

    def refused(self, caplog: pytest.LogCaptureFixture) -> list[str]:
        return [
            record.getMessage() for record in caplog.records if "webhook" in record.getMessage()
        ]

    @pytest.mark.parametrize(
        ("signature", "reason"),
        [
            ("", "the signature is missing"),
            ("sha256=" + "0" * 64, "the signature doesn't match"),
            ("sha1=" + "0" * 40, "the signature doesn't match"),
            ("sha256=é", "the signature doesn't match"),
            (sign(BODY, "another-secret"), "the signature doesn't match"),
            (sign(BODY + b" "), "the signature doesn't match"),
        ],
    )
    async def test_of_what_meta_did_not_sign(self, intake, caplog, signature, reason):
        assert await post(intake, BODY, signature) == 401

        assert await stored() == []
        (line,) = self.refused(caplog)
        assert reason in line
        assert "entry" not in line

    async def test_of_another_body_under_an_old_signature(self, intake):
        other = json.dumps({"object": "page", "entry": [{"id": "1"}]}).encode()

        assert await post(intake, other, sign(BODY)) == 401
        assert await stored() == []

    async def test_of_everything_while_no_secret_is_set(self):
        intake = Intake(secrets=["", ""], verify_token=TOKEN)

        status, body, _ = await ask(intake, BODY, headers={"x-hub-signature-256": sign(BODY, "")})

        assert (status, body) == (401, b"FACEBOOK_APP_SECRET is not set, so webhooks are off")

    @pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 200_000])
    async def test_of_what_is_no_json(self, intake, caplog, body):
        assert await post(intake, body) == 400

        assert await stored() == []
        assert len(self.refused(caplog)) == 1

    async def test_of_ten_megabytes_before_they_are_read(self, intake, caplog):
        headers = {"content-length": str(10 * 1024 * 1024), "x-hub-signature-256": "sha256=0"}

        status, _, _ = await ask(intake, headers=headers)

        assert status == 413
        assert await stored() == []
        assert len(self.refused(caplog)) == 1

    async def test_of_ten_megabytes_that_do_not_say_so(self, intake):
        parts = [b"x" * 1024 * 1024] * 10

        status, _, _ = await ask(
            intake, *parts, headers={"x-hub-signature-256": sign(b"".join(parts))}
        )

        assert len(parts) * len(parts[0]) > BODY_BYTES
        assert status == 413
        assert await stored() == []

    async def test_of_ten_megabytes_lets_the_sender_finish(self, intake):
        waiting = [{"type": "http.request", "body": b"x" * 1024 * 1024, "more_body": n < 9} for n in range(10)]  # fmt: skip
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return waiting.pop(0)

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        length = [(b"content-length", b"10485760")]
        scope = {"type": "http", "method": "POST", "path": PATH, "query_string": b"", "headers": length}  # fmt: skip
        await intake(scope, receive, send)

        assert (sent[0]["status"], waiting) == (413, [])

    async def test_of_other_methods(self, intake):
        status, _, headers = await ask(intake, method="DELETE")

        assert (status, headers["allow"]) == (405, "GET, POST")

    async def test_of_a_sender_who_hangs_up(self, intake):
        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": PATH, "query_string": b"", "headers": []}
        await intake(scope, receive, send)

        assert sent[0]["status"] == 400


AWAY = {"host": "127.0.0.1", "port": 1, "dbname": "none", "user": "none"}


class TestDatabaseAway:
    async def test_is_no_reason_for_a_false_200(self, intake, monkeypatch):
        monkeypatch.setattr(store_module, "own_connection_params", lambda: AWAY)

        status, body, headers = await ask(intake, BODY, headers={"x-hub-signature-256": sign(BODY)})

        assert (status, body) == (503, b"the database can't be reached")
        assert headers["retry-after"] == "5"

    async def test_ends_when_the_database_is_back(self, intake):
        assert await post(intake, BODY) == 200
        await sync_to_async(end_other_sessions)()

        statuses = [await post(intake, BODY) for _ in range(2)]

        assert statuses == [503, 200]
        assert await stored() == [(BODY, 0), (BODY, 0)]

    async def test_has_what_was_lost_looked_for_when_it_is_back(self, intake, monkeypatch):
        real = store_module.own_connection_params
        monkeypatch.setattr(store_module, "ASK_SECONDS", 0.05)
        monkeypatch.setattr(store_module, "own_connection_params", lambda: AWAY)
        assert [await post(intake, BODY) for _ in range(2)] == [503, 503]
        assert await jobs() == []

        monkeypatch.setattr(store_module, "own_connection_params", real)
        async with asyncio.timeout(30):
            while not await jobs():  # noqa: ASYNC110  # the database tells nobody
                await asyncio.sleep(0.05)

        assert await jobs() == [("webhooks.repair_gaps", "todo")]

    async def test_refuses_what_waits_too_long(self, intake, monkeypatch):
        assert await post(intake, BODY) == 200
        monkeypatch.setattr(store_module, "WRITE_SECONDS", 0.3)

        with locked_table():
            status = await post(intake, BODY)

        assert status == 503

    async def test_refuses_what_is_too_much(self, intake, monkeypatch):
        monkeypatch.setattr(store_module, "WAITING_BYTES", 10)

        assert await post(intake, BODY) == 503


def end_other_sessions() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND query LIKE '%meta_webhookdelivery%'"
        )
    connection.close()


class locked_table:  # noqa: N801  # reads as a statement
    """The table of deliveries is locked by somebody else within the block."""

    def __enter__(self) -> None:
        from hirocrm.core.connections import own_connection_params

        self._connection = psycopg.connect(**own_connection_params())
        self._connection.execute("LOCK TABLE meta_webhookdelivery IN ACCESS EXCLUSIVE MODE")

    def __exit__(self, *_: object) -> None:
        self._connection.rollback()
        self._connection.close()
