"""Refusals of this module."""

from hirocrm.core.errors import Conflict, Forbidden, Invalid, NotFound


class RoleTooWeak(Forbidden):
    """The member's role doesn't allow it."""

    code = "role_too_weak"


class ScopeMissing(Forbidden):
    """The member may, but the API token in use was made for less."""

    code = "scope_missing"


class MemberNotFound(NotFound):
    """No such member in this organization."""

    code = "member_not_found"


class OrganizationNotFound(NotFound):
    """No such organization, or one that the user doesn't belong to."""

    code = "organization_not_found"


class OrganizationLeft(Forbidden):
    """The person was taken out of the organization while its pages were open."""

    code = "organization_left"


class OrganizationSwitched(Conflict):
    """The browser shows another organization now than when the page was made."""

    code = "organization_switched"


class ApiTokenNotFound(NotFound):
    """No such API token in this organization."""

    code = "api_token_not_found"


class InvitationNotFound(NotFound):
    """No such invitation, or it was taken up, withdrawn or is too old."""

    code = "invitation_not_found"


class EmailTaken(Conflict):
    """A user with this e-mail address exists already."""

    code = "email_taken"


class AlreadyMember(Conflict):
    """The person is a member of this organization already."""

    code = "already_member"


class LastOwner(Conflict):
    """An organization keeps at least one owner."""

    code = "last_owner"


class PasswordTooWeak(Invalid):
    """The password breaks one of the rules; the sentence says which."""

    code = "password_too_weak"


class EmailInvalid(Invalid):
    """This isn't an e-mail address."""

    code = "email_invalid"
