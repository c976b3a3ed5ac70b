import json

import pytest

from hirocrm.contacts.snapshots import Platform
from hirocrm.meta.graph import errors
from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.graph.pace import CallPace
from hirocrm.meta.graph.transport import DEFAULT_TIMEOUTS, Timeouts
from hirocrm.sync.sources.graph import GraphSource, SourceFailure
from tests.meta.graph.loopback import Loopback, Reply, error, reduce_data

PAGE_ID, IG_ID = "110000000000001", "17841400000000000"
TOKEN = "EAAtoken0123456789secret"


class FakeTime:
    """Seconds that pass only by sleeping."""

    def __init__(self):
        self.seconds = 0.0
        self.slept = []

    def clock(self):
        return self.seconds

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.seconds += seconds


class MetaPage:
    """A Page with `count` conversations of `per_thread` messages, cut into pages as Meta does.

    `faults` are answered first, by the path's last part; `changed` alters single conversations.
    """

    def __init__(self, server, count, *, per_thread=2):
        self.server = server
        self.threads = [self._thread(n, per_thread) for n in range(count)]
        self.faults = {"conversations": [], "messages": []}
        self.changed = {}
        self.headers = {}
        self.refuses_fields = frozenset()
        self.too_large = lambda asked: False
        server.handler = self.answer

    def _thread(self, n, per_thread):
        customer = {"id": f"7{n:09}", "name": f"Customer {n}"}
        messages = [
            {
                "id": f"m_{n}_{i}",
                "created_time": 1_770_000_000 - n * 100 - i,
                "from": customer,
                "message": f"text {i}",
            }
            for i in range(per_thread)
        ]
        participants = {"data": [{"id": PAGE_ID, "name": "Example Page"}, customer]}
        return {
            "id": f"t_{n}",
            "updated_time": 1_770_000_000 - n * 100,
            "participants": participants,
        }, messages

    def answer(self, asked):
        edge = asked.path.rsplit("/", 1)[-1]
        if self.faults[edge] and (fault := self.faults[edge].pop(0)) is not None:
            return fault
        for name in sorted(self.refuses_fields):
            if name in asked.query["fields"]:
                return error(100, message=f"(#100) Tried accessing nonexisting field ({name})")
        if self.too_large(asked):
            return reduce_data()
        reply = self._conversations(asked) if edge == "conversations" else self._messages(asked)
        return Reply(reply, headers=self.headers)

    def _conversations(self, asked):
        start, limit = int(asked.query.get("after", 0)), int(asked.query["limit"])
        wants_messages = "messages.limit(20)" in asked.query["fields"]
        data = [
            self._listed(n, wants_messages)
            for n in range(start, min(start + limit, len(self.threads)))
        ]
        return self._page(asked, data, start + limit, more=start + limit < len(self.threads))

    def _listed(self, n, wants_messages):
        thread, messages = self.threads[n]
        listed = dict(thread, message_count=len(messages))
        if wants_messages:
            listed["messages"] = {"data": messages[:20]}
        return listed | self.changed.get(n, {})

    def _messages(self, asked):
        n = int(asked.path.split("/")[2].removeprefix("t_"))
        start, limit = int(asked.query.get("after", 0)), int(asked.query["limit"])
        messages = self.threads[n][1]
        return self._page(
            asked,
            messages[start : start + limit],
            start + limit,
            more=start + limit < len(messages),
        )

    def _page(self, asked, data, after, *, more):
        paging = {"cursors": {"before": "b", "after": str(after)}}
        if more:
            paging["next"] = f"{self.server.url}{asked.path}?access_token={TOKEN}&after={after}"
        return {"data": data, "paging": paging}


@pytest.fixture
async def server():
    async with Loopback() as loopback:
        yield loopback


@pytest.fixture
def time():
    return FakeTime()


@pytest.fixture
async def open_source(server, time):
    clients = []

    def open_(*, timeouts=DEFAULT_TIMEOUTS, **options):
        client = GraphClient(
            base_url=server.url, access_token=TOKEN, app_secret="app-secret", timeouts=timeouts
        )
        clients.append(client)
        pace = CallPace(clock=time.clock, sleep=time.sleep)
        known = {
            "page_id": PAGE_ID,
            "instagram_account_id": IG_ID,
            "platform": Platform.MESSENGER,
            "pace": pace,
        }
        return GraphSource(
            client, **(known | {"sleep": time.sleep, "jitter": lambda: 0.5} | options)
        )

    yield open_
    for client in clients:
        await client.aclose()


