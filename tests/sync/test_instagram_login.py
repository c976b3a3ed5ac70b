"""An account of Instagram Login is synced and listened to like a Page, at its own host."""

from datetime import UTC, datetime

import pytest
from asgiref.sync import async_to_sync

from hirocrm.contacts.models import Contact, Conversation, Message
from hirocrm.meta.models import Page
from hirocrm.sync import fetch, profiles, services
from tests.factories import PageFactory

pytestmark = pytest.mark.django_db(transaction=True)
CLOSET, INSTAGRAM = "110000000000001", "17841400000000001"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def sandbox(sandbox):
    sandbox.graph.settings(requires_proof=True)
    yield sandbox
    sandbox.graph.settings(requires_proof=False)


@pytest.fixture
def account(sandbox, owner) -> Page:
    sandbox.graph.add_page(
        CLOSET, "Ana's Closet", instagram_id=INSTAGRAM, instagram_username="anas.closet"
    )
    for platform in ("messenger", "instagram"):
        said = [{"from": "customer", "text": f"hm po? {platform} 👗"}]
        sandbox.graph.add_conversations(
            CLOSET, [{"id": platform, "platform": platform, "messages": said}]
        )
    return PageFactory(
        organization=owner.organization, remote_id=INSTAGRAM, instagram_account_id=INSTAGRAM,
        instagram_username="anas.closet", flavour="instagram",
        access_token=sandbox.graph.issue_token(CLOSET, kind="INSTAGRAM"),
    )  # fmt: skip


class TestSync:
    def test_brings_instagram_alone_from_its_own_host(self, sandbox, account, owner):
        run = services.start_sync(page=account, member=owner, now=NOW)

        async_to_sync(fetch.fetch_run)(run.pk)

        contact = Contact.objects.get()
        assert contact.instagram_sid.startswith("8")
        assert Conversation.objects.get().platform == "instagram"
        assert Message.objects.get().text == "hm po? instagram 👗"
        calls = sandbox.control.calls(op="conversations")
        assert {call["path"] for call in calls} == {f"/v25.0/{INSTAGRAM}/conversations"}

    def test_a_dead_token_needs_reconnecting(self, sandbox, account, owner):
        sandbox.graph.kills_token(CLOSET, 463)
        run = services.start_sync(page=account, member=owner, now=NOW)

        async_to_sync(fetch.fetch_run)(run.pk)

        account.refresh_from_db()
        run.refresh_from_db()
        assert (account.state, run.status) == ("needs_reconnect", "token_expired")


class TestProfiles:
    def test_come_from_its_own_host(self, sandbox, account, owner, settings, monkeypatch):
        monkeypatch.setattr(profiles, "CALLS_PER_SECOND", 1000.0)
        settings.PROFILE_PICTURES = "all"
        run = services.start_sync(page=account, member=owner, now=NOW)
        async_to_sync(fetch.fetch_run)(run.pk)
        run.refresh_from_db()
        run.finished_at = run.finished_at or NOW
        run.save(update_fields=["finished_at"])

        async_to_sync(profiles.fetch_profiles)(account.pk)

        contact = Contact.objects.get()
        assert contact.profile_checked_at is not None
        assert contact.picture_key != ""
