"""The worker's side of sending: take the next message, and note what came of it.

A message goes to Meta only between `begin_next`, which commits "sending", and `record_…`. Whoever finds a
message in "sending" without a worker at it can't know whether Meta has it, so it becomes "unknown", never
"queued": nothing is sent twice by itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from hirocrm.contacts.ingest import ingest
from hirocrm.contacts.models import Contact, Conversation, Message
from hirocrm.contacts.snapshots import (
    AttachmentSnapshot,
    ConversationSnapshot,
    MessageSnapshot,
    MessageSource,
    ParticipantSnapshot,
    Sender,
)
from hirocrm.core import jobs
from hirocrm.core.errors import HiroError
from hirocrm.core.platforms import Platform
from hirocrm.inbox.models import OutgoingMessage, OutgoingState
from hirocrm.inbox.services.permission import check_may_send
from hirocrm.inbox.services.sending import QUEUE, TASK, tell
from hirocrm.inbox.services.settling import mark_sent, metadata_of
from hirocrm.meta.graph.errors import GraphConversationBusy
from hirocrm.meta.models import Page

MAX_ATTEMPTS = 8  # while Meta can't be reached; a rate limit doesn't count
FIRST_LOOK = timedelta(seconds=60)
BUSY_WAIT = timedelta(minutes=3)  # Meta's documentation says "minutes"
BUSY_TRIES = 8  # then a person decides; within Meta's window all the while
STILL_BUSY = "Messenger's automated answers are still at work in this conversation. Send the message again when they have ended, or answer in Meta's own inbox."
HELD_BACK = "held_back"
INTERRUPTED = "HiroCRM was stopped while it sent this message, and is checking whether it arrived."
CHECKING = "Meta didn't say whether it took this message. HiroCRM is checking whether it arrived."


@dataclass(frozen=True, slots=True)
class Attempt:
    """One message to send now. `upload_id`: its file must be handed to Meta first; nothing is sent yet."""

    outgoing_id: UUID
    page: Page
    platform: Platform
    recipient_id: str
    text: str
    attachment_id: str
    kind: str
    tag: str
    metadata: str
    reply_to: str
    upload_id: UUID | None = None


@transaction.atomic
def note_interrupted(*, conversation_id: UUID, now: datetime) -> None:
    """Messages that a dead worker was sending: nobody knows whether they arrived.

    Call it only while holding the conversation's job lock, so that no living worker is at one.
    """
    rows = OutgoingMessage.objects.select_for_update().filter(
        conversation_id=conversation_id, state=OutgoingState.SENDING
    )
    for row in rows:
        _mark_unknown(row, "interrupted", INTERRUPTED, now)


@transaction.atomic
def begin_next(*, conversation_id: UUID, now: datetime) -> Attempt | None:
    """The conversation's next message, noted as being sent; None: nothing to do, or it waits for another.

    With a file that Meta doesn't have yet, it stays queued: hand over the file and call again.
    """
    for row in _queued(conversation_id):
        waits = _waits_for_earlier_part(row)
        if waits is None:
            _mark_failed(row, HELD_BACK, "The part before this one wasn't sent.", now)
        elif waits or _rests(row, now):
            return None
        else:
            attempt = _begin(row, now)
            if attempt is not None:
                return attempt
    return None


def _queued(conversation_id: UUID) -> list[OutgoingMessage]:
    return list(
        OutgoingMessage.objects.select_for_update(of=("self",))
        .filter(conversation_id=conversation_id, state=OutgoingState.QUEUED)
        .select_related("conversation__contact", "conversation__page", "upload")
        .defer("upload__content")
        .order_by("created_at", "client_key", "part")
    )


def _waits_for_earlier_part(row: OutgoingMessage) -> bool | None:
    """Whether an earlier part of the same submission must be sent first; None: it failed."""
    states = set(
        OutgoingMessage.objects.filter(
            organization_id=row.organization_id, client_key=row.client_key, part__lt=row.part
        ).values_list("state", flat=True)
    )
    if OutgoingState.FAILED in states:
        return None
    return bool(states - {OutgoingState.SENT})


def _rests(row: OutgoingMessage, now: datetime) -> bool:
    """Whether Meta wouldn't take the message yet, nor those behind it; a job is there when its time has come."""
    if row.error_code != GraphConversationBusy.code or row.wait_until is None:
        return False
    if row.wait_until <= now:
        return False
    _send_later(row, row.wait_until)
    return True


