"""Conversations, messages on their way, files and quick replies."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from hirocrm.api.schemas.base import ApiInput, ApiSchema, Window
from hirocrm.api.schemas.contacts import PlatformName
from hirocrm.contacts.models import Conversation
from hirocrm.inbox.models import OutgoingMessage, OutgoingState, QuickReply, Upload
from hirocrm.inbox.queries import Folder, InboxFilter
from hirocrm.inbox.windows import Window as SendingWindow
from hirocrm.inbox.windows import WindowState

ConversationSort = Literal["-lastMessage", "windowCloses"]


class WindowOut(ApiSchema):
    """What Meta lets the business send now: anything (`open`), what a person types (`human`), or nothing (`closed`)."""

    state: WindowState
    standard_until: Annotated[
        datetime | None,
        Field(
            description="24 hours after the customer last wrote, tapped a button, reacted or came back by a link."
        ),
    ]
    human_until: Annotated[
        datetime | None,
        Field(description="7 days after their last message; null without the Human Agent feature."),
    ]

    @classmethod
    def of(cls, window: SendingWindow) -> "WindowOut":
        """The window as JSON has it."""
        return cls(
            state=window.state,
            standard_until=window.standard_until,
            human_until=window.human_until,
        )


class ConversationOut(ApiSchema):
    """A thread between a contact and its Page."""

    id: UUID
    contact_id: UUID
    facebook_page_id: UUID
    platform: PlatformName
    last_message_at: datetime | None
    last_customer_message_at: datetime | None
    is_waiting: Annotated[bool, Field(description="The customer wrote last.")]
    is_unread: Annotated[
        bool, Field(description="The customer wrote last, and since a member last looked.")
    ]
    is_closed: Annotated[
        bool, Field(description="Put away, and the customer hasn't written since.")
    ]
    assignee_id: Annotated[UUID | None, Field(description="The member whose conversation it is.")]
    delivered_until: datetime | None
    read_until: datetime | None
    thread_owner: Annotated[
        str | None,
        Field(
            description="The app that owns the thread by Meta's handover protocol: its id, or `other` where "
            "Meta doesn't say; null: this HiroCRM's own. Meta may refuse what others send."
        ),
    ]
    window: WindowOut

    @classmethod
    def of(cls, row: Conversation, window: SendingWindow) -> "ConversationOut":
        """The row as JSON has it."""
        wrote, last = row.last_customer_message_at, row.last_message_at
        is_waiting = wrote is not None and (last is None or wrote >= last)
        seen, closed = row.seen_at, row.closed_at
        return cls(
            id=row.id,
            contact_id=row.contact_id,
            facebook_page_id=row.page_id,
            platform=row.platform,
            last_message_at=last,
            last_customer_message_at=wrote,
            is_waiting=is_waiting,
            is_unread=is_waiting and (seen is None or (wrote is not None and wrote > seen)),
            is_closed=closed is not None and (wrote is None or wrote <= closed),
            assignee_id=row.assignee_id,
            delivered_until=row.delivered_until,
            read_until=row.read_until,
            thread_owner=row.thread_owner or None,
            window=WindowOut.of(window),
        )


class ConversationQuery(Window):
    """Which conversations, in which order. `windowCloses` lists open windows only, the first to close first."""

    folder: Folder = Folder.ALL
    page_id: Annotated[
        str | None, Field(max_length=64, description="HiroCRM's id of the Page, or Facebook's.")
    ] = None
    platform: PlatformName | None = None
    contact_id: UUID | None = None
    window: WindowState | None = None
    q: Annotated[str | None, Field(max_length=200)] = None
    sort: ConversationSort = "-lastMessage"

    def to_filter(self) -> InboxFilter:
        """The same for the domain."""
        window = self.window
        if self.sort == "windowCloses":
            window = WindowState.OPEN
        return InboxFilter(
            folder=self.folder,
            page_id=self.page_id,
            platform=self.platform,
            contact_id=self.contact_id,
            window=window.value if window else None,
            q=self.q,
        )


class ConversationPatch(ApiInput):
    """What to change; a field that is left out stays as it is."""

    is_closed: bool | None = None
    is_unread: bool | None = None
    assignee_id: UUID | None = None


class SendIn(ApiInput):
    """What to send: a text, files, or both (each is a message of its own; a long text goes in parts)."""

    text: Annotated[str, Field(max_length=20_000)] = ""
    upload_ids: Annotated[list[UUID], Field(max_length=10)] = []
    reply_to: Annotated[
        str,
        Field(max_length=512, description="The `messageId` of the message this answers, if any."),
    ] = ""
    client_key: Annotated[
        UUID | None,
        Field(description="Yours to choose: the same key again sends nothing twice."),
    ] = None


class OutgoingOut(ApiSchema):
    """A message on its way. `unknown`: Meta may have it, and HiroCRM looks whether it does; it is never sent twice."""

    id: UUID
    conversation_id: UUID
    state: OutgoingState
    text: str | None
    upload_id: UUID | None
    reply_to: str | None
    tag: str | None
    error_code: str | None
    error: str | None
    wait_until: datetime | None
    message_id: Annotated[str | None, Field(description="Meta's id, once it was sent.")]
    user_id: UUID | None
    created_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, row: OutgoingMessage) -> "OutgoingOut":
        """The row as JSON has it."""
        return cls(
            id=row.id,
            conversation_id=row.conversation_id,
            state=OutgoingState(row.state),
            text=row.text or None,
            upload_id=row.upload_id,
            reply_to=row.reply_to or None,
            tag=row.tag or None,
            error_code=row.error_code or None,
            error=row.error or None,
            wait_until=row.wait_until,
            message_id=row.remote_id or None,
            user_id=row.author_id,
            created_at=row.created_at,
            settled_at=row.settled_at,
        )


class UploadOut(ApiSchema):
    """A file that can be sent by its id within two days."""

    id: UUID
    name: str
    content_type: str
    kind: Literal["image", "video", "audio", "file"]
    size: Annotated[int, Field(description="In bytes.")]

    @classmethod
    def of(cls, row: Upload) -> "UploadOut":
        """The row as JSON has it."""
        return cls(
            id=row.id,
            name=row.name,
            content_type=row.content_type,
            kind=row.kind,
            size=row.size,
        )


class QuickReplyOut(ApiSchema):
    """A text sent often. `{first_name}`, `{last_name}`, `{name}`, `{page_name}` and `{my_name}` are filled in by the inbox."""

    id: UUID
    shortcut: str
    text: str
    updated_at: datetime

    @classmethod
    def of(cls, row: QuickReply) -> "QuickReplyOut":
        """The row as JSON has it."""
        return cls(id=row.id, shortcut=row.shortcut, text=row.text, updated_at=row.updated_at)


class QuickReplyIn(ApiInput):
    """A new quick reply."""

    shortcut: Annotated[str, Field(min_length=1, max_length=33)]
    text: Annotated[str, Field(min_length=1, max_length=2000)]


class QuickReplyPatch(ApiInput):
    """What to change; a field that is left out stays as it is."""

    shortcut: Annotated[str, Field(min_length=1, max_length=33)] = ""
    text: Annotated[str, Field(min_length=1, max_length=2000)] = ""


class InboxSettingsOut(ApiSchema):
    """How the organization answers."""

    human_agent: Annotated[
        bool, Field(description="Whether the Meta app has the Human Agent feature.")
    ]


class InboxSettingsIn(ApiInput):
    """How the organization answers."""

    human_agent: bool
