import json
import logging
from datetime import UTC, datetime

import pytest

from hirocrm.core.errors import Invalid
from hirocrm.core.platforms import Platform
from hirocrm.meta.graph import errors
from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.graph.paging import GraphCursorLoop, GraphForeignLink
from hirocrm.meta.graph.signature import appsecret_proof
from hirocrm.meta.graph.transport import Timeouts
from hirocrm.meta.graph.versions import GraphVersionInvalid
from tests.meta.graph.loopback import Loopback, Reply, error, reduce_data

TOKEN = "EAAtoken0123456789secret"
APP_SECRET = "app-secret-0123"
PAGE = {"id": "110000000000001", "name": "Example Page"}
USAGE = json.dumps(
    {
        "110000000000001": [
            {"type": "messenger", "call_count": 95, "estimated_time_to_regain_access": 3}
        ]
    }
)


@pytest.fixture
async def server():
    async with Loopback() as loopback:
        yield loopback


@pytest.fixture
async def client(server):
    async with GraphClient(base_url=server.url, access_token=TOKEN, app_secret=APP_SECRET) as graph:
        yield graph


def conversations(*ids, after=None, next_host=None, server=None, **paging):
    content = {"data": [{"id": i, "updated_time": "2026-03-14T08:11:02+0000"} for i in ids]}
    if after is not None:
        host = next_host or server.url
        link = f"{host}/v25.0/1/conversations?access_token={TOKEN}&limit=25&after={after}"
        content["paging"] = {"cursors": {"before": "b", "after": after}, "next": link}
    return Reply(content | ({"paging": paging} if paging else {}))


async def listed(client, **options):
    return await client.list_conversations("110000000000001", Platform.MESSENGER, **options)


def hear_everything(caplog):
    for name in (None, "httpx2", "httpcore2"):
        caplog.set_level(logging.DEBUG, logger=name)


class TestCalling:
    async def test_sends_token_in_the_header_and_proof_in_the_query(self, server, client):
        server.script = [Reply(PAGE)]

        await client.get_page()

        asked = server.asked[0]
        assert asked.method == "GET"
        assert asked.path == "/v25.0/me"
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        assert asked.query == {
            "fields": "id,name,instagram_business_account{id,username,name,profile_picture_url}",
            "appsecret_proof": appsecret_proof(TOKEN, APP_SECRET),
        }

    async def test_sends_no_proof_without_a_secret(self, server):
        server.script = [Reply(PAGE)]

        async with GraphClient(
            base_url=server.url + "/", version="v26.0", access_token=TOKEN
        ) as graph:
            await graph.get_page("1")

        assert server.asked[0].path == "/v26.0/1"
        assert "appsecret_proof" not in server.asked[0].query

    async def test_keeps_the_connection(self, server, client):
        server.script = [Reply(PAGE)] * 5

        for _ in range(5):
            await client.get_page()

        assert len(server._connections) == 1

    @pytest.mark.parametrize("odd_id", ["", ".", ".."])
    async def test_asks_nothing_for_an_empty_id(self, server, client, odd_id):
        with pytest.raises(errors.GraphRejected):
            await client.get_page(odd_id)

        assert server.asked == []

    async def test_an_id_cannot_change_the_path(self, server, client):
        server.script = [Reply(PAGE)]

        await client.get_page("1/../x?y=z")

        assert server.asked[0].path == "/v25.0/1%2F..%2Fx%3Fy%3Dz"

    async def test_notes_the_version_that_answered(self, server, client):
        server.script = [Reply(PAGE, headers={"facebook-api-version": "v21.0"})]

        await client.get_page()

        assert client.served_version == "v21.0"

    @pytest.mark.parametrize("url", ["", "graph.facebook.com", "ftp://x", "https://"])
    def test_refuses_an_address_that_is_none(self, url):
        with pytest.raises(Invalid, match="FACEBOOK_GRAPH_URL"):
            GraphClient(base_url=url)

    def test_refuses_a_version_that_is_none(self):
        with pytest.raises(GraphVersionInvalid):
            GraphClient(version="25")