def _send_later(row: OutgoingMessage, at: datetime) -> None:
    jobs.defer_once(
        TASK,
        key=f"inbox.rests:{row.conversation_id}",
        queue=QUEUE,
        lock=f"inbox:{row.conversation_id}",
        schedule_at=at,
        organization_id=str(row.organization_id),
        conversation_id=str(row.conversation_id),
    )


def _begin(row: OutgoingMessage, now: datetime) -> Attempt | None:
    conversation = row.conversation
    try:
        tag = check_may_send(conversation, by_person=row.by_person, now=now)
    except HiroError as refusal:
        _mark_failed(row, refusal.code, refusal.sentence, now)
        return None
    if row.upload_id and not row.attachment_id:
        return _attempt(row, tag, upload_id=row.upload_id)
    row.state, row.sending_at, row.tag = OutgoingState.SENDING, now, tag
    row.attempts += 1
    row.wait_until = None
    row.save(update_fields=["state", "sending_at", "tag", "attempts", "wait_until"])
    tell(conversation)
    return _attempt(row, tag)


def _attempt(row: OutgoingMessage, tag: str, upload_id: UUID | None = None) -> Attempt:
    platform = Platform(row.conversation.platform)
    return Attempt(
        outgoing_id=row.pk,
        page=row.conversation.page,
        platform=platform,
        recipient_id=person_of(row.conversation.contact, platform),
        text=row.text,
        attachment_id=row.attachment_id,
        kind=row.upload.kind if row.upload else "",
        tag=tag,
        metadata=metadata_of(row),
        reply_to=row.reply_to,
        upload_id=upload_id,
    )


def person_of(contact: Contact, platform: Platform) -> str:
    """The customer's id on a platform."""
    is_instagram = platform is Platform.INSTAGRAM
    return (contact.instagram_sid if is_instagram else contact.messenger_psid) or ""


@transaction.atomic
def save_attachment_id(*, outgoing_id: UUID, attachment_id: str) -> None:
    """Note Meta's id of the message's file."""
    OutgoingMessage.objects.filter(pk=outgoing_id).update(attachment_id=attachment_id)


@transaction.atomic
def record_sent(*, outgoing_id: UUID, remote_id: str, at: datetime, now: datetime) -> None:
    """Meta has the message: it joins the conversation, whichever of its echo and this came first."""
    row = _with_conversation(outgoing_id)
    ingest(
        page=row.conversation.page,
        snapshots=[_snapshot(row, remote_id, at)],
        source=MessageSource.SENT,
        now=now,
    )
    message = Message.objects.filter(page_id=row.page_id, remote_id=remote_id).first()
    row = OutgoingMessage.objects.select_for_update().get(pk=outgoing_id)
    mark_sent(row, remote_id=remote_id, message=message, now=now)


def _with_conversation(outgoing_id: UUID) -> OutgoingMessage:
    return (
        OutgoingMessage.objects.select_related(
            "conversation__contact", "conversation__page", "upload"
        )
        .defer("upload__content", "conversation__contact__search")
        .get(pk=outgoing_id)
    )


def _snapshot(row: OutgoingMessage, remote_id: str, at: datetime) -> ConversationSnapshot:
    conversation = row.conversation
    platform = Platform(conversation.platform)
    attachments = (
        (AttachmentSnapshot(row.upload.kind, title=row.upload.name),) if row.upload else ()
    )
    message = MessageSnapshot(
        remote_id, Sender.BUSINESS, at, text=row.text or None, attachments=attachments,
        reply_to=row.reply_to or None,
    )  # fmt: skip
    person = ParticipantSnapshot(person_of(conversation.contact, platform))
    return ConversationSnapshot(platform, conversation.remote_id, person, (message,), at)


