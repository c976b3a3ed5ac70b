"""Finding the member that a command acts for."""

from typing import TYPE_CHECKING

from hirocrm.cli.refusals import CommandFailed

if TYPE_CHECKING:
    from hirocrm.organizations.models import Member


def require_member(email: str) -> "Member":
    """The first membership of the user with this address.

    Raises:
        CommandFailed: there is no such user, or they belong to no organization.
    """
    from hirocrm.organizations import queries
    from hirocrm.organizations.models import User

    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        raise CommandFailed(
            f"There is no user with the address {email}; `hirocrm createuser` makes one."
        )
    member = queries.find_member(user=user)
    if member is None:
        raise CommandFailed(f"{email} belongs to no organization; invite them to one first.")
    return member