class TestFailing:
    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (error(190, 463), errors.GraphTokenInvalid),
            (error(4, status=403, is_transient=True), errors.GraphRateLimited),
            (error(10, 2018278), errors.GraphWindowClosed),
            (error(1, status=500), errors.GraphUnavailable),
            (reduce_data(), errors.GraphReduceData),
            (error(190, status=200), errors.GraphTokenInvalid),
            (error("190"), errors.GraphTokenInvalid),
            (Reply({"error": "invalid_request"}, status=400), errors.GraphRejected),
            (Reply({"error": {}}, status=503), errors.GraphUnavailable),
            (Reply({}, status=500), errors.GraphUnavailable),
            (Reply([], status=502), errors.GraphUnavailable),
            (Reply(body=b""), errors.GraphUnavailable),
            (Reply(body=b"<html>Sorry</html>", status=502), errors.GraphUnavailable),
            (Reply(body=b"<html>Log in to the hotel Wi-Fi</html>"), errors.GraphUnavailable),
            (Reply(body=b"<html>slow down</html>", status=429), errors.GraphRateLimited),
            (Reply(body=b'{"id": "1", "na'), errors.GraphUnavailable),
            (Reply(body=b"\xff\xfe\x00"), errors.GraphUnavailable),
            (Reply(body=b"[" * 200_000), errors.GraphUnavailable),
            (Reply(PAGE, cut_after=5), errors.GraphUnavailable),
            (
                Reply(status=302, headers={"Location": "https://elsewhere.example"}),
                errors.GraphRejected,
            ),
            (Reply([1]), errors.GraphMalformed),
            (Reply(None), errors.GraphMalformed),
            (Reply({"name": "no id"}), errors.GraphMalformed),
        ],
    )
    async def test_every_bad_answer_is_a_graph_error(self, server, client, reply, kind):
        server.script = [reply]

        with pytest.raises(errors.GraphError) as caught:
            await client.get_page()

        assert type(caught.value) is kind

    async def test_tells_code_status_and_trace(self, server, client):
        server.script = [error(190, 460, status=401, fbtrace_id="AxII", message="Changed password")]

        with pytest.raises(errors.GraphTokenInvalid) as caught:
            await client.get_page()

        assert (caught.value.remote_code, caught.value.remote_subcode) == (190, 460)
        assert caught.value.refusal == errors.Refusal(401, "Changed password", "AxII")

    async def test_a_limit_tells_when_to_come_back(self, server, client):
        server.script = [error(80006, headers={"x-business-use-case-usage": USAGE})]

        with pytest.raises(errors.GraphRateLimited) as caught:
            await client.get_page()

        assert caught.value.retry_after_seconds == 180.0
        assert client.usage.percent == 95.0

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [("17", 17.0), ("Wed, 21 Oct 2015 07:28:00 GMT", None), ("soon", None), ("", None)],
    )
    async def test_reads_retry_after(self, server, client, header, seconds):
        server.script = [error(613, headers={"Retry-After": header})]

        with pytest.raises(errors.GraphRateLimited) as caught:
            await client.get_page()

        assert caught.value.retry_after_seconds == seconds

    async def test_nobody_listening_is_unavailable(self):
        async with Loopback() as gone:
            url = gone.url
        async with GraphClient(base_url=url, access_token=TOKEN) as graph:
            with pytest.raises(errors.GraphUnavailable, match="couldn't be reached") as caught:
                await graph.get_page()

        assert caught.value.refusal.http_status is None

    @pytest.mark.parametrize("timeouts", [Timeouts(read=0.05), Timeouts(total=0.05)])
    async def test_a_slow_answer_is_unavailable(self, server, timeouts):
        server.script = [Reply(PAGE, delay_seconds=5)]

        async with GraphClient(base_url=server.url, access_token=TOKEN, timeouts=timeouts) as graph:
            with pytest.raises(errors.GraphTimeout, match="didn't answer in time"):
                await graph.get_page()

    async def test_is_not_tried_again(self, server, client):
        server.script = [error(2, status=500), Reply(PAGE)]

        with pytest.raises(errors.GraphUnavailable):
            await client.get_page()

        assert len(server.asked) == 1


