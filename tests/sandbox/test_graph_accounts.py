import hashlib
import hmac
import http.server
import json
import threading
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.sandbox.conftest import INSTAGRAM, PAGE, Caller

CALLBACK = "http://127.0.0.1/callback"


@pytest.fixture
def person(sandbox) -> Caller:
    return Caller(sandbox.graph_url, sandbox.graph.issue_user_token())


class TestAccounts:
    def test_lists_pages_with_tokens_page_by_page(self, person, sandbox):
        sandbox.graph.add_page("110000000000088", "Second")
        fields = "id,name,tasks,access_token,instagram_business_account{id,username}"

        first = person.get("/v25.0/me/accounts", fields=fields, limit=1).json
        second = person.get("/v25.0/me/accounts", fields=fields, limit=1, after=first["paging"]["cursors"]["after"]).json  # fmt: skip

        assert first["data"][0]["instagram_business_account"] == {"id": INSTAGRAM, "username": "test.shop"}  # fmt: skip
        assert "MESSAGING" in first["data"][0]["tasks"]
        assert second["data"][0]["name"] == "Second"
        assert "instagram_business_account" not in second["data"][0]
        assert "next" not in second["paging"]
        listed = Caller(person.url, second["data"][0]["access_token"])
        assert listed.get("/v25.0/me").json == {"id": "110000000000088", "name": "Second"}

    def test_wants_smaller_pages_of_big_portfolios(self, person, sandbox):
        sandbox.graph.breaks("reduce_data", match={"op": "accounts"}, max_limit=10)

        assert person.get("/v25.0/me/accounts", limit=50).status == 500
        assert person.get("/v25.0/me/accounts", limit=10).status == 200

    def test_debugs_a_token(self, sandbox, graph):
        app = Caller(sandbox.graph_url)
        ask = {"input_token": "PAGETOKEN", "access_token": f"{sandbox.app_id}|{sandbox.app_secret}"}

        alive = app.get("/v25.0/debug_token", **ask).json["data"]
        sandbox.graph.kills_token(PAGE, 460)
        dead = app.get("/v25.0/debug_token", **ask).json["data"]

        assert (alive["is_valid"], alive["type"], alive["profile_id"]) == (True, "PAGE", PAGE)
        assert alive["expires_at"] == 0
        assert alive["granular_scopes"][0] == {"scope": "pages_show_list", "target_ids": [PAGE]}
        assert (dead["is_valid"], dead["error"]["subcode"]) == (False, 460)

    def test_subscribes_the_page(self, graph):
        edge = f"/v25.0/{PAGE}/subscribed_apps"

        assert graph.get(edge).json == {"data": []}
        assert graph.post(edge, subscribed_fields="messages,message_echoes").json == {
            "success": True
        }
        assert graph.get(edge).json["data"][0]["subscribed_fields"] == [
            "messages",
            "message_echoes",
        ]
        assert graph.ask("DELETE", edge).json == {"success": True}
        assert graph.get(edge).json == {"data": []}


