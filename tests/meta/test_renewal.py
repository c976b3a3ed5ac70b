"""Renewing tokens of Instagram Login, whatever Meta answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from hirocrm.core.errors import UpstreamUnavailable
from hirocrm.meta import health, renewal, tasks
from hirocrm.meta.graph.errors import GraphTokenInvalid
from hirocrm.meta.models import Page
from tests.factories import PageFactory
from tests.meta.graph.loopback import Asked, Loopback, Reply, error

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNT, OLD, NEW = "17841400000000001", "IGAAold", "IGAAnew"
LIFE = timedelta(days=60)


@pytest.fixture
def account(owner, now) -> Page:
    """In its last month."""
    return PageFactory(
        organization=owner.organization, remote_id=ACCOUNT, instagram_account_id=ACCOUNT,
        flavour="instagram", access_token=OLD, connected_at=now - timedelta(days=40),
        token_issued_at=now - timedelta(days=40), token_expires_at=now + timedelta(days=20),
    )  # fmt: skip


@pytest.fixture
def asked(settings) -> list[Asked]:
    settings.INSTAGRAM_APP_SECRET = "an-app-secret"
    return []


@pytest.fixture
def renew(account, settings, asked, now):
    """Renew against a Meta that gives these answers; the row afterwards."""

    def renew(*replies: Reply, page: Page = account, at: datetime = now) -> Page:
        async def ask() -> None:
            async with Loopback(script=list(replies)) as meta:
                settings.INSTAGRAM_GRAPH_URL = meta.url
                await renewal.renew_if_due(page, now=at)
                asked.extend(meta.asked)

        async_to_sync(ask)()
        return Page.objects.get(pk=page.pk)

    return renew


def given(token: Any = NEW, **more: Any) -> Reply:
    return Reply({"access_token": token, "token_type": "bearer", **more})


class TestRenewIfDue:
    def test_asks_as_meta_documents(self, renew, asked):
        renew(given(expires_in=5_184_000))

        (call,) = asked
        assert (call.method, call.path) == ("GET", "/refresh_access_token")
        assert call.query == {"grant_type": "ig_refresh_token", "access_token": OLD}

    @pytest.mark.parametrize(
        ("told", "life"),
        [
            ({"expires_in": 5_184_000}, LIFE),
            ({"expires_in": "5183944", "permissions": "instagram_business_basic"}, timedelta(seconds=5_183_944)),
            ({"expires_in": 3600}, timedelta(hours=1)),
            ({}, LIFE),
            ({"expires_in": None}, LIFE),
            ({"expires_in": 0}, LIFE),
            ({"expires_in": -5}, LIFE),
            ({"expires_in": "soon"}, LIFE),
            ({"expires_in": [60]}, LIFE),
            ({"expires_in": 10**12}, LIFE),
            ({"expires_in": 10**30}, LIFE),
        ],
    )  # fmt: skip
    def test_takes_the_life_that_meta_tells_if_it_can_be_true(self, renew, now, told, life):
        page = renew(given(**told))

        assert (page.access_token, page.token_issued_at) == (NEW, now)
        assert page.token_expires_at == now + life

    @pytest.mark.parametrize(
        "reply",
        [
            Reply([{"access_token": NEW}]),
            Reply({"data": []}),
            Reply({}),
            given(None),
            given(""),
            given(["IGAA"]),
            given("IGAA new"),
            given("IGAA\nnew"),
            given("IGAAnéw"),
            given("IGAAnew…"),
            Reply(body=b"<html>Sorry</html>"),
            Reply(body=b""),
            Reply(body=b'{"access_token": "IGAA', cut_after=10),
            Reply(body=b"<html>Sorry</html>", status=502),
            Reply(status=302, headers={"Location": "https://elsewhere.example/"}, body=b""),
            error(190),
            error(190, 463),
            error(100, message="Access token must be at least 24 hours old"),
            error(10),
            error(4),
            error(2, status=500),
            error(None, status=500),
        ],
    )
    def test_keeps_the_token_that_works_when_no_other_comes(self, renew, account, reply):
        page = renew(reply)

        assert page.access_token == OLD
        assert page.token_issued_at == account.token_issued_at
        assert page.token_expires_at == account.token_expires_at
        assert page.state == "healthy"

    def test_keeps_the_token_when_nobody_answers(self, account, settings, now):
        settings.INSTAGRAM_GRAPH_URL = "http://127.0.0.1:9"

        async_to_sync(renewal.renew_if_due)(account, now=now)

        assert Page.objects.get(pk=account.pk).access_token == OLD

    def test_tries_again_the_next_day_until_it_works(self, renew, now):
        renew(error(2, status=500))
        again = Page.objects.get(remote_id=ACCOUNT)

        page = renew(given(), page=again, at=now + timedelta(days=1))

        assert page.access_token == NEW

    def test_leaves_a_fresh_token_alone(self, renew, account, asked, now):
        account.token_issued_at, account.token_expires_at = now - timedelta(hours=23), now + LIFE
        account.save()

        renew()

        assert asked == []

    def test_leaves_a_page_that_was_connected_anew_meanwhile(self, renew, account, now):
        Page.objects.filter(pk=account.pk).update(access_token="IGAAreconnected", connected_at=now)

        assert renew(given()).access_token == "IGAAreconnected"

    def test_leaves_a_page_that_was_disconnected_meanwhile(self, renew, account):
        Page.objects.filter(pk=account.pk).update(access_token="", state="removed")

        page = renew(given())

        assert (page.access_token, page.state) == ("", "removed")


class TestTwoWorkers:
    """One renews; the other comes with the token of before, which Meta doesn't take any more."""

    def meta(self, call: Asked) -> Reply:
        token = call.query.get("access_token") or call.headers["authorization"].split()[-1]
        if token == OLD:
            return error(190, 463)
        if call.path.endswith("/me"):
            return Reply({"user_id": ACCOUNT, "id": "1", "username": "anas.closet"})
        return Reply({"data": [], "success": True})

    def test_the_later_one_does_not_end_the_connection(self, account, settings, asked):
        async def work() -> None:
            async with Loopback(handler=self.meta) as meta:
                settings.INSTAGRAM_GRAPH_URL = meta.url
                await tasks.check_page.func(page_id=str(account.pk))
                asked.extend(meta.asked)

        found = tasks._find

        def find_and_renew(page_id):
            page = found(page_id)
            Page.objects.filter(pk=page_id).update(access_token=NEW)  # by the other worker
            return page

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tasks, "_find", find_and_renew)
            async_to_sync(work)()

        page = Page.objects.get(pk=account.pk)
        assert {call.path for call in asked} == {"/refresh_access_token", "/v25.0/me"}
        assert (page.state, page.access_token) == ("healthy", NEW)

    def test_a_refusal_of_the_old_token_changes_nothing(self, account, now):
        before = Page.objects.get(pk=account.pk)
        Page.objects.filter(pk=account.pk).update(access_token=NEW)

        health.note_trouble(page=before, error=GraphTokenInvalid("Dead."), now=now)

        assert Page.objects.get(pk=account.pk).state == "healthy"

    def test_a_refusal_of_the_token_in_use_ends_the_connection(self, account, now):
        health.note_trouble(page=account, error=GraphTokenInvalid("Dead."), now=now)

        assert Page.objects.get(pk=account.pk).state == "needs_reconnect"