@transaction.atomic
def record_failed(*, outgoing_id: UUID, code: str, reason: str, now: datetime) -> None:
    """Meta said no, for good: a person decides whether to try again."""
    row = OutgoingMessage.objects.select_for_update().get(pk=outgoing_id)
    if row.state in {OutgoingState.SENDING, OutgoingState.UNKNOWN, OutgoingState.QUEUED}:
        _mark_failed(row, code, reason, now)


@transaction.atomic
def record_unknown(*, outgoing_id: UUID, code: str, now: datetime) -> None:
    """Nobody knows whether Meta has the message: an echo, a sync or a look will tell."""
    row = OutgoingMessage.objects.select_for_update().get(pk=outgoing_id)
    if row.state == OutgoingState.SENDING:
        _mark_unknown(row, code, CHECKING, now)


@transaction.atomic
def record_put_off(
    *, outgoing_id: UUID, code: str, reason: str, until: datetime | None, now: datetime
) -> bool:
    """Meta certainly didn't take it and asks for patience; False: it was tried often enough, and failed."""
    row = OutgoingMessage.objects.select_for_update().get(pk=outgoing_id)
    if row.state not in {OutgoingState.SENDING, OutgoingState.QUEUED}:
        return False
    if until is None and row.attempts >= MAX_ATTEMPTS:
        _mark_failed(row, code, reason, now)
        return False
    row.state, row.error_code, row.error = OutgoingState.QUEUED, code, reason
    row.wait_until = until
    if until is not None:
        row.attempts = max(0, row.attempts - 1)
    row.save(update_fields=["state", "error_code", "error", "wait_until", "attempts"])
    tell(row.conversation)
    return True


@transaction.atomic
def record_busy(*, outgoing_id: UUID, reason: str, now: datetime) -> None:
    """Meta certainly didn't take it, and may in some minutes: it is sent again by itself then, a few times."""
    row = OutgoingMessage.objects.select_for_update().get(pk=outgoing_id)
    if row.state not in {OutgoingState.SENDING, OutgoingState.QUEUED}:
        return
    if row.state == OutgoingState.QUEUED:  # its file was to be handed over: no attempt was counted
        row.attempts += 1
    if row.attempts >= BUSY_TRIES:
        _mark_failed(row, GraphConversationBusy.code, STILL_BUSY, now)
        return
    row.state, row.error_code, row.error = OutgoingState.QUEUED, GraphConversationBusy.code, reason
    row.wait_until = now + BUSY_WAIT
    row.save(update_fields=["state", "error_code", "error", "wait_until", "attempts"])
    _send_later(row, row.wait_until)
    tell(row.conversation)


def _mark_failed(row: OutgoingMessage, code: str, reason: str, now: datetime) -> None:
    row.state, row.error_code, row.error = OutgoingState.FAILED, code, reason
    row.settled_at, row.wait_until = now, None
    row.save(update_fields=["state", "error_code", "error", "settled_at", "wait_until"])
    tell(row.conversation)


def _mark_unknown(row: OutgoingMessage, code: str, reason: str, now: datetime) -> None:
    row.state, row.error_code, row.error = OutgoingState.UNKNOWN, code, reason
    row.save(update_fields=["state", "error_code", "error"])
    look_later(row, now + FIRST_LOOK)
    tell(row.conversation)


def look_later(row: OutgoingMessage, at: datetime) -> None:
    """Look into the conversation at Meta, in case no echo comes."""
    jobs.defer_once(
        "inbox.look_for",
        key=f"inbox.look_for:{row.pk}",
        queue=QUEUE,
        schedule_at=at,
        organization_id=str(row.organization_id),
        outgoing_id=str(row.pk),
    )


def conversation_of(outgoing_id: UUID) -> Conversation:
    """The conversation of an outgoing message, with its Page and contact."""
    return _with_conversation(outgoing_id).conversation
