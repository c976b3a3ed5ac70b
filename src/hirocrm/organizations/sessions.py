"""Which organization a signed-in person is looking at."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser

from hirocrm.organizations import queries
from hirocrm.organizations.errors import OrganizationNotFound
from hirocrm.organizations.models import Member, User

ORGANIZATION_KEY = "organization_id"


def find_session_member(*, user: User | AnonymousUser, session: Any) -> Member | None:
    """The signed-in user's membership in the chosen organization, else in their first one."""
    if not isinstance(user, User):
        return None
    try:
        chosen = UUID(session.get(ORGANIZATION_KEY, ""))
    except ValueError:
        chosen = None
    return queries.find_member(user=user, organization_id=chosen)


def switch_organization(*, user: User, session: Any, organization_id: UUID) -> Member:
    """Look at another of the user's organizations from now on.

    Raises:
        OrganizationNotFound: none such, or the user doesn't belong to it.
    """
    found = queries.list_memberships(user=user).filter(organization_id=organization_id).first()
    if found is None:
        raise OrganizationNotFound("You aren't a member of such an organization.")
    choose_organization(session=session, member=found)
    return found


def choose_organization(*, session: Any, member: Member) -> None:
    """Remember the member's organization as the one being looked at."""
    session[ORGANIZATION_KEY] = str(member.organization_id)
