"""What the person looking may do: for showing and hiding buttons. Services ask again."""

from dataclasses import dataclass

from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right


@dataclass(frozen=True, slots=True)
class Rights:
    """One flag for each thing that a page shows only to some roles."""

    work: bool
    run: bool
    erase: bool
    configure: bool
    manage_members: bool
    manage_owners: bool


def rights_of(member: Member) -> Rights:
    """The member's rights as a template asks for them: `may.configure`."""
    return Rights(
        work=permissions.allows(member, Right.WORK),
        run=permissions.allows(member, Right.RUN),
        erase=permissions.allows(member, Right.ERASE),
        configure=permissions.allows(member, Right.CONFIGURE),
        manage_members=permissions.allows(member, Right.MANAGE_MEMBERS),
        manage_owners=permissions.allows(member, Right.MANAGE_OWNERS),
    )
