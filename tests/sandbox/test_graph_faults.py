import hashlib
import hmac
import http.client
import json
import time
from urllib.parse import urlsplit

import pytest

from tests.sandbox.conftest import PAGE, Caller

LIST = f"/v25.0/{PAGE}/conversations"


class TestTokens:
    def test_takes_header_or_parameter_and_needs_one(self, graph):
        bare = Caller(graph.url)

        assert bare.get(LIST, access_token="PAGETOKEN").status == 200
        assert bare.get(LIST).code == 104
        unknown = Caller(graph.url, "nonsense").get(LIST)
        assert (unknown.status, unknown.code) == (400, 190)
        assert "error_subcode" not in unknown.json["error"]

    @pytest.mark.parametrize("subcode", [None, 458, 459, 460, 463, 464, 467, 492])
    def test_dies_with_a_subcode_until_reconnected(self, graph, sandbox, subcode):
        sandbox.graph.kills_token(PAGE, subcode)

        answer = graph.get(LIST)

        assert answer.code == 190
        assert answer.json["error"].get("error_subcode") == subcode
        token = sandbox.graph.issue_token(PAGE)
        assert Caller(graph.url, token).get(LIST).status == 200
        assert graph.get(LIST).code == 190

    def test_dies_after_so_many_conversations(self, graph, sandbox):
        sandbox.graph.add_synthetic(PAGE, 50)
        sandbox.graph.token_dies_after(PAGE, 10)

        first = graph.get(LIST, limit=100).json
        thread = graph.get(f"/v25.0/{first['data'][0]['id']}")
        second = graph.get(LIST, limit=100, after=first["paging"]["cursors"]["after"])

        assert len(first["data"]) == 10
        assert "next" in first["paging"]
        assert thread.status == 200
        assert (second.code, second.json["error"]["error_subcode"]) == (190, 463)
        assert graph.get(f"/v25.0/{PAGE}").code == 190
        again = Caller(graph.url, sandbox.graph.issue_token(PAGE)).get(LIST, limit=100)
        assert len(again.json["data"]) == 50

    def test_checks_the_proof(self, graph, sandbox):
        proof = hmac.new(sandbox.app_secret.encode(), b"PAGETOKEN", hashlib.sha256).hexdigest()
        sandbox.graph.settings(requires_proof=True)

        assert graph.get(LIST, appsecret_proof=proof).status == 200
        assert graph.get(LIST, appsecret_proof="0" * 64).code == 100
        missing = graph.get(LIST)
        assert missing.json["error"]["message"] == (
            "API calls from the server require an appsecret_proof argument"
        )


class TestErrors:
    @pytest.mark.parametrize("code", [4, 17, 32, 613])
    def test_app_limits_come_with_app_usage(self, graph, sandbox, code):
        sandbox.graph.rate_limits(PAGE, code, times=2)

        limited = graph.get(LIST)

        assert (limited.status, limited.code) == (403, code)
        assert limited.json["error"]["is_transient"] is True
        assert json.loads(limited.headers["x-app-usage"])["call_count"] == 100
        assert [graph.get(LIST).status for _ in range(2)] == [403, 200]

    @pytest.mark.parametrize(
        ("code", "kind"),
        [(80001, "pages"), (80002, "instagram"), (80006, "messenger"), (80014, "pages")],
    )
    def test_business_limits_say_when_they_end(self, graph, sandbox, code, kind):
        sandbox.graph.rate_limits(PAGE, code, regain_minutes=7)

        limited = graph.get(LIST)

        (entry,) = json.loads(limited.headers["x-business-use-case-usage"])[PAGE]
        assert limited.code == code
        assert (entry["type"], entry["estimated_time_to_regain_access"]) == (kind, 7)

    def test_may_lack_headers(self, graph, sandbox):
        sandbox.graph.rate_limits(PAGE, 4, headers=False)

        assert json.loads(graph.get(LIST).headers["x-app-usage"])["call_count"] == 1

    @pytest.mark.parametrize(("code", "subcode", "status"), [(10, None, 403), (200, 2534041, 403), (1, 99, 500), (2, None, 500), (368, None, 403)])  # fmt: skip
    def test_gives_any_code(self, graph, sandbox, code, subcode, status):
        sandbox.graph.refuses(PAGE, code, subcode=subcode, times=1)

        refused = graph.get(LIST)

        assert (refused.status, refused.code) == (status, code)
        assert graph.get(LIST).status == 200

    def test_strikes_one_operation_after_some_calls(self, graph, sandbox):
        fault = sandbox.graph.refuses(PAGE, 2, after=1, match={"op": "conversations"})

        assert [graph.get(LIST).status for _ in range(3)] == [200, 500, 500]
        assert graph.get(f"/v25.0/{PAGE}").status == 200
        assert sandbox.control.faults()[0]["hits"] == 2
        sandbox.control.ends(fault)
        assert graph.get(LIST).status == 200

    def test_shows_high_usage(self, graph, sandbox):
        sandbox.graph.usage(PAGE, call_count=95, regain_minutes=0)
        sandbox.graph.usage("app", call_count=88)

        headers = graph.get(LIST).headers

        (entry,) = json.loads(headers["x-business-use-case-usage"])[PAGE]
        assert (entry["type"], entry["call_count"]) == ("messenger", 95)
        assert json.loads(headers["x-app-usage"])["call_count"] == 88

    def test_wants_less_data(self, graph, sandbox):
        sandbox.graph.breaks("reduce_data", PAGE, max_limit=25)

        refused = graph.get(LIST, limit=50)

        assert (refused.status, refused.code) == (500, 1)
        assert refused.json["error"]["message"].startswith("Please reduce the amount of data")
        assert graph.get(LIST, limit=25).status == 200