class TestSecrets:
    REFUSALS = [
        error(190, message=f"Malformed access token {TOKEN}"),
        error(100, message=f"Bad call to ?access_token={TOKEN}&x=1 with {APP_SECRET}"),
        Reply(body=f"<html>{TOKEN}</html>".encode(), status=500),
        Reply(
            {
                "data": [{"id": "1"}],
                "paging": {"next": f"https://evil.example/?access_token={TOKEN}&after=a"},
            }
        ),
        Reply({"data": {"access_token": TOKEN}}),
    ]

    @pytest.mark.parametrize("reply", REFUSALS)
    async def test_show_in_no_log_error_repr_or_url(self, server, client, reply, caplog):
        hear_everything(caplog)
        server.script = [reply]

        try:
            shown = repr(await listed(client))
        except errors.GraphError as refusal:
            shown = f"{refusal} {refusal!r} {refusal.sentence} {refusal.details} {refusal.refusal}"

        proof = appsecret_proof(TOKEN, APP_SECRET)
        logged = "\n".join(f"{r.getMessage()} {r.__dict__}" for r in caplog.records)
        for secret in (TOKEN, APP_SECRET):
            assert secret not in shown + logged + repr(client) + server.asked[0].target
        assert proof not in shown + logged
        assert "HTTP Request: GET" in logged

    async def test_of_an_exchange_show_in_no_log_or_error(self, server, caplog):
        hear_everything(caplog)
        server.script = [error(100, message="Invalid code=the-login-code for app-secret-0123")]

        async with GraphClient(base_url=server.url) as graph:
            with pytest.raises(errors.GraphRejected) as caught:
                await graph.exchange_code(
                    "the-login-code",
                    app_id="1",
                    app_secret=APP_SECRET,
                    redirect_uri="https://crm.example/",
                )

        logged = "\n".join(r.getMessage() for r in caplog.records)
        for secret in ("the-login-code", APP_SECRET):
            assert secret not in f"{caught.value!r} {caught.value.refusal} {logged}"


