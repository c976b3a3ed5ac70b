"""The same source against the stand-in Meta, which follows Meta's documents to the field."""

import pytest

from hirocrm.contacts.snapshots import Platform, Sender
from hirocrm.meta.graph import errors
from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.graph.pace import CallPace
from hirocrm.meta.graph.signature import appsecret_proof
from hirocrm.sandbox.server import SandboxServer
from hirocrm.sync.sources.graph import GraphSource

PAGE, INSTAGRAM = "110000000000055", "17841400000000055"


@pytest.fixture(scope="module")
def sandbox():
    with SandboxServer() as running:
        yield running


@pytest.fixture
def page_token(sandbox):
    sandbox.control.reset(data=True)
    sandbox.graph.settings(usage={}, requires_proof=False)
    return sandbox.graph.add_page(
        PAGE, "Test Page", instagram_id=INSTAGRAM, instagram_username="test.page"
    )


@pytest.fixture
async def open_source(sandbox, page_token):
    clients = []

    async def sleep(seconds):
        """Nothing here is about time."""

    def open_(platform=Platform.MESSENGER, **options):
        client = GraphClient(
            base_url=sandbox.graph_url, access_token=page_token, app_secret=sandbox.app_secret
        )
        clients.append(client)
        return GraphSource(
            client,
            page_id=PAGE,
            instagram_account_id=INSTAGRAM,
            instagram_username="test.page",
            platform=platform,
            pace=CallPace(calls_per_second=1e6),
            sleep=sleep,
            **options,
        )

    yield open_
    for client in clients:
        await client.aclose()


async def walk(source):
    return [page async for page in source]


def ids(pages):
    return [s.remote_id for page in pages for s in page.snapshots]


class TestWalk:
    async def test_gives_every_messenger_conversation_once(self, sandbox, open_source):
        sandbox.graph.add_synthetic(PAGE, 250)

        pages = await walk(open_source())

        assert [len(p.snapshots) for p in pages] == [100, 100, 50]
        assert len(set(ids(pages))) == 250
        assert [f for p in pages for f in p.failures] == []
        assert sandbox.control.count("graph.conversations") == 3

    async def test_names_customers_and_never_the_page(self, sandbox, open_source):
        sandbox.graph.add_synthetic(PAGE, 30)
        sandbox.graph.add_synthetic(PAGE, 30, platform="instagram")

        messenger = (await walk(open_source()))[0].snapshots
        instagram = (await walk(open_source(Platform.INSTAGRAM)))[0].snapshots

        people = [s.participant for s in (*messenger, *instagram)]
        assert len({p.remote_id for p in people}) == 60
        assert not {PAGE, INSTAGRAM} & {p.remote_id for p in people}
        assert not [p for p in people if p.remote_id.startswith("thread:")]
        assert all(s.participant.name for s in messenger)
        assert all(s.participant.username for s in instagram)

    async def test_messages_are_in_order_and_on_the_right_side(self, sandbox, open_source):
        rows = [
            {
                "id": "r1",
                "messages": [
                    {"from": "customer", "text": "Magkano po? 😍"},
                    {"from": "business", "text": "500 po", "after": "1m"},
                    {
                        "from": "customer",
                        "text": "",
                        "after": "1m",
                        "attachment": {"type": "image"},
                    },
                    {"from": "customer", "text": "sige", "after": "1m", "reply_to": 2},
                ],
            }
        ]
        sandbox.graph.add_conversations(PAGE, rows)

        messages = (await walk(open_source()))[0].snapshots[0].messages

        assert [(m.sender, m.text) for m in messages] == [
            (Sender.CUSTOMER, "Magkano po? 😍"),
            (Sender.BUSINESS, "500 po"),
            (Sender.CUSTOMER, None),
            (Sender.CUSTOMER, "sige"),
        ]
        assert [a.type for a in messages[2].attachments] == ["image"]
        assert messages[3].reply_to == messages[1].remote_id

    @pytest.mark.parametrize(
        ("platform", "kind"),
        [
            *((p, k) for p in Platform for k in ("image", "audio", "video", "file", "share")),
            (Platform.MESSENGER, "sticker"),
            *((Platform.INSTAGRAM, k) for k in ("story_reply", "story_mention", "unsupported")),
        ],
    )
    async def test_attachments_keep_their_kind(self, sandbox, open_source, platform, kind):
        message = {"from": "customer", "text": "", "attachment": {"type": kind}}
        row = {"id": "r1", "platform": platform.value, "messages": [message]}
        sandbox.graph.add_conversations(PAGE, [row])

        taken = (await walk(open_source(platform)))[0].snapshots[0].messages[0]

        assert [a.type for a in taken.attachments] == [kind]

    async def test_takes_the_newest_20_of_a_long_conversation(self, sandbox, open_source):
        messages = [{"from": "customer", "text": f"text {n}", "after": "1m"} for n in range(50)]
        sandbox.graph.add_conversations(PAGE, [{"id": "r1", "messages": messages}])

        taken = (await walk(open_source()))[0].snapshots[0]

        assert [m.text for m in taken.messages] == [f"text {n}" for n in range(30, 50)]
        assert taken.message_count == 50


