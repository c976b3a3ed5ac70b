from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from hirocrm.sandbox.server import SandboxServer
from tests.sandbox.conftest import INSTAGRAM, PAGE, Caller

LIST = f"/v25.0/{PAGE}/conversations"


def said(*texts: str) -> list[dict[str, str]]:
    """Messages that take turns, the customer first."""
    return [
        {"from": ("customer", "business")[i % 2], "text": text, "after": "1m"}
        for i, text in enumerate(texts)
    ]


@pytest.fixture
def ana(sandbox: SandboxServer) -> str:
    row = {"id": "ana", "name": "Ana Cruz", "ago": "3h", "messages": said("Magkano po?", "₱850 po")}
    return sandbox.graph.add_conversations(PAGE, [row])[0]


class TestConversations:
    def test_gives_only_id_and_time_unless_asked(self, graph, ana):
        (found,) = graph.get(LIST, platform="messenger").json["data"]

        assert list(found) == ["id", "updated_time"]
        assert found["id"].startswith("t_")
        when = datetime.strptime(found["updated_time"], "%Y-%m-%dT%H:%M:%S%z")
        assert 3 * 3600 <= (datetime.now(UTC) - when).total_seconds() < 3 * 3600 + 60

    def test_counts_the_page_among_participants(self, graph, ana):
        fields = "participants,message_count,unread_count,snippet"
        (found,) = graph.get(LIST, platform="messenger", fields=fields).json["data"]

        assert found["participants"]["data"] == [
            {"name": "Ana Cruz", "email": f"{ana}@facebook.com", "id": ana},
            {"name": "Test Shop", "email": f"{PAGE}@facebook.com", "id": PAGE},
        ]
        assert (found["message_count"], found["unread_count"]) == (2, 0)
        assert found["snippet"] == "₱850 po"

    def test_nests_messages_newest_first(self, graph, ana):
        fields = "messages.limit(1){id,created_time,from,to,message}"
        (found,) = graph.get(LIST, platform="messenger", fields=fields).json["data"]

        (newest,) = found["messages"]["data"]
        assert newest["message"] == "₱850 po"
        assert newest["from"]["id"] == PAGE
        assert newest["to"]["data"][0]["id"] == ana
        rest = Caller(graph.url).get(
            urlsplit(found["messages"]["paging"]["next"]).path
            + "?"
            + urlsplit(found["messages"]["paging"]["next"]).query
        )
        assert [m["message"] for m in rest.json["data"]] == ["Magkano po?"]
        assert "next" not in rest.json["paging"]

    def test_shows_usernames_alone_on_instagram(self, graph, sandbox):
        row = {"platform": "instagram", "username": "ana.cruz", "messages": said("hi")}
        (customer,) = sandbox.graph.add_conversations(PAGE, [row])

        answer = graph.get(LIST, platform="instagram", fields="id,updated_time,participants")

        (found,) = answer.json["data"]
        assert found["id"].startswith("aWdfZAG06")
        assert found["participants"]["data"] == [
            {"username": "test.shop", "id": INSTAGRAM},
            {"username": "ana.cruz", "id": customer},
        ]
        assert graph.get(LIST, platform="messenger").json == {"data": []}

    def test_has_no_unread_count_on_instagram(self, graph):
        answer = graph.get(LIST, platform="instagram", fields="id,unread_count")

        assert (answer.status, answer.code) == (400, 100)
        assert "nonexisting field (unread_count)" in answer.json["error"]["message"]

    def test_pages_to_the_end_newest_first_without_doubling(self, graph, sandbox):
        sandbox.graph.add_synthetic(PAGE, 230)
        sandbox.graph.add_synthetic(PAGE, 20, newest_ago_ms=600_000, step_ms=7_000)
        sandbox.graph.add_conversations(PAGE, [{"ago": "20m", "messages": said("hello")}])
        found, query, pages = [], f"{LIST}?platform=messenger&limit=100", 0

        while query:
            answer = graph.get(query).json
            found += answer["data"]
            pages += 1
            link = urlsplit(answer["paging"].get("next", ""))
            query = f"{link.path}?{link.query}" if link.path else ""

        assert pages == 3
        assert len({c["id"] for c in found}) == len(found) == 251
        times = [c["updated_time"] for c in found]
        assert times == sorted(times, reverse=True)

    def test_puts_the_token_into_the_next_link(self, graph, sandbox):
        sandbox.graph.add_synthetic(PAGE, 3)

        paging = graph.get(LIST, platform="messenger", limit=2, fields="id").json["paging"]

        asked = parse_qs(urlsplit(paging["next"]).query)
        assert paging["next"].startswith(f"{graph.url}{LIST}?")
        assert asked == {
            "access_token": ["PAGETOKEN"], "platform": ["messenger"], "limit": ["2"],
            "fields": ["id"], "after": [paging["cursors"]["after"]],
        }  # fmt: skip

    def test_goes_on_after_a_cursor_while_new_ones_come_on_top(self, graph, sandbox):
        sandbox.graph.add_synthetic(PAGE, 4)
        first = graph.get(LIST, limit=2).json
        sandbox.graph.add_conversations(PAGE, [{"ago": "1s", "messages": said("new")}])

        second = graph.get(LIST, limit=2, after=first["paging"]["cursors"]["after"]).json

        assert len({c["id"] for c in first["data"] + second["data"]}) == 4

    def test_finds_one_persons_thread(self, graph, ana):
        assert len(graph.get(LIST, user_id=ana).json["data"]) == 1
        assert graph.get(LIST, user_id="7999").json["data"] == []

    def test_moves_to_the_top_when_someone_writes(self, graph, sandbox, ana):
        sandbox.graph.add_synthetic(PAGE, 3)
        old = graph.get(LIST, fields="participants").json["data"][2]["participants"]["data"][0]
        sandbox.graph.customer_writes(PAGE, old["id"], "Hello again")

        listed = graph.get(LIST, fields="snippet,message_count,participants").json["data"]

        assert listed[0]["snippet"] == "Hello again"
        assert listed[0]["participants"]["data"][0] == old
        assert len(listed) == 4

    def test_is_for_the_pages_own_token(self, graph, sandbox):
        other = sandbox.graph.add_page("110000000000088", "Other")

        foreign = Caller(graph.url, other).get(LIST)

        assert (foreign.status, foreign.code) == (400, 100)
        assert foreign.json["error"]["error_subcode"] == 33
        no_instagram = Caller(graph.url, other).get(
            "/v25.0/110000000000088/conversations", platform="instagram"
        )
        assert no_instagram.json["error"]["error_subcode"] == 2534013