def ids(*pages):
    return [s.remote_id for page in pages for s in page.snapshots]


def asked_limits(server):
    return [(int(a.query["limit"]), a.query.get("after")) for a in server.asked]


class TestWalk:
    async def test_gives_every_conversation_once_and_then_none(self, server, open_source):
        MetaPage(server, 25)
        source = open_source(page_size=10)

        pages = [page async for page in source]

        assert ids(*pages) == [f"t_{n}" for n in range(25)]
        assert [(p.cursor, p.is_last) for p in pages] == [
            ("10", False),
            ("20", False),
            (None, True),
        ]
        assert await source.next_page() is None
        assert source.has_ended_early is False
        assert len(server.asked) == 3

    async def test_asks_for_100_at_first(self, server, open_source):
        MetaPage(server, 1)

        page = await open_source().next_page()

        assert asked_limits(server) == [(100, None)]
        assert page.page_size == 100

    async def test_asks_for_nothing_ahead(self, server, open_source):
        MetaPage(server, 25)

        await open_source(page_size=10).next_page()

        assert len(server.asked) == 1

    async def test_carries_people_and_messages(self, server, open_source):
        MetaPage(server, 1)

        page = await open_source().next_page()

        taken = page.snapshots[0]
        assert (taken.participant.remote_id, taken.participant.name) == ("7000000000", "Customer 0")
        assert [m.text for m in taken.messages] == ["text 1", "text 0"]
        assert taken.message_count == 2

    async def test_goes_on_from_a_cursor(self, server, open_source):
        MetaPage(server, 25)
        first = await open_source(page_size=10).next_page()

        pages = [page async for page in open_source(page_size=10, cursor=first.cursor)]

        assert ids(*pages) == [f"t_{n}" for n in range(10, 25)]

    async def test_begins_anew_when_the_cursor_is_stale(self, server, open_source):
        meta = MetaPage(server, 5)
        meta.faults["conversations"] = [error(100, message="Invalid cursors values")]

        pages = [page async for page in open_source(cursor="from-yesterday")]

        assert ids(*pages) == [f"t_{n}" for n in range(5)]

    async def test_an_empty_page_is_not_the_end(self, server, open_source):
        meta = MetaPage(server, 1)
        meta.faults["conversations"] = [
            Reply({"data": [], "paging": {"next": f"{server.url}/x?after=0"}})
        ]

        pages = [page async for page in open_source()]

        assert [ids(page) for page in pages] == [[], ["t_0"]]

    async def test_ends_where_meta_pages_no_further(self, server, open_source):
        meta = MetaPage(server, 25)
        beyond = (
            "(#100) The After Cursor specified exceeds the max limit supported by this endpoint"
        )
        meta.faults["conversations"] = [None, error(100, message=beyond)]

        pages = [page async for page in open_source(page_size=10)]

        assert len(ids(*pages)) == 10
        assert pages[-1].is_last is True
        assert pages[-1].failures == ()

    async def test_a_conversation_listed_twice_on_a_page_is_given_once(self, server, open_source):
        meta = MetaPage(server, 3)
        meta.changed[1] = {"id": "t_0"}

        assert ids(await open_source().next_page()) == ["t_0", "t_2"]

    async def test_sets_unreadable_conversations_apart(self, server, open_source):
        meta = MetaPage(server, 3)
        meta.changed[1] = {"id": None}

        page = await open_source().next_page()

        assert ids(page) == ["t_0", "t_2"]
        assert page.failures == (SourceFailure(None, "graph_malformed", "It has no id."),)

    async def test_leaves_out_a_field_that_this_version_lacks(self, server, open_source):
        meta = MetaPage(server, 2)
        meta.refuses_fields = frozenset({"tags", "sticker"})

        page = await open_source().next_page()

        assert ids(page) == ["t_0", "t_1"]
        assert len(server.asked) == 3
        assert "sticker,tags" not in server.asked[-1].query["fields"]

    async def test_does_not_go_without_the_messages_field(self, server, open_source):
        meta = MetaPage(server, 2)
        meta.refuses_fields = frozenset({"messages"})

        with pytest.raises(errors.GraphFieldUnknown):
            await open_source().next_page()