class TestListConversations:
    async def test_asks_for_newest_messages_of_the_platform(self, server, client):
        server.script = [conversations("t_1")]

        await listed(client, limit=100, after="c1")

        asked = server.asked[0]
        assert asked.path == "/v25.0/110000000000001/conversations"
        assert asked.query["platform"] == "messenger"
        assert asked.query["limit"] == "100"
        assert asked.query["after"] == "c1"
        assert asked.query["fields"] == (
            "id,updated_time,message_count,participants,messages.limit(20){id,created_time,from,to,message,"
            "sticker,tags,attachments{id,mime_type,name,size,file_url,image_data,video_data,generic_template},"
            "shares{id,link,name,description,template,type,url,title},reply_to,reactions}"
        )

    async def test_asks_instagram_for_what_it_knows(self, server, client):
        server.script = [conversations("aWdf")]

        await client.list_conversations("1", Platform.INSTAGRAM)

        assert server.asked[0].query["fields"] == (
            "id,updated_time,participants,messages.limit(20){id,created_time,from,to,message,attachments,"
            "shares,story,reactions,is_unsupported,reply_to}"
        )

    async def test_gives_items_and_the_next_cursor(self, server, client):
        server.script = [conversations("t_1", "t_2", after="QVFI%3D", server=server)]

        listing = await listed(client)

        assert [c.id for c in listing.items] == ["t_1", "t_2"]
        assert listing.items[0].updated_time == datetime(2026, 3, 14, 8, 11, 2, tzinfo=UTC)
        assert listing.after == "QVFI="

    @pytest.mark.parametrize("paging", [{}, {"cursors": {"after": "c"}}, {"next": None}])
    async def test_ends_only_where_next_is_absent(self, server, client, paging):
        server.script = [conversations("t_1", **paging)]

        assert (await listed(client)).after is None

    async def test_an_empty_page_may_have_a_next(self, server, client):
        server.script = [conversations(after="c2", server=server)]

        listing = await listed(client)

        assert listing.items == ()
        assert listing.after == "c2"

    @pytest.mark.parametrize(
        "host",
        [
            "https://evil.example",
            "http://127.0.0.1:1",
            "http://localhost.evil.example",
            "//evil.example",
        ],
    )
    async def test_refuses_a_next_on_another_host(self, server, client, host):
        server.script = [conversations("t_1", after="c2", next_host=host)]

        listing = await listed(client)

        assert [c.id for c in listing.items] == ["t_1"]
        assert listing.after is None
        assert isinstance(listing.broken_paging, GraphForeignLink)

    async def test_takes_metas_own_links_for_the_cursor_only(self, server, client):
        server.script = [conversations("t_1", after="c2", next_host="https://graph.facebook.com")]

        assert (await listed(client)).after == "c2"

    async def test_takes_the_cursor_beside_a_next_without_one(self, server, client):
        server.script = [
            conversations("t_1", next=server.url + "/v25.0/1/x", cursors={"after": "c2"})
        ]

        assert (await listed(client)).after == "c2"

    async def test_follows_a_next_that_tells_its_place_otherwise(self, server, client):
        place = "until=1767312000&__paging_token=enc_A%2B1"
        link = f"{server.url}/v25.0/1/x?access_token=EAA&fields=id&limit=25&{place}"
        server.script = [conversations("t_1", next=link), conversations("t_2")]

        after = (await listed(client)).after
        second = await listed(client, after=after)

        assert [c.id for c in second.items] == ["t_2"]
        asked = server.asked[1].query
        assert (asked["until"], asked["__paging_token"]) == ("1767312000", "enc_A+1")
        assert "after" not in asked
        assert "access_token" not in asked
        assert asked["fields"] != "id"

    async def test_says_when_a_next_leads_nowhere(self, server, client):
        server.script = [conversations("t_1", next=server.url + "/v25.0/1/x")]

        assert isinstance((await listed(client)).broken_paging, errors.GraphMalformed)

    async def test_sets_unreadable_items_apart(self, server, client):
        server.script = [
            Reply({"data": [{"id": "t_1"}, None, {"updated_time": "x"}, 5, {"id": 2}]})
        ]

        listing = await listed(client)

        assert [c.id for c in listing.items] == ["t_1", "2"]
        assert [(u.remote_id, u.reason) for u in listing.unreadable] == [
            (None, "It isn't an object."),
            (None, "It has no id."),
            (None, "It isn't an object."),
        ]

    @pytest.mark.parametrize("content", [{}, {"data": None}, {"data": {"id": "1"}}])
    async def test_needs_a_list(self, server, client, content):
        server.script = [Reply(content)]

        with pytest.raises(errors.GraphMalformed):
            await listed(client)


class TestListMessages:
    async def test_pages_through_one_conversation(self, server, client):
        server.script = [
            Reply({"data": [{"id": "m_1", "message": "hi"}], "paging": {"cursors": {}}})
        ]

        listing = await client.list_messages("t_1", Platform.INSTAGRAM, limit=5, after="c")

        assert [m.message for m in listing.items] == ["hi"]
        assert server.asked[0].path == "/v25.0/t_1/messages"
        assert server.asked[0].query["limit"] == "5"


class TestGetMessage:
    async def test_reads_one(self, server, client):
        server.script = [Reply({"id": "m_1", "message": "hi", "from": {"id": 7}})]

        message = await client.get_message("m_1", Platform.MESSENGER)

        assert message.sender is not None
        assert (message.message, message.sender.id) == ("hi", "7")


class TestGetPage:
    async def test_reads_the_instagram_account(self, server, client):
        account = {"id": 17841400000000000, "username": "example_business"}
        server.script = [Reply(PAGE | {"instagram_business_account": account})]

        page = await client.get_page()

        assert page.instagram_business_account is not None
        assert page.instagram_business_account.id == "17841400000000000"
        assert page.instagram_business_account.username == "example_business"


class TestGetProfile:
    async def test_may_be_all_empty(self, server, client):
        server.script = [Reply({})]

        profile = await client.get_profile("7", Platform.INSTAGRAM)

        assert profile.name is None
        assert server.asked[0].query["fields"] == "name,username,profile_pic"