class TestBentAnswers:
    def test_loops(self, graph, sandbox):
        sandbox.graph.add_synthetic(PAGE, 9)
        sandbox.graph.breaks("looping_cursor", PAGE)

        first = graph.get(LIST, limit=2).json["paging"]["cursors"]["after"]
        second = graph.get(LIST, limit=2, after=first).json["paging"]

        assert second["cursors"]["after"] == first
        assert f"after={first}" in second["next"]

    def test_points_to_a_foreign_host(self, graph, sandbox):
        sandbox.graph.add_synthetic(PAGE, 9)
        sandbox.graph.breaks("foreign_next", PAGE, host="http://127.0.0.1:9")

        assert (
            graph.get(LIST, limit=2).json["paging"]["next"].startswith(f"http://127.0.0.1:9{LIST}?")
        )

    def test_has_empty_pages_and_missing_fields(self, graph, sandbox):
        sandbox.graph.add_synthetic(PAGE, 9)
        sandbox.graph.breaks("empty_page", PAGE, times=1)
        sandbox.graph.breaks("missing_fields", PAGE, after=1, fields=["updated_time", "from"])

        empty = graph.get(LIST, limit=2).json
        bare = graph.get(LIST, limit=1, fields="id,updated_time,messages{id,from}").json

        assert empty["data"] == []
        assert "next" in empty["paging"]
        assert list(bare["data"][0]) == ["id", "messages"]
        assert list(bare["data"][0]["messages"]["data"][0]) == ["id"]


class TestWire:
    def test_gives_html_from_a_proxy(self, graph, sandbox):
        sandbox.graph.breaks("html_502", times=1)

        answer = graph.get(LIST)

        assert answer.status == 502
        assert answer.headers["content-type"].startswith("text/html")
        assert graph.get(LIST).status == 200

    def test_gives_any_status_and_body(self, graph, sandbox):
        sandbox.graph.breaks("status", status=503, body="down")

        assert (graph.get(LIST).status, graph.get(LIST).body) == (503, b"down")

    def test_breaks_json(self, graph, sandbox):
        sandbox.graph.breaks("broken_json")

        with pytest.raises(json.JSONDecodeError):
            json.loads(graph.get(LIST).body)

    def test_resets_the_connection(self, graph, sandbox):
        sandbox.graph.breaks("reset", times=1)

        with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
            graph.get(LIST)
        assert graph.get(LIST).status == 200

    def test_stops_in_the_middle(self, graph, sandbox):
        sandbox.graph.breaks("half", times=1)

        with pytest.raises(http.client.IncompleteRead):
            graph.get(LIST)

    def test_is_slow(self, graph, sandbox):
        sandbox.graph.breaks("slow", ms=120)

        began = time.monotonic()
        graph.get(LIST)

        assert time.monotonic() - began >= 0.12

    def test_hangs(self, graph, sandbox):
        sandbox.graph.breaks("hang", times=1)
        parts = urlsplit(graph.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=0.2)
        connection.request("GET", LIST)

        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()


class TestLog:
    def test_tells_calls_without_tokens(self, graph, sandbox):
        graph.get(LIST, access_token="PAGETOKEN")

        (call,) = sandbox.control.calls(service="graph")

        assert (call["op"], call["method"], call["path"]) == ("conversations", "GET", LIST)
        assert (call["key"], call["page"], call["status"]) == ("ETOKEN", PAGE, 200)
        assert sandbox.control.count("graph.conversations") == 1
        assert sandbox.control.counters()["in_flight_max"] == {"graph": 1}