class TestCircles:
    async def test_a_cursor_that_leads_back_ends_the_walk(self, server, open_source):
        meta = MetaPage(server, 30)
        loop = {
            "data": [{"id": "t_x", "message_count": 0}],
            "paging": {"next": f"{server.url}/x?after=10"},
        }
        meta.faults["conversations"] = [None, None, Reply(loop)]
        source = open_source(page_size=10)

        pages = [page async for page in source]

        assert ids(*pages) == [*(f"t_{n}" for n in range(20)), "t_x"]
        assert [f.code for f in pages[-1].failures if f.remote_id is None] == ["graph_cursor_loop"]
        assert (pages[-1].cursor, pages[-1].is_last) == (None, True)
        assert source.has_ended_early is True

    async def test_the_same_page_under_another_cursor_ends_the_walk(self, server, open_source):
        meta = MetaPage(server, 3)
        count = iter(range(100, 200))

        def same_page(asked):
            reply = meta._conversations(meta_asked)
            return Reply(reply | {"paging": {"next": f"{server.url}/x?after={next(count)}"}})

        meta_asked = type(
            "Asked", (), {"query": {"limit": "3", "fields": "messages.limit(20)"}, "path": "/x"}
        )
        server.handler = same_page

        pages = [page async for page in open_source()]

        assert len(server.asked) == 2
        assert ids(*pages) == ["t_0", "t_1", "t_2"]
        assert [f.code for f in pages[-1].failures] == ["graph_cursor_loop"]

    async def test_an_earlier_page_under_another_cursor_ends_the_walk(self, server, open_source):
        meta = MetaPage(server, 30)
        first = meta._conversations(
            type(
                "Asked",
                (),
                {"query": {"limit": "10", "fields": "messages.limit(20)"}, "path": "/x"},
            )
        )
        first["paging"] = {"next": f"{server.url}/x?after=999"}
        meta.faults["conversations"] = [None, None, Reply(first)]

        pages = [page async for page in open_source(page_size=10)]

        assert ids(*pages) == [f"t_{n}" for n in range(20)]
        assert [f.code for f in pages[-1].failures] == ["graph_cursor_loop"]
        assert len(server.asked) == 3

    async def test_a_link_to_another_host_is_not_followed(self, server, open_source):
        meta = MetaPage(server, 3)
        content = {"data": [{"id": "t_9", "message_count": 0}]}
        content["paging"] = {"next": f"https://evil.example/?access_token={TOKEN}&after=2"}
        meta.faults["conversations"] = [Reply(content)]

        pages = [page async for page in open_source()]

        assert ids(*pages) == ["t_9"]
        assert pages[0].failures == (
            SourceFailure(
                None,
                "graph_foreign_link",
                "The next page is said to be at evil.example, not at the configured Graph API; it was not asked for.",
            ),
        )
        assert len(server.asked) == 1


