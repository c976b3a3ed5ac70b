"""Sending what is queued in a conversation through the Graph API, one message after the other.

Runs in a worker that holds the conversation's job lock. See `services.delivery` for why nothing is
ever sent twice by itself.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from hirocrm.contacts.models import Conversation
from hirocrm.contacts.snapshots import AttachmentSnapshot
from hirocrm.contacts.threads import stand_in_id
from hirocrm.core import clock
from hirocrm.core.platforms import Platform
from hirocrm.core.threads import in_thread
from hirocrm.inbox.models import OutgoingMessage, OutgoingState, Upload
from hirocrm.inbox.services import delivery, settling
from hirocrm.inbox.services.delivery import Attempt
from hirocrm.meta import connections, health
from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.graph.errors import (
    GraphConversationBusy,
    GraphError,
    GraphMalformed,
    GraphRateLimited,
    GraphUnavailable,
)
from hirocrm.meta.graph.fields import NEWEST_MESSAGES
from hirocrm.meta.graph.shapes import Attachment, Message
from hirocrm.meta.models import Flavour, Page

log = structlog.get_logger(__name__)

DEFAULT_WAIT_SECONDS = 60.0
LAST_LOOK = timedelta(minutes=5)  # after this, what Meta doesn't show didn't arrive
GIVE_UP_LOOKING = timedelta(days=2)
LOOK_AGAIN = timedelta(minutes=4)
NOT_ARRIVED = (
    "Meta doesn't show this message in the conversation: it didn't arrive. You can send it again."
)
NEVER_SEEN = "HiroCRM couldn't find out whether this message arrived. Look at the conversation before sending it again."


async def send_queued(conversation_id: UUID) -> None:
    """Send what is queued in a conversation, oldest first.

    Raises:
        UpstreamError: Meta asked for patience or couldn't be reached; what is left stays queued.
    """
    await in_thread(delivery.note_interrupted, conversation_id=conversation_id, now=clock.now())
    while True:
        attempt = await in_thread(
            delivery.begin_next, conversation_id=conversation_id, now=clock.now()
        )
        if attempt is None:
            return
        try:
            async with connections.open_graph(attempt.page) as graph:
                if attempt.upload_id is not None:
                    await _hand_over(graph, attempt, attempt.upload_id)
                else:
                    await _send(graph, attempt)
        except OutgoingMessage.DoesNotExist:
            _note_gone(attempt.outgoing_id)


def _note_gone(outgoing_id: UUID) -> None:
    """The message was erased with its contact, or discarded, while Meta was asked: nothing is left to note."""
    log.info("outgoing_message.gone", outgoing_id=str(outgoing_id))


async def _hand_over(graph: GraphClient, attempt: Attempt, upload_id: UUID) -> None:
    """Give Meta the file. Nobody receives it yet, so any fault may be tried again."""
    upload = await in_thread(Upload.objects.get, pk=upload_id)
    if upload.content is None:
        await _failed(attempt, "file_gone", "The file isn't kept any more. Add it again.")
        return
    try:
        attachment_id = await graph.upload_attachment(
            sender_id(attempt.page),
            attempt.platform,
            kind=upload.kind,
            name=upload.name,
            content=bytes(upload.content),
            content_type=upload.content_type,
        )
    except GraphError as error:
        await _refused(attempt, error)
    else:
        await in_thread(
            delivery.save_attachment_id,
            outgoing_id=attempt.outgoing_id,
            attachment_id=attachment_id,
        )


async def _send(graph: GraphClient, attempt: Attempt) -> None:
    payload = {"type": attempt.kind, "payload": {"attachment_id": attempt.attachment_id}}
    try:
        sent = await graph.send_message(
            sender_id(attempt.page),
            attempt.recipient_id,
            text=attempt.text or None,
            attachment=None if attempt.text else payload,
            messaging_type=_messaging_type(attempt),
            tag=attempt.tag or None,
            metadata=attempt.metadata,
            reply_to=attempt.reply_to or None,
        )
    except GraphError as error:
        if error.outcome_unknown or isinstance(error, GraphMalformed):
            await _unknown(attempt, error)
        else:
            await _refused(attempt, error)
        return
    now = clock.now()
    await in_thread(
        delivery.record_sent,
        outgoing_id=attempt.outgoing_id,
        remote_id=sent.message_id,
        at=now,
        now=now,
    )
    log.info("outgoing_message.sent", outgoing_id=str(attempt.outgoing_id), tag=attempt.tag)


def _messaging_type(attempt: Attempt) -> str | None:
    """Instagram Login knows no RESPONSE: an answer there just is one."""
    if attempt.tag:
        return "MESSAGE_TAG"
    return None if attempt.page.flavour == Flavour.INSTAGRAM else "RESPONSE"


def sender_id(page: Page) -> str:
    """The id that the Page's account sends under."""
    return page.remote_id or page.instagram_account_id or "me"


async def _unknown(attempt: Attempt, error: GraphError) -> None:
    log.warning("outgoing_message.unknown", outgoing_id=str(attempt.outgoing_id), code=error.code)
    await in_thread(
        delivery.record_unknown,
        outgoing_id=attempt.outgoing_id,
        code=error.code,
        now=clock.now(),
    )


