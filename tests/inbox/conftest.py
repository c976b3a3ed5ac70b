"""A Page at the stand-in Meta, and a conversation with one of its customers."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hirocrm.contacts.models import Conversation
    from hirocrm.inbox.models import OutgoingMessage
    from hirocrm.organizations.models import Member
    from hirocrm.sandbox.server import SandboxServer

PAGE, INSTAGRAM = "110000000000088", "17841400000000088"


@pytest.fixture(scope="module")
def sandbox() -> "Iterator[SandboxServer]":
    from hirocrm.sandbox.server import SandboxServer

    with SandboxServer() as running:
        yield running


@dataclass
class Line:
    """A conversation that both sides know, and a worker's hands."""

    sandbox: "SandboxServer"
    owner: "Member"
    conversation: "Conversation"
    customer: str

    def send(self, text: str = "Hello!", **more: Any) -> "list[OutgoingMessage]":
        from hirocrm.inbox.services import send_message

        return send_message(
            member=more.pop("member", self.owner),
            conversation_id=self.conversation.pk,
            text=text,
            now=datetime.now(UTC),
            **more,
        )

    def work(self) -> None:
        """What a worker does with the conversation's jobs."""
        from hirocrm.inbox.delivery import send_queued

        asyncio.run(send_queued(self.conversation.pk))

    def look(self, row: "OutgoingMessage") -> None:
        from hirocrm.inbox.delivery import look_for

        asyncio.run(look_for(row.pk))

    def sent(self) -> list[dict[str, Any]]:
        """What Meta was told to send."""
        return self.sandbox.graph.sent()

    def ago(self, row: "OutgoingMessage", **span: float) -> None:
        """Have the message been sent longer ago."""
        row.refresh_from_db()
        assert row.sending_at is not None
        row.sending_at -= timedelta(**span)
        row.save()


@pytest.fixture
def open_line(sandbox: "SandboxServer", owner: "Member", settings: Any) -> Any:
    """Makes a conversation, by platform and by how long ago the customer wrote."""
    from tests.factories import ContactFactory, ConversationFactory, PageFactory

    def opened(platform: str = "messenger", *, ago: str = "1h") -> Line:
        sandbox.control.reset(data=True)
        token = sandbox.graph.add_page(PAGE, "Shop", instagram_id=INSTAGRAM)
        settings.FACEBOOK_GRAPH_URL = sandbox.graph_url
        settings.FACEBOOK_APP_SECRET = sandbox.app_secret
        row = {"platform": platform, "ago": ago, "messages": [{"from": "customer", "text": "hm?"}]}
        body = {"page_id": PAGE, "rows": [row]}
        made = sandbox.control.ask("POST", "graph/conversations", body)
        page = PageFactory(
            organization=owner.organization,
            remote_id=PAGE,
            instagram_account_id=INSTAGRAM,
            access_token=token,
        )
        column = "messenger_psid" if platform == "messenger" else "instagram_sid"
        person = {"messenger_psid": None, column: made["customer_ids"][0]}
        wrote = datetime.now(UTC) - timedelta(hours=float(ago.removesuffix("h")))
        contact = ContactFactory(page=page, last_customer_message_at=wrote, **person)
        conversation = ConversationFactory(
            contact=contact,
            platform=platform,
            remote_id=made["ids"][0],
            last_message_at=wrote,
            last_customer_message_at=wrote,
        )
        return Line(sandbox, owner, conversation, made["customer_ids"][0])

    return opened