class TestLogin:
    def _consent(self, caller: Caller, **answers: object) -> dict[str, list[str]]:
        form = urlencode({"redirect_uri": CALLBACK, "state": "s1", **answers}, doseq=True).encode()
        answer = caller.post(
            "/v25.0/dialog/oauth",
            form,
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        assert answer.status == 302
        assert answer.headers["location"].startswith(CALLBACK + "?")
        return parse_qs(urlsplit(answer.headers["location"]).query)

    def test_asks_for_consent(self, sandbox):
        dialog = Caller(sandbox.graph_url).get(
            "/v25.0/dialog/oauth", client_id=sandbox.app_id, redirect_uri=CALLBACK, state="s<1",
            response_type="code", scope="pages_show_list,pages_messaging",
        )  # fmt: skip

        assert dialog.status == 200
        assert b'name="page" value="110000000000077" checked' in dialog.body
        assert b'value="s&lt;1"' in dialog.body

    def test_exchanges_a_code_once_and_for_longer(self, sandbox):
        caller = Caller(sandbox.graph_url)
        sandbox.graph.add_page("110000000000088", "Unticked")
        came = self._consent(caller, page=[PAGE], scope=["pages_show_list", "pages_messaging"])
        app = {"client_id": sandbox.app_id, "client_secret": sandbox.app_secret}
        ask = {**app, "redirect_uri": CALLBACK, "code": came["code"][0]}

        short = caller.get("/v25.0/oauth/access_token", **ask).json
        again = caller.get("/v25.0/oauth/access_token", **ask)
        long = caller.get("/v25.0/oauth/access_token", **app, grant_type="fb_exchange_token", fb_exchange_token=short["access_token"]).json  # fmt: skip

        assert came["state"] == ["s1"]
        assert (short["token_type"], short["expires_in"]) == ("bearer", 5400)
        assert again.code == 100
        assert long["expires_in"] == 5183944
        pages = Caller(caller.url, long["access_token"]).get("/v25.0/me/accounts").json["data"]
        assert [page["id"] for page in pages] == [PAGE]

    def test_can_be_declined(self, sandbox):
        came = self._consent(Caller(sandbox.graph_url), answer="no")

        assert (came["error"], came["state"]) == (["access_denied"], ["s1"])

    def test_refuses_a_wrong_secret_or_address(self, sandbox):
        caller = Caller(sandbox.graph_url)
        code = self._consent(caller, page=[PAGE])["code"][0]
        ask = {"client_id": sandbox.app_id, "client_secret": sandbox.app_secret, "code": code}

        assert caller.get("/oauth/access_token", **ask | {"client_secret": "x"}).code == 1
        other = caller.get("/oauth/access_token", **ask, redirect_uri=CALLBACK + "/")
        assert other.json["error"]["error_subcode"] == 36008


class TestSending:
    @pytest.fixture
    def ana(self, sandbox) -> str:
        row = {"name": "Ana", "ago": "2h", "messages": [{"from": "customer", "text": "Hi"}]}
        return sandbox.graph.add_conversations(PAGE, [row])[0]

    def _send(self, graph, to: str, text: str = "Hello", **more: object):
        body = {"recipient": {"id": to}, "messaging_type": "RESPONSE", "message": {"text": text}}
        return graph.post(f"/v25.0/{PAGE}/messages", body | more)

    def test_records_what_was_sent(self, graph, sandbox, ana):
        answer = self._send(graph, ana).json

        assert answer["recipient_id"] == ana
        (sent,) = sandbox.graph.sent()
        assert (sent["message_id"], sent["message"]) == (answer["message_id"], {"text": "Hello"})
        node = graph.get(f"/v25.0/{answer['message_id']}", fields="message,from")
        assert node.json["message"] == "Hello"

    def test_refuses_strangers_and_long_texts(self, graph, ana):
        assert self._send(graph, "7123").json["error"]["error_subcode"] == 2018001
        assert self._send(graph, ana, "x" * 2001).code == 100
        assert self._send(graph, ana, message={}).json["error"]["error_subcode"] == 2018015

    def test_keeps_the_window(self, graph, sandbox):
        rows = [
            {"name": name, "ago": ago, "messages": [{"from": "customer", "text": "Hi"}]}
            for name, ago in (("Two Days", "2d"), ("Nine Days", "9d"))
        ]
        two_days, nine_days = sandbox.graph.add_conversations(PAGE, rows)
        human = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}

        late = self._send(graph, two_days)
        assert (late.status, late.code, late.json["error"]["error_subcode"]) == (403, 10, 2018278)
        assert self._send(graph, two_days, **human).status == 200
        assert self._send(graph, nine_days, **human).code == 10
        assert self._send(graph, two_days, messaging_type="MESSAGE_TAG", tag="ACCOUNT_UPDATE").code == 100  # fmt: skip

    def test_counts_bytes_on_instagram(self, graph, sandbox):
        row = {
            "platform": "instagram",
            "ago": "1h",
            "messages": [{"from": "customer", "text": "Hi"}],
        }
        (customer,) = sandbox.graph.add_conversations(PAGE, [row])

        assert self._send(graph, customer, "é" * 500).status == 200
        assert self._send(graph, customer, "é" * 501).code == 100


@pytest.fixture
def inbox() -> Iterator[tuple[str, list[tuple[bytes, str]]]]:
    """A webhook address, and what arrived there."""
    arrived: list[tuple[bytes, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            arrived.append((body, self.headers["x-hub-signature-256"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", arrived
    server.shutdown()
    thread.join()
    server.server_close()


def _wait_for(arrived: list[tuple[bytes, str]], count: int) -> None:
    until = time.monotonic() + 5
    while len(arrived) < count and time.monotonic() < until:
        time.sleep(0.01)
    assert len(arrived) == count


class TestWebhooks:
    def test_delivers_messages_and_echoes_signed(self, graph, sandbox, inbox):
        url, arrived = inbox
        row = {"ago": "2h", "messages": [{"from": "customer", "text": "Hi"}]}
        (ana,) = sandbox.graph.add_conversations(PAGE, [row])
        sandbox.graph.settings(webhook_url=url)
        graph.post(f"/v25.0/{PAGE}/subscribed_apps", subscribed_fields="messages,message_echoes")

        mid = sandbox.graph.customer_writes(PAGE, ana, "Señor ₱5/kg 😊")
        _wait_for(arrived, 1)
        graph.post(
            f"/v25.0/{PAGE}/messages",
            {"recipient": {"id": ana}, "message": {"text": "Opo", "metadata": "crm:1"}},
        )
        _wait_for(arrived, 2)

        body, signed = arrived[0]
        expected = hmac.new(sandbox.app_secret.encode(), body, hashlib.sha256).hexdigest()
        assert signed == f"sha256={expected}"
        assert b"Se\\u00f1or \\u20b15\\/kg \\ud83d\\ude0a" in body
        (item,) = json.loads(body)["entry"][0]["messaging"]
        assert item["sender"] == {"id": ana}
        assert item["message"] == {"mid": mid, "text": "Señor ₱5/kg 😊"}
        (echo,) = json.loads(arrived[1][0])["entry"][0]["messaging"]
        assert (echo["sender"], echo["recipient"]) == ({"id": PAGE}, {"id": ana})
        assert echo["message"]["is_echo"] is True
        assert echo["message"]["metadata"] == "crm:1"

    def test_posts_any_event_and_wrong_signatures(self, sandbox, inbox):
        url, arrived = inbox
        sandbox.graph.settings(webhook_url=url)

        sandbox.graph.posts_webhook("{not json", signed=False)
        _wait_for(arrived, 1)

        body, signed = arrived[0]
        right = hmac.new(sandbox.app_secret.encode(), body, hashlib.sha256).hexdigest()
        assert body == b"{not json"
        assert signed != f"sha256={right}"
