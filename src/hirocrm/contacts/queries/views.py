"""Saved views of the list."""

from uuid import UUID

from django.db.models import Q, QuerySet

from hirocrm.contacts.errors import SavedViewNotFound
from hirocrm.contacts.models import SavedView
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right

MAX_VIEWS = 50  # shown; nobody finds their way among more


def list_views(*, member: Member) -> QuerySet[SavedView]:
    """The member's own views and the organization's shared ones, by name."""
    permissions.require(member, Right.READ)
    visible = Q(member=member) | Q(is_shared=True)
    return SavedView.objects.filter(visible, organization_id=member.organization_id).order_by(
        "name", "id"
    )[:MAX_VIEWS]


def get_own_view(*, member: Member, view_id: UUID) -> SavedView:
    """A view that the member made.

    Raises:
        SavedViewNotFound: unknown, or somebody else's.
    """
    permissions.require(member, Right.READ)
    found = SavedView.objects.filter(
        organization_id=member.organization_id, member=member, id=view_id
    ).first()
    if found is None:
        raise SavedViewNotFound("There is no such view of yours.")
    return found