class TestGetAccounts:
    def page(self, server, *ids, after=None):
        content = {"data": [{"id": i, "name": f"Page {i}", "access_token": f"EAA{i}"} for i in ids]}
        if after:
            content["paging"] = {"next": f"{server.url}/v25.0/me/accounts?after={after}"}
        return Reply(content)

    async def test_reads_every_page(self, server, client):
        server.script = [self.page(server, "1", "2", after="c"), self.page(server, "3")]

        accounts = await client.get_accounts()

        assert [(a.id, a.access_token) for a in accounts] == [
            ("1", "EAA1"),
            ("2", "EAA2"),
            ("3", "EAA3"),
        ]
        assert [a.query.get("after") for a in server.asked] == [None, "c"]

    async def test_begins_anew_in_smaller_pieces(self, server, client):
        server.script = [
            self.page(server, "1", after="c"),
            reduce_data(),
            reduce_data(),
            self.page(server, "1", "2"),
        ]

        accounts = await client.get_accounts()

        assert [a.id for a in accounts] == ["1", "2"]
        assert [a.query["limit"] for a in server.asked] == ["50", "50", "25", "10"]

    async def test_gives_up_at_ten(self, server, client):
        server.script = [reduce_data()] * 3

        with pytest.raises(errors.GraphReduceData):
            await client.get_accounts()

    async def test_notices_a_circle(self, server, client):
        server.handler = lambda asked: self.page(server, "1", after="c")

        with pytest.raises(GraphCursorLoop):
            await client.get_accounts()

        assert len(server.asked) == 2

    async def test_is_not_led_away(self, server, client):
        server.script = [Reply({"data": [], "paging": {"next": "https://evil.example/?after=c"}})]

        with pytest.raises(GraphForeignLink):
            await client.get_accounts()


class TestDebugToken:
    async def test_asks_as_the_app(self, server, client):
        server.script = [
            Reply({"data": {"is_valid": False, "error": {"code": 190, "subcode": 463}}})
        ]

        info = await client.debug_token("EAAother", app_id="1", app_secret=APP_SECRET)

        assert info.is_valid is False
        assert info.error is not None
        assert info.error.subcode == 463
        assert server.asked[0].query["input_token"] == "EAAother"
        assert server.asked[0].headers["authorization"] == f"Bearer 1|{APP_SECRET}"
        assert server.asked[0].query["appsecret_proof"] == appsecret_proof(
            f"1|{APP_SECRET}", APP_SECRET
        )

    async def test_reads_what_is_granted(self, server, client):
        scopes = [
            {"scope": "pages_messaging", "target_ids": [11, "12"]},
            {"scope": "instagram_basic"},
        ]
        server.script = [
            Reply(
                {
                    "data": {
                        "is_valid": True,
                        "scopes": ["pages_messaging"],
                        "granular_scopes": scopes,
                    }
                }
            )
        ]

        info = await client.debug_token("EAAother", app_id="1", app_secret=APP_SECRET)

        assert info.scopes == ("pages_messaging",)
        assert [s.target_ids for s in info.granular_scopes] == [("11", "12"), None]


class TestExchange:
    async def test_a_code_for_a_token(self, server, client):
        server.script = [
            Reply({"access_token": "EAAshort", "token_type": "bearer", "expires_in": 3600})
        ]

        token = await client.exchange_code(
            "c", app_id="1", app_secret="s", redirect_uri="https://crm.example/cb"
        )

        assert (token.access_token, token.expires_in) == ("EAAshort", 3600)
        assert "EAAshort" not in repr(token)
        assert server.asked[0].path == "/v25.0/oauth/access_token"
        assert server.asked[0].query == {
            "client_id": "1",
            "client_secret": "s",
            "redirect_uri": "https://crm.example/cb",
            "code": "c",
        }
        assert "authorization" not in server.asked[0].headers

    async def test_a_short_token_for_a_long_one(self, server, client):
        server.script = [Reply({"access_token": "EAAlong"})]

        token = await client.exchange_long_lived("EAAshort", app_id="1", app_secret="s")

        assert (token.access_token, token.expires_in) == ("EAAlong", None)
        assert server.asked[0].query["grant_type"] == "fb_exchange_token"
        assert server.asked[0].query["fb_exchange_token"] == "EAAshort"


