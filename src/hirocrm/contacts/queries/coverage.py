"""How much of the conversations is stored: Meta shows only the newest messages of each."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, F, Q

from hirocrm.contacts.models import Conversation
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right


@dataclass(frozen=True, slots=True)
class Coverage:
    """Conversations of a Page, and how many of them hold messages that the source didn't give."""

    conversations: int = 0
    partial: int = 0


def list_coverage(*, member: Member, page_ids: Collection[UUID]) -> dict[UUID, Coverage]:
    """Coverage of these Pages; a Page without conversations is left out."""
    permissions.require(member, Right.READ)
    rows = (
        Conversation.objects.filter(organization_id=member.organization_id, page_id__in=page_ids)
        .values_list("page_id")
        .annotate(
            conversations=Count("id"),
            partial=Count("id", filter=Q(message_count__gt=F("stored_count"))),
        )
        .order_by()
    )
    return {page_id: Coverage(seen, partial) for page_id, seen, partial in rows}