class TestPageSize:
    async def test_shrinks_at_the_same_cursor_until_it_fits(self, server, open_source):
        meta = MetaPage(server, 30)
        meta.too_large = lambda asked: int(asked.query["limit"]) > 10

        source = open_source()
        page = await source.next_page()

        assert asked_limits(server) == [(100, None), (50, None), (25, None), (10, None)]
        assert len(page.snapshots) == 10
        assert page.page_size == 10

        await source.next_page()
        assert asked_limits(server)[4:] == [(10, "10")]

    async def test_grows_back_after_five_good_pages(self, server, open_source):
        meta = MetaPage(server, 200)
        meta.faults["conversations"] = [reduce_data(), reduce_data()]

        pages = [page async for page in open_source()]

        assert len(ids(*pages)) == 200
        assert [p.page_size for p in pages][:6] == [25, 25, 25, 25, 50, 50]

    async def test_tries_to_grow_more_rarely_when_it_was_in_vain(self, server, open_source):
        meta = MetaPage(server, 200)
        meta.too_large = lambda asked: int(asked.query["limit"]) > 10

        pages = [page async for page in open_source()]

        assert len(ids(*pages)) == 200
        limits = [limit for limit, _ in asked_limits(server)]
        assert limits == [100, 50, 25] + [10] * 5 + [25] + [10] * 10 + [25] + [10] * 5

    async def test_takes_a_remembered_size_and_grows_beyond_it(self, server, open_source):
        MetaPage(server, 200)

        pages = [page async for page in open_source(page_size=25, max_page_size=100)]

        assert [len(p.snapshots) for p in pages] == [25, 25, 25, 25, 25, 50, 25]

    async def test_reads_one_that_is_too_large_alone_by_its_messages(self, server, open_source):
        meta = MetaPage(server, 3)
        meta.too_large = lambda asked: (
            self.covers(asked, 1) and "messages.limit(20)" in asked.query["fields"]
        )

        pages = [page async for page in open_source()]

        assert ids(*pages) == ["t_0", "t_1", "t_2"]
        assert [f for p in pages for f in p.failures] == []
        assert len(pages[1].snapshots[0].messages) == 2

    async def test_asks_for_fewer_messages_where_20_are_too_large(self, server, open_source):
        meta = MetaPage(server, 1, per_thread=12)
        meta.changed[0] = {"messages": None}
        meta.too_large = lambda asked: (
            asked.path.endswith("/messages") and int(asked.query["limit"]) > 5
        )

        page = await open_source().next_page()

        assert len(page.snapshots[0].messages) == 12

    async def test_skips_one_that_cannot_be_had_at_all(self, server, open_source):
        meta = MetaPage(server, 3)
        meta.too_large = lambda asked: (
            asked.path.endswith("t_1/messages")
            or (self.covers(asked, 1) and "messages.limit(20)" in asked.query["fields"])
        )

        pages = [page async for page in open_source()]

        assert ids(*pages) == ["t_0", "t_2"]
        assert [(f.remote_id, f.code) for p in pages for f in p.failures] == [("t_1", 1)]

    async def test_ends_where_not_even_a_bare_one_fits(self, server, open_source):
        meta = MetaPage(server, 3)
        meta.too_large = lambda asked: self.covers(asked, 1)
        source = open_source()

        pages = [page async for page in source]

        assert ids(*pages) == ["t_0"]
        assert [f.sentence for f in pages[-1].failures] == [
            "Meta gives no conversations from here on, not even a single one."
        ]
        assert source.has_ended_early is True

    @staticmethod
    def covers(asked, n):
        if not asked.path.endswith("/conversations"):
            return False
        start = int(asked.query.get("after", 0))
        return start <= n < start + int(asked.query["limit"])


class TestMessages:
    async def test_are_asked_for_singly_when_left_out(self, server, open_source):
        meta = MetaPage(server, 3)
        meta.changed[1] = {"messages": None}

        page = await open_source().next_page()

        assert [len(s.messages) for s in page.snapshots] == [2, 2, 2]
        assert [a.path for a in server.asked] == [
            f"/v25.0/{PAGE_ID}/conversations",
            "/v25.0/t_1/messages",
        ]

    async def test_are_not_asked_for_where_there_are_none(self, server, open_source):
        meta = MetaPage(server, 1)
        meta.changed[0] = {"messages": None, "message_count": 0}

        page = await open_source().next_page()

        assert page.snapshots[0].messages == ()
        assert len(server.asked) == 1

    async def test_are_followed_up_to_20(self, server, open_source):
        meta = MetaPage(server, 1, per_thread=50)
        nested = meta.threads[0][1][:8]
        next_ = f"{server.url}/v25.0/t_0/messages?after=8"
        meta.changed[0] = {"messages": {"data": nested, "paging": {"next": next_}}}

        page = await open_source().next_page()

        assert [m.remote_id for m in page.snapshots[0].messages] == [
            f"m_0_{n}" for n in reversed(range(20))
        ]
        assert asked_limits(server) == [(100, None), (12, "8")]
        assert page.snapshots[0].message_count == 50

    async def test_are_complete_when_as_many_as_meta_counts(self, server, open_source):
        meta = MetaPage(server, 1, per_thread=3)
        messages = {"data": meta.threads[0][1], "paging": {"next": f"{server.url}/x?after=3"}}
        meta.changed[0] = {"messages": messages}

        await open_source().next_page()

        assert len(server.asked) == 1

    async def test_that_cannot_be_had_cost_only_their_conversation(self, server, open_source):
        meta = MetaPage(server, 3)
        meta.changed[1] = {"messages": None}
        meta.faults["messages"] = [error(100, 33, message="Unsupported get request")]

        page = await open_source().next_page()

        assert ids(page) == ["t_0", "t_2"]
        assert page.failures == (
            SourceFailure("t_1", 100, "Meta doesn't have this, or no longer shows it."),
        )

    async def test_keep_what_was_got_when_following_fails(self, server, open_source):
        meta = MetaPage(server, 1, per_thread=50)
        next_ = f"{server.url}/v25.0/t_0/messages?after=8"
        meta.changed[0] = {"messages": {"data": meta.threads[0][1][:8], "paging": {"next": next_}}}
        meta.faults["messages"] = [error(2, status=500)] * 4

        page = await open_source().next_page()

        assert len(page.snapshots[0].messages) == 8
        assert [(f.remote_id, f.code) for f in page.failures] == [("t_0", 2)]

    async def test_older_than_the_newest_are_no_failure(self, server, open_source):
        meta = MetaPage(server, 1, per_thread=50)
        next_ = f"{server.url}/v25.0/t_0/messages?after=8"
        meta.changed[0] = {"messages": {"data": meta.threads[0][1][:8], "paging": {"next": next_}}}
        meta.faults["messages"] = [error(9000001)]

        page = await open_source().next_page()

        assert len(page.snapshots[0].messages) == 8
        assert page.failures == ()

    async def test_that_lead_in_a_circle_end(self, server, open_source):
        meta = MetaPage(server, 1)
        meta.changed[0] = {"messages": None}
        circle = Reply({"data": [{"id": "m_1"}], "paging": {"next": f"{server.url}/x?after=1"}})
        meta.faults["messages"] = [circle] * 2

        page = await open_source().next_page()

        assert ids(page) == ["t_0"]
        assert [f.code for f in page.failures] == ["graph_cursor_loop"]


