"""Pages, conversations and messages as the sandbox keeps them. Times are Unix milliseconds."""

from dataclasses import dataclass, field
from typing import Any

CUSTOMER, BUSINESS = "customer", "business"
MESSENGER, INSTAGRAM = "messenger", "instagram"


@dataclass(slots=True)
class Message:
    """One message.

    `extras` are Graph fields beyond the text, ready to send: attachments, sticker, shares, story,
    reactions, reply_to, is_unsupported.
    """

    id: str
    sender: str
    text: str
    created_ms: int
    extras: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Conversation:
    """One person's thread with one Page. `messages` are oldest first.

    `name` may be empty: Meta hides some people's. On Instagram only `username` is shown.
    """

    id: str
    page_id: str
    platform: str
    customer_id: str
    name: str
    username: str
    messages: list[Message]
    updated_ms: int
    unread: int = 0

    def last_from_customer_ms(self) -> int:
        """When the customer last wrote: what opens the sending window. 0: never."""
        return max((m.created_ms for m in self.messages if m.sender == CUSTOMER), default=0)


@dataclass(slots=True)
class Page:
    """A Facebook Page, perhaps with a linked Instagram account."""

    id: str
    name: str
    category: str = "Shopping & Retail"
    instagram_id: str = ""
    instagram_username: str = ""
    tasks: tuple[str, ...] = (
        "ANALYZE",
        "ADVERTISE",
        "MESSAGING",
        "MODERATE",
        "CREATE_CONTENT",
        "MANAGE",
    )
    subscribed_fields: tuple[str, ...] = ()
    instagram_subscribed_fields: tuple[str, ...] = ()  # of an app of Instagram Login
    dies_after: int | None = None  # conversations still served before the Page's tokens die
    dies_with: int | None = 463

    def business_id(self, platform: str) -> str:
        """The Page's own id as a participant on a platform."""
        return self.instagram_id if platform == INSTAGRAM else self.id