class TestMessages:
    @pytest.fixture
    def long_thread(self, sandbox) -> str:
        texts = [f"line {i}" for i in range(34)]
        sandbox.graph.add_conversations(PAGE, [{"name": "Long One", "messages": said(*texts)}])
        return "long"

    def _thread(self, graph) -> str:
        return graph.get(LIST).json["data"][0]["id"]

    def test_gives_details_of_the_newest_twenty(self, graph, long_thread):
        path = f"/v25.0/{self._thread(graph)}/messages"
        first = graph.get(path, fields="id,message", limit=15).json
        rest = graph.get(
            path, fields="id,message", limit=15, after=first["paging"]["cursors"]["after"]
        ).json

        assert [m["message"] for m in first["data"]] == [f"line {i}" for i in range(33, 18, -1)]
        assert [m["message"] for m in rest["data"]] == [f"line {i}" for i in range(18, 13, -1)]
        assert "next" not in rest["paging"]

    def test_lists_all_ids_but_answers_old_ones_as_deleted(self, graph, long_thread):
        ids = [
            m["id"]
            for m in graph.get(f"/v25.0/{self._thread(graph)}/messages", limit=50).json["data"]
        ]

        assert len(ids) == 34
        assert graph.get(f"/v25.0/{ids[19]}", fields="message").json["message"] == "line 14"
        gone = graph.get(f"/v25.0/{ids[20]}", fields="message")
        assert (gone.status, gone.code) == (400, 9000001)

    def test_can_reach_further_back(self, graph, sandbox, long_thread):
        sandbox.graph.settings(details_limit=0)

        path = f"/v25.0/{self._thread(graph)}/messages"
        assert len(graph.get(path, fields="message", limit=50).json["data"]) == 34

    def test_carries_attachments_stickers_stories_and_replies(self, graph, sandbox):
        rows = [
            {"from": "customer", "attachment": {"type": "image"}},
            {"from": "customer", "attachment": {"type": "audio"}},
            {"from": "customer", "attachment": {"type": "sticker"}},
            {"from": "customer", "text": "this", "attachment": {"type": "story_reply"}},
            {"from": "customer", "text": "see", "attachment": {"type": "share", "title": "Post"}},
            {"from": "business", "text": "ok", "reply_to": 5, "reaction": "love"},
        ]
        sandbox.graph.add_conversations(PAGE, [{"messages": rows}])

        fields = "id,message,sticker,attachments{id,mime_type,image_data,file_url},shares{link,name},story,reply_to,reactions"
        sent = graph.get(
            f"/v25.0/{self._thread(graph)}", fields=f"messages.limit(20){{{fields}}}"
        ).json["messages"]["data"][::-1]

        assert sent[0]["message"] == ""
        (photo,) = sent[0]["attachments"]["data"]
        assert set(photo) == {"id", "mime_type", "image_data"}
        assert photo["image_data"]["url"].startswith(graph.url)
        assert graph.get(urlsplit(photo["image_data"]["url"]).path).body[:4] == b"\x89PNG"
        assert sent[1]["attachments"]["data"][0]["mime_type"] == "audio/mpeg"
        assert sent[2]["sticker"].endswith(".png")
        assert "reply_to" in sent[3]["story"]
        assert sent[4]["shares"]["data"][0]["name"] == "Post"
        assert sent[5]["reply_to"] == {"mid": sent[0]["id"], "is_self_reply": False}
        assert sent[5]["reactions"]["data"][0]["reaction"] == "love"

    def test_finds_messages_of_made_up_threads(self, graph, sandbox):
        sandbox.graph.add_synthetic(PAGE, 5, platform="instagram", messages=4)
        thread = graph.get(LIST, platform="instagram", limit=1, fields="messages{id,message}").json
        message = thread["data"][0]["messages"]["data"][-1]

        assert message["id"].startswith("aWdfZAG1")
        assert graph.get(f"/v25.0/{message['id']}", fields="id,message").json == message


