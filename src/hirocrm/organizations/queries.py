"""Reads: members, tokens, invitations."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from hirocrm.core import encryption
from hirocrm.organizations import permissions
from hirocrm.organizations.errors import ApiTokenNotFound, InvitationNotFound, MemberNotFound
from hirocrm.organizations.models import (
    ApiToken,
    AuditEntry,
    Invitation,
    Member,
    Organization,
    Role,
    User,
)
from hirocrm.organizations.permissions import Right


@dataclass(frozen=True, slots=True)
class TokenUse:
    """A live API token and its member, who is limited to the token's scopes."""

    token: ApiToken
    member: Member


def find_token_use(plain: str) -> TokenUse | None:
    """The token that a request carries, or None if there is none, it is revoked or its user inactive."""
    token = (
        ApiToken.objects.select_related("member__user", "member__organization")
        .filter(
            token_hash__in=encryption.keyed_hashes(plain),
            revoked_at__isnull=True,
            member__user__is_active=True,
        )
        .first()
    )
    if token is None:
        return None
    token.member.token_scopes = tuple(token.scopes)
    return TokenUse(token, token.member)


def find_member(*, user: User, organization_id: UUID | None = None) -> Member | None:
    """The user's membership in the organization, or in their first one when none is named or fits."""
    members = (
        Member.objects.select_related("user", "organization")
        .filter(user=user)
        .order_by("created_at", "id")
    )
    if organization_id is not None:
        chosen = members.filter(organization_id=organization_id).first()
        if chosen is not None:
            return chosen
    return members.first()


def list_memberships(*, user: User) -> QuerySet[Member]:
    """The organizations a user belongs to, oldest membership first."""
    return (
        Member.objects.select_related("organization").filter(user=user).order_by("created_at", "id")
    )


def list_members(*, member: Member) -> QuerySet[Member]:
    """Everyone in the member's organization."""
    permissions.require(member, Right.READ)
    return Member.objects.select_related("user").filter(organization_id=member.organization_id)


def get_member(*, member: Member, member_id: UUID, for_update: bool = False) -> Member:
    """One member of the member's organization.

    Raises:
        MemberNotFound: no such member here.
    """
    rows = Member.objects.filter(organization_id=member.organization_id)
    rows = rows.select_for_update() if for_update else rows.select_related("user")
    found = rows.filter(id=member_id).first()
    if found is None:
        raise MemberNotFound("There is no such member in this organization.")
    return found


def lock_owners(*, organization_id: UUID) -> list[UUID]:
    """Ids of the organization's owners, locked until the transaction ends."""
    return list(
        Member.objects.select_for_update()
        .filter(organization_id=organization_id, role=Role.OWNER)
        .order_by("id")
        .values_list("id", flat=True)
    )


def list_api_tokens(*, member: Member) -> QuerySet[ApiToken]:
    """Live tokens: the member's own, or everyone's for who manages members."""
    rows = ApiToken.objects.select_related("member__user").filter(
        organization_id=member.organization_id, revoked_at__isnull=True
    )
    if not permissions.allows(member, Right.MANAGE_MEMBERS):
        rows = rows.filter(member=member)
    return rows


def get_api_token(*, member: Member, token_id: UUID) -> ApiToken:
    """A live token that the member may see.

    Raises:
        ApiTokenNotFound: no such token, or somebody else's.
    """
    found = list_api_tokens(member=member).filter(id=token_id).first()
    if found is None:
        raise ApiTokenNotFound("There is no such API token.")
    return found


def list_invitations(*, member: Member, now: datetime) -> QuerySet[Invitation]:
    """Invitations that can still be taken up, newest first."""
    permissions.require(member, Right.MANAGE_MEMBERS)
    return Invitation.objects.filter(
        organization_id=member.organization_id, accepted_at__isnull=True, expires_at__gt=now
    ).order_by("-created_at", "-id")


def get_invitation(*, plain: str, now: datetime) -> Invitation:
    """The open invitation that a link's secret belongs to.

    Raises:
        InvitationNotFound: unknown, taken up, withdrawn or too old.
    """
    found = (
        Invitation.objects.select_related("organization")
        .filter(
            token_hash__in=encryption.keyed_hashes(plain),
            accepted_at__isnull=True,
            expires_at__gt=now,
        )
        .first()
    )
    if found is None:
        raise InvitationNotFound(
            "This invitation is no longer valid. Ask whoever invited you for a new one."
        )
    return found


def is_invited(*, user: User, now: datetime) -> bool:
    """Whether an invitation to any organization waits for the user's address."""
    return Invitation.objects.filter(
        email=user.email, accepted_at__isnull=True, expires_at__gt=now
    ).exists()


def list_audit_entries(*, member: Member) -> QuerySet[AuditEntry]:
    """What was changed by whom, newest first."""
    permissions.require(member, Right.CONFIGURE)
    return (
        AuditEntry.objects.select_related("user")
        .filter(organization_id=member.organization_id)
        .order_by("-created_at", "-id")
    )


def get_organization(*, organization_id: UUID) -> Organization:
    """The organization row itself."""
    return Organization.objects.get(id=organization_id)
