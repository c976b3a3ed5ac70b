"""News as a page gets them."""

import asyncio
import json
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from hirocrm.core import events
from hirocrm.core.live import listener
from hirocrm.web.live import stream
from hirocrm.web.live.stream import stream_news

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _listener_ends():
    """The listener's connection must be gone before the test database is."""
    yield
    thread = listener._thread
    if thread is not None:
        thread.join(10)


@sync_to_async
def publish(**news):
    events.publish(**news)
    connection.close()  # this thread's own, which would outlive the test


async def next_news(source):
    while True:
        line = await asyncio.wait_for(anext(source), 10)
        if line.startswith("data: "):
            return json.loads(line.removeprefix("data: "))


class TestStreamNews:
    async def test_names_the_columns_that_a_move_touches(self):
        organization = uuid4()
        source = stream_news(organization_id=organization)
        await anext(source)

        await publish(organization_id=uuid4(), kind="contact.moved")
        await publish(
            organization_id=organization,
            kind="contact.moved",
            contact="c",
            fromStage="a",
            toStage="b",
        )
        news = await next_news(source)
        await source.aclose()

        assert (news["kind"], news["contact"], news["stages"]) == ("contact.moved", "c", ["a", "b"])
        assert "organization" not in news

    async def test_names_all_columns_after_many_moves_but_not_oftener_than_it_may(
        self, monkeypatch
    ):
        monkeypatch.setattr(stream, "SWEEP_SECONDS", 0.2)
        organization = uuid4()
        source = stream_news(organization_id=organization)
        await anext(source)

        for _ in range(3):
            await publish(organization_id=organization, kind="run.changed", run="r")
        heard = [await next_news(source) for _ in range(4)]
        await source.aclose()

        assert [news["kind"] for news in heard] == ["run.changed"] * 3 + ["contacts.changed"]
        assert [news.get("stages") for news in heard] == [["*"], None, None, ["*"]]

    @pytest.mark.parametrize(
        ("told", "named"),
        [
            ([{"contacts": ["a"]}, {"contacts": ["b", "a"]}, {"contacts": ["c"]}], ["a", "b", "c"]),
            ([{"contacts": ["a"]}, {"contacts": ["b"]}, {"page": "p"}], None),
        ],
        ids=["few", "unknown"],
    )
    async def test_names_whose_news_it_held_back(self, monkeypatch, told, named):
        monkeypatch.setattr(stream, "SWEEP_SECONDS", 0.2)
        organization = uuid4()
        source = stream_news(organization_id=organization)
        await anext(source)

        await publish(organization_id=organization, kind="contacts.changed", contacts=["z"])
        for news in told:
            await publish(organization_id=organization, kind="contacts.changed", **news)
        heard = [await next_news(source) for _ in range(5)]
        await source.aclose()

        assert heard[0]["contacts"] == ["z"]
        assert heard[-1].get("contacts") == named