class TestCheckPage:
    """The job that renews: what it was killed over is done again by the next."""

    def run(self, account, settings, *replies: Reply) -> list[str]:
        async def work() -> list[str]:
            async with Loopback(script=list(replies)) as meta:
                settings.INSTAGRAM_GRAPH_URL = meta.url
                try:
                    await tasks.check_page.func(page_id=str(account.pk))
                finally:
                    paths = [call.path for call in meta.asked]
                return paths

        return async_to_sync(work)()

    def test_goes_on_with_the_new_token(self, account, settings, asked):
        Page.objects.update(token_expires_at=datetime.now(UTC) + timedelta(days=10))
        me = Reply({"user_id": ACCOUNT, "id": "1", "username": "anas.closet"})
        fields = ",".join(["messages"])

        paths = self.run(account, settings, given(), me, Reply({"data": [{"id": "1", "subscribed_fields": fields}]}),
                         Reply({"success": True}), Reply({"data": []}))  # fmt: skip

        page = Page.objects.get(pk=account.pk)
        assert paths[:2] == ["/refresh_access_token", "/v25.0/me"]
        assert (page.access_token, page.state) == (NEW, "healthy")

    def test_of_a_dead_token_asks_for_a_reconnect(self, account, settings, asked):
        Page.objects.update(token_expires_at=datetime.now(UTC) - timedelta(days=1))

        self.run(account, settings, error(190, 463), error(190, 463))

        page = Page.objects.get(pk=account.pk)
        assert (page.state, page.access_token) == ("needs_reconnect", OLD)
        assert "expired" in page.state_reason

    def test_is_tried_again_while_meta_is_away(self, account, settings, asked):
        with pytest.raises(UpstreamUnavailable):
            self.run(account, settings, error(2, status=500), error(2, status=500))

        assert Page.objects.get(pk=account.pk).state == "healthy"
