"""Outgoing messages and the files they carry."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Prefetch, Q, QuerySet

from hirocrm.contacts.models import Contact, Conversation
from hirocrm.inbox.errors import OutgoingNotFound, UploadNotFound
from hirocrm.inbox.models import OutgoingMessage, OutgoingState, Upload
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right


def outgoing_of(conversation: Conversation) -> QuerySet[OutgoingMessage]:
    """What was sent from here in a conversation at hand, in no order."""
    return OutgoingMessage.objects.filter(
        organization_id=conversation.organization_id, conversation=conversation
    )


def list_outgoing(*, member: Member, conversation_id: UUID) -> QuerySet[OutgoingMessage]:
    """What was sent from here in a conversation, in no order."""
    permissions.require(member, Right.READ)
    return OutgoingMessage.objects.filter(
        organization_id=member.organization_id, conversation_id=conversation_id
    ).select_related("upload", "author")


def list_pending(contact: Contact) -> QuerySet[OutgoingMessage]:
    """What is on its way to a contact at hand, or failed to get there, oldest first."""
    return (
        OutgoingMessage.objects.filter(
            organization_id=contact.organization_id, conversation__contact_id=contact.id
        )
        .exclude(state=OutgoingState.SENT)
        .select_related("author", "upload", "conversation")
        .defer("upload__content")
        .order_by("created_at", "part", "id")
    )


def list_sent(contact: Contact, message_ids: Sequence[UUID]) -> QuerySet[OutgoingMessage]:
    """What was sent from here as these messages with a contact at hand; uploads know whether they are kept."""
    uploads = Upload.objects.defer("content").annotate(
        is_kept=ExpressionWrapper(Q(content__isnull=False), output_field=BooleanField())
    )
    return (
        OutgoingMessage.objects.filter(
            organization_id=contact.organization_id, message_id__in=message_ids
        )
        .select_related("author")
        .prefetch_related(Prefetch("upload", queryset=uploads))
    )


def get_outgoing(*, member: Member, outgoing_id: UUID, for_update: bool = False) -> OutgoingMessage:
    """One outgoing message.

    Raises:
        OutgoingNotFound: no such message in the member's organization.
    """
    permissions.require(member, Right.READ)
    rows = OutgoingMessage.objects.filter(organization_id=member.organization_id, id=outgoing_id)
    found = (rows.select_for_update() if for_update else rows).first()
    if found is None:
        raise OutgoingNotFound("There is no such outgoing message.")
    return found


def get_upload(*, member: Member, upload_id: UUID) -> Upload:
    """One uploaded file, without its content.

    Raises:
        UploadNotFound: no such file in the member's organization.
    """
    permissions.require(member, Right.READ)
    found = (
        Upload.objects.filter(organization_id=member.organization_id, id=upload_id)
        .defer("content")
        .first()
    )
    if found is None:
        raise UploadNotFound("There is no such file.")
    return found
