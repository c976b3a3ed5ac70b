"""Which organization a signed-in person is looking at."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser

from hirocrm.organizations import queries
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


def choose_organization(*, session: Any, member: Member) -> None:
    """Remember the member's organization as the one being looked at."""
    session[ORGANIZATION_KEY] = str(member.organization_id)
