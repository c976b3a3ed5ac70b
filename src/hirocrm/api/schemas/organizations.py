"""Members, invitations and API tokens."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from hirocrm.api.schemas.base import ApiInput, ApiSchema
from hirocrm.organizations.models import ApiToken, Invitation, Member
from hirocrm.organizations.permissions import Right, allows

Role = Literal["owner", "admin", "agent", "viewer"]
Scope = Literal["read", "write", "admin"]


class MemberOut(ApiSchema):
    """A member of the organization."""

    id: UUID
    user_id: UUID
    email: str
    name: str
    role: Role
    created_at: datetime

    @classmethod
    def of(cls, member: Member) -> "MemberOut":
        """The row as JSON has it."""
        return cls(**member_fields(member))


class MeOut(MemberOut):
    """Who the caller is, where, and what they may do."""

    organization_id: UUID
    organization_name: str
    rights: list[str]

    @classmethod
    def of(cls, member: Member) -> "MeOut":
        """The caller as JSON has it."""
        return cls(
            **member_fields(member),
            organization_id=member.organization_id,
            organization_name=member.organization.name,
            rights=[right.name.lower() for right in Right if allows(member, right)],
        )


def member_fields(member: Member) -> dict[str, Any]:
    """What both shapes of a member hold."""
    return {
        "id": member.id,
        "user_id": member.user_id,
        "email": member.user.email,
        "name": member.user.name,
        "role": member.role,
        "created_at": member.created_at,
    }


class InvitationIn(ApiInput):
    """Whom to invite, as what."""

    email: Annotated[str, Field(min_length=3, max_length=254)]
    role: Role = "agent"


class InvitationOut(ApiSchema):
    """An invitation that can still be taken up."""

    id: UUID
    email: str
    role: Role
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, invitation: Invitation) -> "InvitationOut":
        """The row as JSON has it."""
        return cls(**invitation_fields(invitation))


class InvitationMade(InvitationOut):
    """A fresh invitation. `link` holds its secret and is shown only now."""

    link: str

    @classmethod
    def made(cls, invitation: Invitation, *, link: str) -> "InvitationMade":
        """The row with its link."""
        return cls(**invitation_fields(invitation), link=link)


def invitation_fields(invitation: Invitation) -> dict[str, Any]:
    """What both shapes of an invitation hold."""
    names = ("id", "email", "role", "created_at", "expires_at")
    return {name: getattr(invitation, name) for name in names}


class MemberPatch(ApiInput):
    """A member's new role."""

    role: Role


class ApiTokenIn(ApiInput):
    """A token to make. Its scopes narrow what its member may do, never widen it."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=3)]


class ApiTokenOut(ApiSchema):
    """A token without its secret; `hint` is the secret's last four characters."""

    id: UUID
    name: str
    hint: str
    scopes: list[Scope]
    member_id: UUID
    email: str
    created_at: datetime
    last_used_at: datetime | None

    @classmethod
    def of(cls, token: ApiToken) -> "ApiTokenOut":
        """The row as JSON has it."""
        return cls(**token_fields(token))


class ApiTokenMade(ApiTokenOut):
    """A fresh token. `token` is the secret, shown only now."""

    token: str

    @classmethod
    def made(cls, token: ApiToken, *, secret: str) -> "ApiTokenMade":
        """The row with its secret."""
        return cls(**token_fields(token), token=secret)


def token_fields(token: ApiToken) -> dict[str, Any]:
    """What both shapes of a token hold."""
    names = ("id", "name", "hint", "scopes", "member_id", "created_at", "last_used_at")
    return {name: getattr(token, name) for name in names} | {"email": token.member.user.email}
