"""/api/conversations and what answers them."""

from typing import Any
from uuid import UUID

from ninja import File, Query, Status, UploadedFile

from hirocrm.api.auth import MemberRequest
from hirocrm.api.paging import NEWEST_FIRST, list_answer
from hirocrm.api.routes.contacts import MESSAGE_ORDER
from hirocrm.api.routes.router import Answer, created, new_router, no_content, refusals
from hirocrm.api.schemas.base import ListOf, Window
from hirocrm.api.schemas.contacts import MessageOut
from hirocrm.api.schemas.inbox import (
    ConversationOut,
    ConversationPatch,
    ConversationQuery,
    InboxSettingsIn,
    InboxSettingsOut,
    OutgoingOut,
    QuickReplyIn,
    QuickReplyOut,
    QuickReplyPatch,
    SendIn,
    UploadOut,
)
from hirocrm.contacts.models import Conversation
from hirocrm.core import clock
from hirocrm.core.errors import Invalid
from hirocrm.core.pagination import Order
from hirocrm.inbox import queries, services
from hirocrm.inbox.limits import FILE_BYTES

router = new_router("Inbox")
BY_SHORTCUT = (Order("shortcut"), Order("id"))


@router.get("/conversations", response=ListOf[ConversationOut], operation_id="list_conversations")
def list_conversations(request: MemberRequest, query: Query[ConversationQuery]) -> dict[str, Any]:
    """Conversations that meet all given conditions, the newest message first unless `sort` says otherwise."""
    now = clock.now()
    human = queries.uses_human_agent(request.auth.organization_id)
    rows = queries.list_conversations(member=request.auth, wanted=query.to_filter(), now=now)

    def present(row: Conversation) -> ConversationOut:
        window = queries.window_of(row, now, human_agent=human)
        return ConversationOut.of(row, window)

    return list_answer(rows, present, order=queries.SORTS[query.sort], window=query)


@router.get(
    "/conversations/{conversation_id}", response=ConversationOut, operation_id="get_conversation"
)
def get_conversation(request: MemberRequest, conversation_id: UUID) -> ConversationOut:
    """One conversation."""
    row = queries.get_conversation(member=request.auth, conversation_id=conversation_id)
    return _present(row)


@router.patch(
    "/conversations/{conversation_id}",
    response=ConversationOut,
    operation_id="update_conversation",
)
def update_conversation(
    request: MemberRequest, conversation_id: UUID, body: ConversationPatch
) -> ConversationOut:
    """Close or reopen it, mark it as read or unread, say whose it is (`assigneeId` null: nobody's)."""
    row = services.change_state(
        member=request.auth,
        conversation_id=conversation_id,
        changes=body.changes(),
        now=clock.now(),
    )
    return _present(row)


@router.get(
    "/conversations/{conversation_id}/messages",
    response=ListOf[MessageOut],
    operation_id="list_conversation_messages",
)
def list_conversation_messages(
    request: MemberRequest, conversation_id: UUID, window: Query[Window]
) -> dict[str, Any]:
    """The conversation's messages, newest first."""
    rows = queries.list_messages(member=request.auth, conversation_id=conversation_id)
    return list_answer(rows, MessageOut.of, order=MESSAGE_ORDER, window=window)


@router.post(
    "/conversations/{conversation_id}/messages",
    response={202: list[OutgoingOut], **refusals(409)},
    operation_id="send_message",
)
def send_message(request: MemberRequest, conversation_id: UUID, body: SendIn) -> Answer:
    """Have a message sent. It is written down and sent by a worker: ask for its state by its id.

    After 24 hours without a message of the customer only a signed-in person may answer; a request with an API
    token is refused (409, `window_closed`).
    """
    rows = services.send_message(
        member=request.auth,
        conversation_id=conversation_id,
        text=body.text,
        upload_ids=body.upload_ids,
        reply_to=body.reply_to,
        client_key=body.client_key,
        now=clock.now(),
    )
    return Status(202, [OutgoingOut.of(row) for row in rows])


@router.get(
    "/conversations/{conversation_id}/outgoing",
    response=ListOf[OutgoingOut],
    operation_id="list_outgoing_messages",
)
def list_outgoing(
    request: MemberRequest, conversation_id: UUID, window: Query[Window]
) -> dict[str, Any]:
    """What was sent from HiroCRM in the conversation, in whatever state, newest first."""
    queries.get_conversation(member=request.auth, conversation_id=conversation_id)
    rows = queries.list_outgoing(member=request.auth, conversation_id=conversation_id)
    return list_answer(rows, OutgoingOut.of, order=NEWEST_FIRST, window=window)


