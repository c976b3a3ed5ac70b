"""Quick replies and how the organization answers."""

from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Lower

from hirocrm.contacts.models import Conversation
from hirocrm.inbox.errors import QuickReplyNotFound
from hirocrm.inbox.models import InboxSettings, QuickReply
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right


def list_quick_replies(*, member: Member) -> QuerySet[QuickReply]:
    """The organization's quick replies, by shortcut."""
    permissions.require(member, Right.READ)
    return QuickReply.objects.filter(organization_id=member.organization_id).order_by(
        Lower("shortcut"), "id"
    )


def get_quick_reply(*, member: Member, reply_id: UUID, for_update: bool = False) -> QuickReply:
    """One quick reply.

    Raises:
        QuickReplyNotFound: no such one in the member's organization.
    """
    permissions.require(member, Right.READ)
    rows = QuickReply.objects.filter(organization_id=member.organization_id, id=reply_id)
    found = (rows.select_for_update() if for_update else rows).first()
    if found is None:
        raise QuickReplyNotFound("There is no such quick reply.")
    return found


def get_settings(*, member: Member) -> InboxSettings:
    """How the organization answers; the defaults where it never said."""
    permissions.require(member, Right.READ)
    found = InboxSettings.objects.filter(organization_id=member.organization_id).first()
    return found or InboxSettings(organization_id=member.organization_id)


def with_human_agent(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """Conversations that bring what `uses_human_agent` says along, as `human_agent`."""
    chosen = InboxSettings.objects.filter(organization_id=OuterRef("organization_id"))
    said = Coalesce(Subquery(chosen.values("human_agent")), Value(value=True))
    return rows.annotate(human_agent=said)


def uses_human_agent(organization_id: UUID) -> bool:
    """Whether answers after 24 hours may carry the HUMAN_AGENT tag."""
    found = InboxSettings.objects.filter(organization_id=organization_id).first()
    return found is None or found.human_agent