async def _refused(attempt: Attempt, error: GraphError) -> None:
    """Meta certainly didn't take it: wait, try again, or let a person decide.

    Raises:
        UpstreamError: to be tried again later.
    """
    await in_thread(health.note_trouble, page=attempt.page, error=error, now=clock.now())
    if isinstance(error, GraphConversationBusy):
        await in_thread(
            delivery.record_busy,
            outgoing_id=attempt.outgoing_id,
            reason=error.sentence,
            now=clock.now(),
        )
        return
    if isinstance(error, (GraphRateLimited, GraphUnavailable)):
        if await _put_off(attempt, error):
            raise error
        return
    log.info(
        "outgoing_message.refused",
        outgoing_id=str(attempt.outgoing_id),
        code=error.code,
        remote_code=error.remote_code,
        remote_subcode=error.remote_subcode,
    )
    await _failed(attempt, error.code, error.sentence)


async def _put_off(attempt: Attempt, error: GraphRateLimited | GraphUnavailable) -> bool:
    until: datetime | None = None
    if isinstance(error, GraphRateLimited):
        error.retry_after_seconds = error.retry_after_seconds or DEFAULT_WAIT_SECONDS
        until = clock.now() + timedelta(seconds=error.retry_after_seconds)
    return await in_thread(
        delivery.record_put_off,
        outgoing_id=attempt.outgoing_id,
        code=error.code,
        reason=error.sentence,
        until=until,
        now=clock.now(),
    )


async def _failed(attempt: Attempt, code: str, reason: str) -> None:
    await in_thread(
        delivery.record_failed,
        outgoing_id=attempt.outgoing_id,
        code=code,
        reason=reason,
        now=clock.now(),
    )


async def look_for(outgoing_id: UUID) -> None:
    """Look into the conversation at Meta for a message of which nobody knows whether it arrived."""
    try:
        await _look_for(outgoing_id)
    except OutgoingMessage.DoesNotExist:
        _note_gone(outgoing_id)


async def _look_for(outgoing_id: UUID) -> None:
    row = await in_thread(_unsettled, outgoing_id)
    if row is None or row.sending_at is None:
        return
    asked_at = clock.now()
    try:
        found = await _find(row)
    except GraphError as error:
        log.info("outgoing_message.look_failed", outgoing_id=str(outgoing_id), code=error.code)
        page = row.conversation.page
        await in_thread(health.note_trouble, page=page, error=error, now=asked_at)
        await in_thread(_look_again, row, asked_at)
        return
    if found is not None:
        await in_thread(
            delivery.record_sent,
            outgoing_id=outgoing_id,
            remote_id=found.remote_id,
            at=found.created_at,
            now=asked_at,
        )
    elif asked_at - row.sending_at >= LAST_LOOK:
        await in_thread(_not_arrived, outgoing_id, NOT_ARRIVED, asked_at)
    else:
        await in_thread(delivery.look_later, row, asked_at + LOOK_AGAIN)


def _unsettled(outgoing_id: UUID) -> OutgoingMessage | None:
    return (
        OutgoingMessage.objects.filter(pk=outgoing_id, state=OutgoingState.UNKNOWN)
        .select_related("conversation__contact", "conversation__page", "upload")
        .defer("upload__content")
        .first()
    )


async def _find(row: OutgoingMessage) -> settling.Echo | None:
    conversation = row.conversation
    platform = Platform(conversation.platform)
    person = delivery.person_of(conversation.contact, platform)
    async with connections.open_graph(conversation.page) as graph:
        messages = await _newest(graph, conversation, platform, person)
    echoes = [
        settling.Echo(
            remote_id=message.id,
            recipient_id=person,
            created_at=message.created_time,
            text=message.message,
            attachments=tuple(map(_attachment, message.attachments)),
        )
        for message in messages
        if message.created_time and message.sender and message.sender.id != person
    ]
    return await in_thread(settling.find_unclaimed, row, echoes)


async def _newest(
    graph: GraphClient, conversation: Conversation, platform: Platform, person: str
) -> Sequence[Message]:
    """The conversation's newest messages; one that only webhooks have told of is found by whose it is."""
    if conversation.remote_id != stand_in_id(platform, person):
        listing = await graph.list_messages(conversation.remote_id, platform, limit=NEWEST_MESSAGES)
        return listing.items
    found = await graph.list_conversations(
        sender_id(conversation.page), platform, limit=1, user_id=person
    )
    edges = [one.messages for one in found.items if one.messages is not None]
    return [message for edge in edges for message in edge.data]


def _attachment(found: Attachment) -> AttachmentSnapshot:
    kind = "file"
    if found.image_data is not None:
        kind = "image"
    elif found.video_data is not None:
        kind = "video"
    elif (found.mime_type or "").startswith("audio"):
        kind = "audio"
    return AttachmentSnapshot(kind)


def _look_again(row: OutgoingMessage, now: datetime) -> None:
    if row.sending_at is not None and now - row.sending_at >= GIVE_UP_LOOKING:
        _not_arrived(row.pk, NEVER_SEEN, now)
    else:
        delivery.look_later(row, now + LOOK_AGAIN)


def _not_arrived(outgoing_id: UUID, reason: str, now: datetime) -> None:
    delivery.record_failed(
        outgoing_id=outgoing_id, code=settling.NOT_ARRIVED, reason=reason, now=now
    )
