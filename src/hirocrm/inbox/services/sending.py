"""Asking for a message to be sent: written down first, sent by a worker."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from hirocrm.contacts.models import Conversation, Message
from hirocrm.contacts.snapshots import MessageSource
from hirocrm.core import events, jobs
from hirocrm.core.ids import new_id
from hirocrm.core.platforms import Platform
from hirocrm.core.text import clean
from hirocrm.inbox import limits, queries
from hirocrm.inbox.errors import FileRefused, MessageInvalid, NotSendable
from hirocrm.inbox.models import OutgoingMessage, OutgoingState, Upload
from hirocrm.inbox.services.permission import check_may_send
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right

QUEUE = "inbox"
TASK = "inbox.send_queued"
PRIORITY = 10  # somebody waits for the answer
MAX_FILES = 10


@transaction.atomic
def send_message(
    *,
    member: Member,
    conversation_id: UUID,
    text: str = "",
    upload_ids: Sequence[UUID] = (),
    reply_to: str = "",
    client_key: UUID | None = None,
    now: datetime,
) -> list[OutgoingMessage]:
    """Queue a text, files, or both: the text first, each file a message of its own, long texts in parts.

    With `reply_to` (Meta's id of a message of this conversation) the first of them is shown as the answer to it.

    The same `client_key` again gives the messages that it made the first time. A member who acts through an
    API token is no person to Meta: their message never carries HUMAN_AGENT.

    Raises:
        ConversationNotFound: no such conversation here.
        FileRefused: the platform doesn't take one of the files.
        MessageInvalid: nothing to send, or too much, or an answer to what can't be answered.
        PageCannotSend: the Page isn't connected.
        UploadNotFound: no such file here.
        WindowClosed: Meta lets nobody write to this customer now.
    """
    permissions.require(member, Right.WORK)
    conversation = queries.get_conversation(member=member, conversation_id=conversation_id)
    key = client_key or new_id()
    if client_key is not None and (made := _made_before(conversation, key)):
        return made
    check_may_send(conversation, by_person=is_person(member), now=now)
    platform = Platform(conversation.platform)
    answered = _answered(conversation, reply_to) if reply_to else ""
    rows = [
        OutgoingMessage(
            organization_id=conversation.organization_id,
            page_id=conversation.page_id,
            conversation=conversation,
            author_id=member.user_id,
            by_person=is_person(member),
            client_key=key,
            part=part,
            text=text_or_upload if isinstance(text_or_upload, str) else "",
            upload=text_or_upload if isinstance(text_or_upload, Upload) else None,
            reply_to="" if part else answered,
            created_at=now,
        )
        for part, text_or_upload in enumerate(
            [*_texts(text, platform), *_uploads(member, upload_ids, platform)]
        )
    ]
    if not rows:
        raise MessageInvalid("Write something or add a file.", field="text")
    return _save(conversation, rows, now)


def is_answerable(message: Message) -> bool:
    """Whether Meta knows the message (archives and old button taps have ids of our own), and we what it says."""
    is_ours = message.source == MessageSource.IMPORT or message.remote_id.startswith("postback:")
    return message.deleted_time is None and message.expired_at is None and not is_ours


def _answered(conversation: Conversation, remote_id: str) -> str:
    same = conversation.messages.filter(remote_id=remote_id)
    found = same.first() if clean(remote_id) == remote_id else None
    if found is None or not is_answerable(found):
        raise MessageInvalid("This message can't be answered in particular.", field="replyTo")
    return found.remote_id


@transaction.atomic
def send_again(*, member: Member, outgoing_id: UUID, now: datetime) -> OutgoingMessage:
    """Queue a message that wasn't sent, with what it held back.

    Raises:
        NotSendable: it is on its way, was sent, or nobody knows yet whether it was.
        OutgoingNotFound: no such message here.
        PageCannotSend: the Page isn't connected.
        WindowClosed: Meta lets nobody write to this customer now.
    """
    permissions.require(member, Right.WORK)
    row = queries.get_outgoing(member=member, outgoing_id=outgoing_id, for_update=True)
    if row.state != OutgoingState.FAILED:
        raise NotSendable(_WHY_NOT[row.state])
    conversation = queries.get_conversation(member=member, conversation_id=row.conversation_id)
    check_may_send(conversation, by_person=is_person(member), now=now)
    _failed_from(row).update(
        state=OutgoingState.QUEUED,
        by_person=is_person(member),
        error="",
        error_code="",
        wait_until=None,
        attempts=0,
    )
    _wake(conversation)
    return queries.get_outgoing(member=member, outgoing_id=outgoing_id)


@transaction.atomic
def discard(*, member: Member, outgoing_id: UUID) -> None:
    """Forget a message that wasn't sent.

    Raises:
        NotSendable: it is on its way, was sent, or nobody knows yet whether it was.
        OutgoingNotFound: no such message here.
    """
    permissions.require(member, Right.WORK)
    row = queries.get_outgoing(member=member, outgoing_id=outgoing_id, for_update=True)
    if row.state not in {OutgoingState.FAILED, OutgoingState.QUEUED}:
        raise NotSendable(_WHY_NOT[row.state])
    conversation = row.conversation
    row.delete()
    tell(conversation)


def is_person(member: Member) -> bool:
    """Whether somebody signed in acts, and not a program with an API token."""
    return member.token_scopes is None


def queue_sending(conversation_id: UUID, organization_id: UUID) -> None:
    """Have a worker send what is queued in a conversation, one after the other."""
    jobs.defer(
        TASK,
        queue=QUEUE,
        lock=f"inbox:{conversation_id}",
        priority=PRIORITY,
        organization_id=str(organization_id),
        conversation_id=str(conversation_id),
    )


def tell(conversation: Conversation) -> None:
    """Tell live pages that something about this conversation changed."""
    events.publish(
        organization_id=conversation.organization_id,
        kind="conversation.changed",
        conversation=conversation.pk,
        contact=conversation.contact_id,
    )


_WHY_NOT: dict[str, str] = {
    OutgoingState.QUEUED: "This message is about to be sent.",
    OutgoingState.SENDING: "This message is being sent.",
    OutgoingState.SENT: "This message was sent.",
    OutgoingState.UNKNOWN: "HiroCRM is checking whether this message arrived. Wait for the result, so that the customer doesn't get it twice.",
}


def _made_before(conversation: Conversation, key: UUID) -> list[OutgoingMessage]:
    return list(
        OutgoingMessage.objects.filter(
            organization_id=conversation.organization_id, conversation=conversation, client_key=key
        ).order_by("part")
    )


def _texts(text: str, platform: Platform) -> list[str]:
    parts = limits.split_text(clean(text), platform)
    if len(parts) > limits.MAX_PARTS:
        raise MessageInvalid(
            f"This text is too long: it would be {len(parts)} messages, and {limits.MAX_PARTS} are the most.",
            field="text",
        )
    return parts


def _uploads(member: Member, upload_ids: Sequence[UUID], platform: Platform) -> list[Upload]:
    if len(upload_ids) > MAX_FILES:
        raise MessageInvalid(f"At most {MAX_FILES} files at once.", field="files")
    found = [queries.get_upload(member=member, upload_id=one) for one in upload_ids]
    for upload in found:
        problem = limits.file_problem(
            content_type=upload.content_type, size=upload.size, platform=platform
        )
        if problem:
            raise FileRefused(f"{upload.name}: {problem}", field="files")
    return found


def _save(
    conversation: Conversation, rows: list[OutgoingMessage], now: datetime
) -> list[OutgoingMessage]:
    try:
        with transaction.atomic():
            OutgoingMessage.objects.bulk_create(rows)
    except IntegrityError as exc:  # the same form at the same moment: the other one won
        made = _made_before(conversation, rows[0].client_key)
        if not made:
            raise NotSendable("This form was used for another message. Reload the page.") from exc
        return made
    Conversation.objects.filter(pk=conversation.pk).update(seen_at=now)
    _wake(conversation)
    return rows


def _failed_from(row: OutgoingMessage) -> QuerySet[OutgoingMessage]:
    """The message and the later parts of the same submission that it held back."""
    return OutgoingMessage.objects.filter(
        organization_id=row.organization_id,
        client_key=row.client_key,
        part__gte=row.part,
        state=OutgoingState.FAILED,
    )


def _wake(conversation: Conversation) -> None:
    queue_sending(conversation.pk, conversation.organization_id)
    tell(conversation)