class TestSubscribing:
    @pytest.mark.parametrize("success", [True, "true"])
    async def test_names_the_fields(self, server, client, success):
        server.script = [Reply({"success": success})]

        await client.subscribe_app("1", ["messages", "message_echoes"])

        assert server.asked[0].method == "POST"
        assert server.asked[0].path == "/v25.0/1/subscribed_apps"
        assert server.asked[0].query["subscribed_fields"] == "messages,message_echoes"

    async def test_an_unconfirmed_change_is_no_success(self, server, client):
        server.script = [Reply({"success": False})]

        with pytest.raises(errors.GraphMalformed):
            await client.subscribe_app("1", ["messages"])

    async def test_lists_apps_with_their_fields(self, server, client):
        apps = [
            {"id": 5, "name": "CRM", "subscribed_fields": ["messages"]},
            {"id": "6", "subscribed_fields": [{"name": "feed", "version": "v25.0"}]},
        ]
        server.script = [Reply({"data": apps})]

        listed_apps = await client.list_subscribed_apps("1")

        assert [(a.id, a.subscribed_fields) for a in listed_apps] == [
            ("5", ("messages",)),
            ("6", ("feed",)),
        ]

    async def test_ends_the_delivery(self, server, client):
        server.script = [Reply({"success": True})]

        await client.unsubscribe_app("1")

        assert server.asked[0].method == "DELETE"


class TestSendMessage:
    async def test_sends_text_with_metadata(self, server, client):
        server.script = [Reply({"recipient_id": "7", "message_id": "m_1"})]

        sent = await client.send_message("1", "7", text="Hello", metadata="crm:send:8841")

        assert sent.message_id == "m_1"
        assert server.asked[0].path == "/v25.0/1/messages"
        assert server.asked[0].json == {
            "recipient": {"id": "7"},
            "messaging_type": "RESPONSE",
            "message": {"text": "Hello", "metadata": "crm:send:8841"},
        }

    async def test_sends_an_attachment_as_an_answer(self, server, client):
        server.script = [Reply({"message_id": "m_2"})]
        picture = {"type": "image", "payload": {"url": "https://crm.example/a.png"}}

        sent = await client.send_message(
            "1",
            "7",
            attachment=picture,
            messaging_type="MESSAGE_TAG",
            tag="HUMAN_AGENT",
            reply_to="m_1",
        )

        assert sent.recipient_id is None
        assert server.asked[0].json == {
            "recipient": {"id": "7"},
            "messaging_type": "MESSAGE_TAG",
            "tag": "HUMAN_AGENT",
            "message": {"attachment": picture},
            "reply_to": {"mid": "m_1"},
        }

    @pytest.mark.parametrize(
        "reply",
        [
            error(1, status=500),
            error(2, status=500),
            error(1200),
            Reply(body=b"<html>", status=502),
            Reply({"message_id": "m"}, cut_after=3),
            Reply({"message_id": "m"}, delay_seconds=5),
        ],
    )
    async def test_does_not_know_whether_it_was_sent(self, server, reply):
        server.script = [reply]

        async with GraphClient(
            base_url=server.url, access_token=TOKEN, timeouts=Timeouts(read=0.2)
        ) as graph:
            with pytest.raises(errors.GraphUnavailable) as caught:
                await graph.send_message("1", "7", text="Hello")

        assert caught.value.outcome_unknown is True

    @pytest.mark.parametrize("reply", [error(10, 2018278), error(551), error(4), error(100)])
    async def test_knows_that_a_refused_message_was_not_sent(self, server, client, reply):
        server.script = [reply]

        with pytest.raises(errors.GraphError) as caught:
            await client.send_message("1", "7", text="Hello")

        assert caught.value.outcome_unknown is False

    async def test_knows_that_nothing_was_sent_without_a_connection(self):
        async with Loopback() as gone:
            url = gone.url
        async with GraphClient(base_url=url, access_token=TOKEN) as graph:
            with pytest.raises(errors.GraphUnavailable) as caught:
                await graph.send_message("1", "7", text="Hello")

        assert caught.value.outcome_unknown is False