class TestFaults:
    @pytest.mark.parametrize("kind", ["html_502", "reset", "half", "broken_json", "empty_body"])
    async def test_that_pass_cost_nothing(self, sandbox, open_source, kind):
        sandbox.graph.add_synthetic(PAGE, 30)
        sandbox.graph.breaks(kind, PAGE, times=3, after=1)

        pages = await walk(open_source(page_size=10))

        assert len(set(ids(pages))) == 30
        assert sandbox.control.count("graph.conversations") == 6

    @pytest.mark.parametrize("code", [4, 17, 32, 613, 80001, 80002, 80006, 80014])
    async def test_a_limit_tells_when_to_come_back(self, sandbox, open_source, code):
        sandbox.graph.add_synthetic(PAGE, 30)
        sandbox.graph.rate_limits(PAGE, code, times=1, after=1, regain_minutes=2)
        source = open_source(page_size=10)
        first = await source.next_page()

        with pytest.raises(errors.GraphRateLimited) as caught:
            await source.next_page()
        rest = await walk(source)

        assert caught.value.retry_after_seconds in {120.0, 60.0}
        assert len(set(ids([first, *rest]))) == 30

    @pytest.mark.parametrize("subcode", [None, 458, 459, 460, 463, 464, 467, 492])
    async def test_a_token_that_dies_amid_the_walk(self, sandbox, open_source, subcode):
        sandbox.graph.add_synthetic(PAGE, 30)
        sandbox.graph.token_dies_after(PAGE, 20, subcode)
        source = open_source(page_size=10)
        got = [await source.next_page(), await source.next_page()]

        with pytest.raises(errors.GraphTokenInvalid) as caught:
            await source.next_page()

        assert len(ids(got)) == 20
        assert caught.value.remote_subcode == subcode

    async def test_too_much_data_shrinks_the_pages(self, sandbox, open_source):
        sandbox.graph.add_synthetic(PAGE, 60)
        sandbox.graph.breaks("reduce_data", PAGE, max_limit=25)

        pages = await walk(open_source())

        assert [len(p.snapshots) for p in pages] == [25, 25, 10]

    async def test_a_looping_cursor_ends_the_walk(self, sandbox, open_source):
        sandbox.graph.add_synthetic(PAGE, 30)
        sandbox.graph.breaks("looping_cursor", PAGE)

        pages = await walk(open_source(page_size=10))

        assert [f.code for p in pages for f in p.failures] == ["graph_cursor_loop"]
        assert len(set(ids(pages))) == 20

    async def test_a_foreign_next_is_not_followed(self, sandbox, open_source):
        sandbox.graph.add_synthetic(PAGE, 30)
        sandbox.graph.breaks("foreign_next", PAGE)

        pages = await walk(open_source(page_size=10))

        assert [f.code for p in pages for f in p.failures] == ["graph_foreign_link"]
        assert len(ids(pages)) == 10

    async def test_an_empty_page_is_not_the_end(self, sandbox, open_source):
        sandbox.graph.add_synthetic(PAGE, 30)
        sandbox.graph.breaks("empty_page", PAGE, times=1)

        pages = await walk(open_source(page_size=10))

        assert [len(p.snapshots) for p in pages] == [0, 10, 10]

    @pytest.mark.parametrize("platform", list(Platform))
    @pytest.mark.parametrize(
        "field", ["participants", "from", "created_time", "updated_time", "message_count", "to"]
    )
    async def test_a_missing_field_costs_no_conversation(
        self, sandbox, open_source, platform, field
    ):
        sandbox.graph.add_synthetic(PAGE, 5, platform=platform.value)
        sandbox.graph.breaks("missing_fields", PAGE, fields=[field])

        pages = await walk(open_source(platform))

        assert len(ids(pages)) == 5
        assert [f for p in pages for f in p.failures] == []
        assert not [
            s for p in pages for s in p.snapshots if s.participant.remote_id.startswith("thread:")
        ]

    async def test_missing_messages_are_asked_for_singly(self, sandbox, open_source):
        messages = [{"from": "customer", "text": f"text {n}", "after": "1m"} for n in range(3)]
        sandbox.graph.add_conversations(
            PAGE, [{"id": f"r{n}", "messages": messages} for n in range(5)]
        )
        sandbox.graph.breaks("missing_fields", PAGE, fields=["messages"])

        pages = await walk(open_source())

        assert [len(s.messages) for p in pages for s in p.snapshots] == [3] * 5

    async def test_high_usage_pauses_with_the_place_kept(self, sandbox, open_source):
        sandbox.graph.add_synthetic(PAGE, 30)
        sandbox.graph.usage(PAGE, call_count=95, regain_minutes=0)
        source = open_source(page_size=10)
        first = await source.next_page()

        with pytest.raises(errors.GraphUsageHigh):
            await source.next_page()

        assert first.usage.percent == 95.0
        assert source.cursor == first.cursor
        assert sandbox.control.count("graph.conversations") == 1


class TestCallsSeenByMeta:
    async def test_hold_a_proof_and_no_token(self, sandbox, open_source, page_token):
        sandbox.graph.settings(requires_proof=True)
        sandbox.graph.add_synthetic(PAGE, 30)

        pages = await walk(open_source(page_size=10))

        assert len(ids(pages)) == 30
        for call in sandbox.control.calls(service="graph"):
            assert page_token not in str(call["path"])

    async def test_fail_with_a_proof_of_another_secret(self, sandbox, page_token):
        sandbox.graph.settings(requires_proof=True)
        assert appsecret_proof(page_token, "x") != appsecret_proof(page_token, sandbox.app_secret)

        async with GraphClient(
            base_url=sandbox.graph_url, access_token=page_token, app_secret="x"
        ) as client:
            with pytest.raises(errors.GraphError) as caught:
                await client.get_page()

        assert "FACEBOOK_APP_SECRET" in caught.value.sentence