@router.get(
    "/outgoing-messages/{outgoing_id}", response=OutgoingOut, operation_id="get_outgoing_message"
)
def get_outgoing(request: MemberRequest, outgoing_id: UUID) -> OutgoingOut:
    """One message on its way."""
    return OutgoingOut.of(queries.get_outgoing(member=request.auth, outgoing_id=outgoing_id))


@router.post(
    "/outgoing-messages/{outgoing_id}/retry",
    response={200: OutgoingOut, **refusals(409)},
    operation_id="retry_outgoing_message",
)
def retry_outgoing(request: MemberRequest, outgoing_id: UUID) -> OutgoingOut:
    """Send a failed message again. One whose fate is unknown is refused (409) until that is known."""
    row = services.send_again(member=request.auth, outgoing_id=outgoing_id, now=clock.now())
    return OutgoingOut.of(row)


@router.delete(
    "/outgoing-messages/{outgoing_id}",
    response={204: None, **refusals(409)},
    operation_id="discard_outgoing_message",
)
def discard_outgoing(request: MemberRequest, outgoing_id: UUID) -> Answer:
    """Forget a message that wasn't sent."""
    services.discard(member=request.auth, outgoing_id=outgoing_id)
    return no_content()


@router.post("/uploads", response={201: UploadOut}, operation_id="upload_attachment")
def upload_attachment(request: MemberRequest, file: File[UploadedFile | None] = None) -> Answer:
    """Hand over a file to be sent: the form field `file`, at most 25 MB (pictures for Instagram 8 MB)."""
    content = b""
    if file is not None and (file.size or 0) > FILE_BYTES:
        raise Invalid("A file has at most 25 MB.", field="file")
    if file is not None:
        content = file.read()
    name = file.name if file is not None and file.name else "file"
    upload = services.save_upload(member=request.auth, name=name, content=content, now=clock.now())
    return created(UploadOut.of(upload))


@router.get("/quick-replies", response=ListOf[QuickReplyOut], operation_id="list_quick_replies")
def list_quick_replies(request: MemberRequest, window: Query[Window]) -> dict[str, Any]:
    """The organization's quick replies, by shortcut."""
    rows = queries.list_quick_replies(member=request.auth)
    return list_answer(rows, QuickReplyOut.of, order=BY_SHORTCUT, window=window)


@router.post(
    "/quick-replies",
    response={201: QuickReplyOut, **refusals(409)},
    operation_id="create_quick_reply",
)
def create_quick_reply(request: MemberRequest, body: QuickReplyIn) -> Answer:
    """Save a quick reply."""
    row = services.create_quick_reply(
        member=request.auth, shortcut=body.shortcut, text=body.text, now=clock.now()
    )
    return created(QuickReplyOut.of(row))


@router.patch(
    "/quick-replies/{reply_id}",
    response={200: QuickReplyOut, **refusals(409)},
    operation_id="update_quick_reply",
)
def update_quick_reply(
    request: MemberRequest, reply_id: UUID, body: QuickReplyPatch
) -> QuickReplyOut:
    """Change a quick reply."""
    row = services.update_quick_reply(
        member=request.auth, reply_id=reply_id, changes=body.changes()
    )
    return QuickReplyOut.of(row)


@router.delete("/quick-replies/{reply_id}", response={204: None}, operation_id="delete_quick_reply")
def delete_quick_reply(request: MemberRequest, reply_id: UUID) -> Answer:
    """Forget a quick reply."""
    services.delete_quick_reply(member=request.auth, reply_id=reply_id)
    return no_content()


@router.get("/inbox/settings", response=InboxSettingsOut, operation_id="get_inbox_settings")
def get_settings(request: MemberRequest) -> InboxSettingsOut:
    """How the organization answers."""
    return InboxSettingsOut(human_agent=queries.get_settings(member=request.auth).human_agent)


@router.put("/inbox/settings", response=InboxSettingsOut, operation_id="update_inbox_settings")
def update_settings(request: MemberRequest, body: InboxSettingsIn) -> InboxSettingsOut:
    """Say whether the Meta app has the Human Agent feature, without which nobody may answer after 24 hours."""
    row = services.update_settings(member=request.auth, human_agent=body.human_agent)
    return InboxSettingsOut(human_agent=row.human_agent)


def _present(row: Conversation) -> ConversationOut:
    human = queries.uses_human_agent(row.organization_id)
    window = queries.window_of(row, clock.now(), human_agent=human)
    return ConversationOut.of(row, window)