class TestFaults:
    FAULTS = [
        error(1, status=500),
        error(2, status=503, is_transient=True),
        Reply(body=b"<html>502</html>", status=502),
        Reply(body=b""),
        Reply(body=b'{"data": [{"id'),
        Reply({"data": []}, cut_after=4),
    ]

    @pytest.mark.parametrize("fault", FAULTS)
    async def test_that_pass_are_tried_again(self, server, open_source, time, fault):
        meta = MetaPage(server, 2)
        meta.faults["conversations"] = [fault] * 3

        page = await open_source().next_page()

        assert ids(page) == ["t_0", "t_1"]
        assert time.slept == [2.0, 4.0, 8.0]

    @pytest.mark.parametrize("fault", FAULTS)
    async def test_that_stay_are_told_with_the_place_kept(self, server, open_source, fault):
        meta = MetaPage(server, 20)
        meta.faults["conversations"] = [None, *[fault] * 4]
        source = open_source(page_size=10)
        await source.next_page()

        with pytest.raises(errors.GraphUnavailable):
            await source.next_page()

        assert len(server.asked) == 5
        assert source.cursor == "10"
        assert ids(*[page async for page in source]) == [f"t_{n}" for n in range(10, 20)]

    async def test_that_may_come_of_too_large_a_page_make_it_smaller(self, server, open_source):
        meta = MetaPage(server, 60)
        meta.faults["conversations"] = [error(1, status=500)] * 4
        source = open_source()

        with pytest.raises(errors.GraphUnavailable):
            await source.next_page()

        assert source.page_size == 50
        assert [len(p.snapshots) async for p in source] == [50, 10]

    async def test_of_the_network_leave_the_page_as_large(self, server, open_source):
        meta = MetaPage(server, 60)
        meta.faults["conversations"] = [Reply({"data": []}, cut_after=4)] * 4
        source = open_source()

        with pytest.raises(errors.GraphUnavailable):
            await source.next_page()

        assert source.page_size == 100

    async def test_of_the_network_amid_a_page_stop_the_walk(self, server, open_source):
        meta = MetaPage(server, 3)
        meta.changed[1] = {"messages": None}
        meta.faults["messages"] = [Reply({"data": []}, cut_after=4)] * 4
        source = open_source()

        with pytest.raises(errors.GraphUnavailable):
            await source.next_page()

        assert ids(await source.next_page()) == ["t_0", "t_1", "t_2"]

    async def test_one_that_never_answers_costs_only_its_conversation(self, server, open_source):
        meta = MetaPage(server, 3)
        meta.changed[1] = {"messages": None}
        meta.faults["messages"] = [Reply(delay_seconds=5)] * 4

        page = await open_source(timeouts=Timeouts(read=0.05)).next_page()

        assert ids(page) == ["t_0", "t_2"]
        assert [(f.remote_id, f.code) for f in page.failures] == [("t_1", "graph_timeout")]

    async def test_two_that_never_answer_stop_the_walk(self, server, open_source):
        meta = MetaPage(server, 3)
        meta.changed = {n: {"messages": None} for n in range(3)}
        meta.faults["messages"] = [Reply(delay_seconds=5)] * 8
        source = open_source(timeouts=Timeouts(read=0.05))

        with pytest.raises(errors.GraphTimeout):
            await source.next_page()

        page = await source.next_page()
        assert ids(page) == ["t_1", "t_2"]

    async def test_that_hint_at_a_permission_are_tried_again_once(self, server, open_source):
        meta = MetaPage(server, 1)
        meta.faults["conversations"] = [error(1, 99, status=500)] * 4

        with pytest.raises(errors.GraphUnavailable):
            await open_source().next_page()

        assert len(server.asked) == 2

    @pytest.mark.parametrize("code", [4, 17, 32, 613, 80001, 80002, 80006, 80014])
    async def test_a_limit_is_told_at_once_with_the_place_kept(self, server, open_source, code):
        meta = MetaPage(server, 20)
        meta.faults["conversations"] = [None, error(code, status=403, is_transient=True)]
        source = open_source(page_size=10)
        await source.next_page()

        with pytest.raises(errors.GraphRateLimited) as caught:
            await source.next_page()

        assert caught.value.retry_after_seconds == 60.0
        assert len(server.asked) == 2
        assert ids(await source.next_page()) == [f"t_{n}" for n in range(10, 20)]

    async def test_limits_in_a_row_mean_longer_waits(self, server, open_source):
        meta = MetaPage(server, 1)
        meta.faults["conversations"] = [error(613)] * 2
        source = open_source()

        waits = []
        for _ in range(2):
            with pytest.raises(errors.GraphRateLimited) as caught:
                await source.next_page()
            waits.append(caught.value.retry_after_seconds)

        assert waits == [60.0, 300.0]

    async def test_a_limit_amid_a_page_keeps_what_was_read_of_it(self, server, open_source):
        meta = MetaPage(server, 3)
        meta.changed = {n: {"messages": None} for n in range(3)}
        meta.faults["messages"] = [None, error(613)]
        source = open_source()
        with pytest.raises(errors.GraphRateLimited):
            await source.next_page()

        page = await source.next_page()

        assert ids(page) == ["t_0", "t_1", "t_2"]
        assert [a.path.split("/")[2] for a in server.asked] == [PAGE_ID, "t_0", "t_1", "t_1", "t_2"]

    @pytest.mark.parametrize("subcode", [None, 458, 459, 460, 463, 464, 467, 492])
    async def test_a_dead_token_ends_it_at_once(self, server, open_source, subcode):
        meta = MetaPage(server, 20)
        meta.faults["conversations"] = [None, error(190, subcode, status=401)]
        source = open_source(page_size=10)
        await source.next_page()

        with pytest.raises(errors.GraphTokenInvalid):
            await source.next_page()

        assert len(server.asked) == 2
        assert source.cursor == "10"

    async def test_a_dead_token_amid_a_page_is_no_failure_of_one_conversation(
        self, server, open_source
    ):
        meta = MetaPage(server, 2)
        meta.changed[0] = {"messages": None}
        meta.faults["messages"] = [error(190)]

        with pytest.raises(errors.GraphTokenInvalid):
            await open_source().next_page()

    async def test_a_missing_permission_is_told(self, server, open_source):
        meta = MetaPage(server, 1)
        meta.faults["conversations"] = [error(10)]

        with pytest.raises(errors.GraphPermissionMissing):
            await open_source().next_page()


class TestPace:
    async def test_is_two_calls_a_second(self, server, open_source, time):
        MetaPage(server, 60)

        async for _ in open_source(page_size=10):
            pass

        assert time.seconds == 2.0

    async def test_halves_at_75_percent(self, server, open_source, time):
        meta = MetaPage(server, 60)
        meta.headers = {"x-app-usage": json.dumps({"call_count": 80})}

        async for _ in open_source(page_size=10):
            pass

        assert time.seconds == 3.5  # the first answer told of it

    async def test_pauses_at_90_percent_after_handing_out_the_page(self, server, open_source, time):
        meta = MetaPage(server, 20)
        regain = {"type": "messenger", "call_count": 95, "estimated_time_to_regain_access": 2}
        meta.headers = {"x-business-use-case-usage": json.dumps({PAGE_ID: [regain]})}
        source = open_source(page_size=10)

        page = await source.next_page()
        with pytest.raises(errors.GraphUsageHigh) as caught:
            await source.next_page()

        assert page.usage.percent == 95.0
        assert caught.value.retry_after_seconds == 120.0
        assert len(server.asked) == 1

        await time.sleep(120.0)
        assert len((await source.next_page()).snapshots) == 10