class TestNodes:
    def test_page_has_its_instagram_account(self, graph):
        answer = graph.get(
            f"/v25.0/{PAGE}", fields="id,name,instagram_business_account{id,username},access_token"
        )

        assert answer.json == {
            "id": PAGE, "name": "Test Shop", "access_token": "PAGETOKEN",
            "instagram_business_account": {"id": INSTAGRAM, "username": "test.shop"},
        }  # fmt: skip
        assert answer.headers["facebook-api-version"] == "v25.0"
        assert "x-app-usage" in answer.headers

    def test_me_is_the_page_for_its_token(self, graph):
        assert graph.get("/v25.0/me").json == {"id": PAGE, "name": "Test Shop"}
        assert graph.get("/v25.0/me/conversations").json == {"data": []}

    def test_profile_has_names(self, graph, ana):
        answer = graph.get(f"/v25.0/{ana}", fields="first_name,last_name,name,profile_pic,locale")

        assert answer.json["first_name"] == "Ana"
        assert answer.json["last_name"] == "Cruz"
        assert "locale" not in answer.json

    @pytest.mark.parametrize("path", ["/v25.0/t_1", "/v25.0/m_1", "/v25.0/7123", "/v25.0/t_1/messages"])  # fmt: skip
    def test_unknown_object_is_100_33(self, graph, path):
        answer = graph.get(path)

        assert (answer.status, answer.code, answer.json["error"]["error_subcode"]) == (400, 100, 33)

    def test_unknown_field_edge_version_or_grammar(self, graph):
        assert graph.get(f"/v25.0/{PAGE}", fields="id,nonsense").code == 100
        assert graph.get(f"/v25.0/{PAGE}/nonsense").code == 2500
        assert graph.get(f"/v99.0/{PAGE}").code == 2500
        assert graph.get(LIST, fields="messages{id").code == 2500
        assert graph.get(LIST, after="nonsense!").code == 100

    def test_serves_an_expired_version_with_the_oldest_living(self, graph):
        assert graph.get(f"/v19.0/{PAGE}").headers["facebook-api-version"] == "v21.0"


class TestLoading:
    def test_serves_any_jsonl_as_threads(self, graph, sandbox, tmp_path):
        rows = [
            '{"id": "a", "messages": [{"from": "customer", "text": "one"}], "gold_stage": "New Lead"}',
            '{"id": "b", "messages": [{"from": "customer", "text": "two"}, {"from": "business", "text": "2"}]}',
        ]
        (tmp_path / "rows.jsonl").write_text("\n".join(rows), "utf-8")

        assert sandbox.graph.load(PAGE, tmp_path / "rows.jsonl") == 2

        listed = graph.get(LIST, fields="snippet,participants").json["data"]
        assert [c["snippet"] for c in listed] == ["one", "2"]
        assert all(c["participants"]["data"][0]["name"] for c in listed)

    def test_holds_a_hundred_thousand_without_cost(self, graph, sandbox):
        sandbox.graph.add_synthetic(PAGE, 100_000, step_ms=1000)

        first = graph.get(LIST, limit=1).json
        last = f"{PAGE}01"

        assert len(first["data"]) == 1
        assert sandbox.control.state()["pages"][0]["conversations"]["messenger"] == 100_000
        assert last not in first["data"][0]["id"]
