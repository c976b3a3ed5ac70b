"""Everything Meta knows in this sandbox: Pages, their shelves, tokens, and settings."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from hirocrm.sandbox.graph.shapes import (
    INSTAGRAM,
    MESSENGER,
    Conversation,
    Message,
    Page,
)
from hirocrm.sandbox.graph.shelf import Shelf, message_id
from hirocrm.sandbox.graph.tokens import TokenBook
from hirocrm.sandbox.graph.webhooks import message_event

T = TypeVar("T")


class Deliver(Protocol):
    """Sends an event to the app, signed with its own secret or with that of its Instagram product."""

    def __call__(self, event: dict[str, Any], *, by_instagram: bool) -> None:
        """Send it in the background."""


def now_ms() -> int:
    """This moment in Unix milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass
class GraphSettings:
    """What a test may change about Meta. `usage` holds header figures by account id, "app" among them."""

    details_limit: int = 20  # messages of a thread whose details are given; 0: all
    newest_version: str = "v26.0"
    oldest_version: str = "v21.0"
    usage: dict[str, dict[str, Any]] = field(default_factory=dict)
    default_limit: int = 25
    max_limit: int = 0  # "reduce the amount of data" above it; 0: never
    webhook_url: str = ""
    window_hours: float = 24


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that an app handed over to send it later."""

    page_id: str
    kind: str
    name: str
    size: int


class World:
    """Pages with their conversations, and the tokens that open them."""

    def __init__(self) -> None:
        self.settings = GraphSettings()
        self.tokens = TokenBook()
        self.pages: dict[str, Page] = {}
        self.shelves: dict[tuple[str, str], Shelf] = {}
        self.sent: list[dict[str, Any]] = []
        self.uploads: dict[str, Upload] = {}
        self.deliver: Deliver | None = None

    def add_page(self, page: Page, *, token: str = "") -> str:
        """Add a Page; its access token."""
        self.pages[page.id] = page
        self.shelves[page.id, MESSENGER] = Shelf(page.id, MESSENGER)
        if page.instagram_id:
            self.shelves[page.id, INSTAGRAM] = Shelf(page.id, INSTAGRAM)
        return self.tokens.issue(
            "PAGE", page_id=page.id, value=token or f"EAASANDBOXPAGE{page.id}"
        ).value

    def page_of(self, object_id: str) -> Page | None:
        """The Page with this id, or whose Instagram account has it."""
        page = self.pages.get(object_id)
        if page is None:
            page = next((p for p in self.pages.values() if p.instagram_id == object_id), None)
        return page

    def shelves_of(self, page_id: str) -> Iterator[Shelf]:
        """The Page's Messenger and Instagram shelves."""
        for platform in (MESSENGER, INSTAGRAM):
            if (page_id, platform) in self.shelves:
                yield self.shelves[page_id, platform]

    def find_conversation(self, page_id: str, conversation_id: str) -> Conversation | None:
        """One of the Page's threads."""
        return _first(shelf.find(conversation_id) for shelf in self.shelves_of(page_id))

    def find_customer(self, page_id: str, customer_id: str) -> Conversation | None:
        """The Page's thread with a person."""
        return _first(shelf.find_customer(customer_id) for shelf in self.shelves_of(page_id))

    def find_message(self, page_id: str, mid: str) -> tuple[Conversation, int] | None:
        """One of the Page's messages: its thread and its place there."""
        return _first(shelf.find_message(mid) for shelf in self.shelves_of(page_id))

    def add_message(
        self, conversation: Conversation, *, sender: str, text: str,
        extras: dict[str, Any] | None = None, created_ms: int | None = None,
    ) -> Message:  # fmt: skip
        """Add a message to a thread, which moves to the top of its list."""
        mid = message_id(conversation.id, 5000 + len(conversation.messages))
        message = Message(mid, sender, text, created_ms or now_ms(), extras or {})
        self.shelves[conversation.page_id, conversation.platform].append(conversation, message)
        return message

    def announce(
        self, page: Page, thread: Conversation, message: Message, *,
        metadata: str | None = None, is_echo: bool = False,
    ) -> None:  # fmt: skip
        """Tell the subscribed app of a message by webhook, if there is an address for it."""
        is_instagram = thread.platform == INSTAGRAM
        wanted = "message_echoes" if is_echo and not is_instagram else "messages"
        if self.deliver is None or not self.settings.webhook_url:
            return
        event = message_event(page, thread, message, app_id=self.tokens.app_id, metadata=metadata)
        if wanted in page.subscribed_fields:
            self.deliver(event, by_instagram=False)
        if is_instagram and wanted in page.instagram_subscribed_fields:
            self.deliver(event, by_instagram=True)


def _first(found: Iterator[T | None]) -> T | None:
    return next((item for item in found if item is not None), None)
