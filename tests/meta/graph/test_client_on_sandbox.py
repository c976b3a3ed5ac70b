"""Connecting, subscribing and sending against the stand-in Meta."""

import pytest

from hirocrm.core.platforms import Platform
from hirocrm.meta.graph import errors
from hirocrm.meta.graph.client import GraphClient
from hirocrm.sandbox.server import SandboxServer

PAGE, INSTAGRAM = "110000000000056", "17841400000000056"


@pytest.fixture(scope="module")
def sandbox():
    with SandboxServer() as running:
        yield running


@pytest.fixture
def page_token(sandbox):
    sandbox.control.reset(data=True)
    return sandbox.graph.add_page(
        PAGE, "Test Page", instagram_id=INSTAGRAM, instagram_username="test.page"
    )


@pytest.fixture
async def open_client(sandbox):
    clients = []

    def open_(token):
        client = GraphClient(
            base_url=sandbox.graph_url, access_token=token, app_secret=sandbox.app_secret
        )
        clients.append(client)
        return client

    yield open_
    for client in clients:
        await client.aclose()


class TestConnecting:
    async def test_a_page_token_is_verified(self, open_client, page_token):
        page = await open_client(page_token).get_page()

        assert (page.id, page.name) == (PAGE, "Test Page")
        assert page.instagram_business_account is not None
        assert page.instagram_business_account.id == INSTAGRAM
        assert page.instagram_business_account.username == "test.page"

    async def test_a_dead_token_says_so(self, sandbox, open_client, page_token):
        sandbox.graph.kills_token(PAGE, 460)

        with pytest.raises(errors.GraphTokenInvalid) as caught:
            await open_client(page_token).get_page(PAGE)

        assert caught.value.remote_subcode == 460

    async def test_a_user_lists_pages_with_tokens_that_work(self, sandbox, open_client, page_token):
        user_token = sandbox.graph.issue_user_token(page_ids=[PAGE])

        accounts = await open_client(user_token).get_accounts()

        assert [(a.id, a.name) for a in accounts] == [(PAGE, "Test Page")]
        assert "MESSAGING" in accounts[0].tasks
        assert accounts[0].access_token is not None
        assert (await open_client(accounts[0].access_token).get_page()).id == PAGE

    async def test_a_token_is_looked_into(self, sandbox, open_client, page_token):
        client = open_client(None)
        app = {"app_id": sandbox.app_id, "app_secret": sandbox.app_secret}

        living = await client.debug_token(page_token, **app)
        sandbox.graph.kills_token(PAGE, 463)
        dead = await client.debug_token(page_token, **app)

        assert (living.is_valid, living.type, living.profile_id) == (True, "PAGE", PAGE)
        assert dead.is_valid is False

    async def test_a_short_token_becomes_a_long_one(self, sandbox, open_client, page_token):
        user_token = sandbox.graph.issue_user_token(page_ids=[PAGE])
        app = {"app_id": sandbox.app_id, "app_secret": sandbox.app_secret}

        long_lived = await open_client(None).exchange_long_lived(user_token, **app)

        accounts = await open_client(long_lived.access_token).get_accounts()
        assert [a.id for a in accounts] == [PAGE]

    async def test_a_made_up_code_is_refused(self, sandbox, open_client):
        with pytest.raises(errors.GraphRejected) as caught:
            await open_client(None).exchange_code(
                "made-up",
                app_id=sandbox.app_id,
                app_secret=sandbox.app_secret,
                redirect_uri="https://crm.example/",
            )

        assert "made-up" not in f"{caught.value} {caught.value.refusal}"


class TestSubscribing:
    async def test_comes_and_goes(self, open_client, page_token):
        client = open_client(page_token)

        await client.subscribe_app(PAGE, ["messages", "message_echoes"])
        subscribed = await client.list_subscribed_apps(PAGE)
        await client.unsubscribe_app(PAGE)

        assert [sorted(a.subscribed_fields) for a in subscribed] == [["message_echoes", "messages"]]
        assert await client.list_subscribed_apps(PAGE) == ()


class TestSending:
    async def test_a_message_can_be_read_again(self, sandbox, open_client, page_token):
        row = {"id": "r1", "ago": "1h", "messages": [{"from": "customer", "text": "Hi"}]}
        customer_id = sandbox.graph.add_conversations(PAGE, [row])[0]
        client = open_client(page_token)

        sent = await client.send_message(PAGE, customer_id, text="Hello", metadata="crm:send:1")
        message = await client.get_message(sent.message_id, Platform.MESSENGER)

        assert len(sandbox.graph.sent()) == 1
        assert message.message == "Hello"
        assert message.sender is not None
        assert message.sender.id == PAGE

    @pytest.mark.parametrize(("code", "subcode"), [(10, 2018278), (551, 1545041)])
    async def test_a_refusal_is_about_the_person(
        self, sandbox, open_client, page_token, code, subcode
    ):
        sandbox.graph.refuses(PAGE, code, subcode=subcode)

        with pytest.raises(errors.GraphRejected) as caught:
            await open_client(page_token).send_message(PAGE, "7", text="Hello")

        assert caught.value.action is errors.Action.SKIP


class TestProfiles:
    async def test_are_read_where_the_person_wrote(self, sandbox, open_client, page_token):
        row = {"id": "r1", "name": "Ana Cruz", "messages": [{"from": "customer", "text": "Hi"}]}
        customer_id = sandbox.graph.add_conversations(PAGE, [row])[0]

        profile = await open_client(page_token).get_profile(customer_id, Platform.MESSENGER)

        assert (profile.first_name, profile.last_name) == ("Ana", "Cruz")

    async def test_of_strangers_are_missing(self, open_client, page_token):
        with pytest.raises(errors.GraphRejected):
            await open_client(page_token).get_profile("7999999999", Platform.MESSENGER)
