"""Keeping views of the list under a name."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from hirocrm.contacts import queries
from hirocrm.contacts.models import SavedView
from hirocrm.core.errors import Invalid
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right

NAME_LENGTH = 60
QUERY_LENGTH = 1000


@transaction.atomic
def save_view(
    *, member: Member, name: str, query: str, is_shared: bool = False, now: datetime
) -> SavedView:
    """Keep a query under a name; the member's view of that name is replaced. Sharing takes the right to work.

    Raises:
        Invalid: no name, or one that is too long.
    """
    permissions.require(member, Right.WORK if is_shared else Right.READ)
    name = name.strip()
    if not name or len(name) > NAME_LENGTH or len(query) > QUERY_LENGTH:
        raise Invalid(f"Give the view a name of at most {NAME_LENGTH} characters.", field="name")
    old = SavedView.objects.select_for_update().filter(member=member, name__iexact=name).first()
    view = old or SavedView(organization_id=member.organization_id, member=member, created_at=now)
    view.name, view.query, view.is_shared = name, query, is_shared
    view.save()
    return view


@transaction.atomic
def delete_view(*, member: Member, view_id: UUID) -> None:
    """Forget a view of the member's own.

    Raises:
        SavedViewNotFound: unknown, or somebody else's.
    """
    queries.get_own_view(member=member, view_id=view_id).delete()
