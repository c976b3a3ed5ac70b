"""Writes: accounts, members, invitations, API tokens, the organization's settings."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from hirocrm.core import encryption
from hirocrm.core.errors import Invalid
from hirocrm.organizations import permissions, queries
from hirocrm.organizations.errors import AlreadyMember, EmailInvalid, EmailTaken, LastOwner
from hirocrm.organizations.models import (
    ApiToken,
    AuditEntry,
    Invitation,
    Member,
    Organization,
    Role,
    User,
)
from hirocrm.organizations.passwords import check_password_strength
from hirocrm.organizations.permissions import Right, Scope

TOKEN_PREFIX = "hiro_"  # noqa: S105  # lets secret scanners and people recognise a token
TOKEN_BYTES = 32
LAST_USED_RESOLUTION = timedelta(minutes=1)
INVITATION_LIFETIME = timedelta(days=14)
ORGANIZATION_FIELDS = frozenset(
    {"name", "language", "time_zone", "business_description", "monthly_ceiling_micro_usd"}
)


def record_audit(
    *, member: Member, action: str, subject: str = "", details: Mapping[str, Any] | None = None
) -> None:
    """Write down who changed which setting, in the caller's transaction."""
    AuditEntry.objects.create(
        organization_id=member.organization_id,
        user_id=member.user_id,
        action=action,
        subject=subject[:200],
        details=dict(details or {}),
    )


@transaction.atomic
def create_user(*, email: str, password: str, name: str = "") -> User:
    """Save a user who signs in with a password.

    Raises:
        EmailInvalid: not an e-mail address.
        PasswordTooWeak: the password breaks a rule.
        EmailTaken: a user with this address exists.
    """
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as exc:
        raise EmailInvalid(f"“{email}” isn't an e-mail address.", field="email") from exc
    check_password_strength(password, email=email)
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, name=name)
    except IntegrityError as exc:
        raise EmailTaken(f"A user with the address {email} exists already.", field="email") from exc


@transaction.atomic
def create_organization(*, user: User, name: str) -> Member:
    """Save an organization and make the user its owner."""
    name = _required(name, field="organizationName", what="a name for the organization")
    organization = Organization.objects.create(name=name)
    return Member.objects.create(organization=organization, user=user, role=Role.OWNER)


@transaction.atomic
def update_organization(*, member: Member, changes: Mapping[str, Any]) -> Organization:
    """Change the organization's name, language, time zone, description or monthly ceiling."""
    permissions.require(member, Right.CONFIGURE)
    fields = sorted(ORGANIZATION_FIELDS & changes.keys())
    organization = Organization.objects.select_for_update().get(id=member.organization_id)
    for field in fields:
        setattr(organization, field, changes[field])
    if fields:
        organization.save(update_fields=fields)
        record_audit(member=member, action="organization.changed", details={"fields": fields})
    return organization


@transaction.atomic
def create_api_token(
    *, member: Member, name: str, scopes: Sequence[str], now: datetime
) -> tuple[ApiToken, str]:
    """Save a token of the member; returns it and its secret, which can't be shown again.

    A token never does more than its member: the role is asked at each use.
    """
    permissions.require(member, Right.READ)
    if member.token_scopes is not None and Scope.ADMIN not in member.token_scopes:
        # Or a token for reading could make itself one for everything.
        permissions.require(member, Right.MANAGE_MEMBERS)
    name = _required(name, field="name", what="a name for the token")
    chosen = [scope.value for scope in Scope if scope.value in scopes]
    if not chosen or len(chosen) != len(set(scopes)):
        raise Invalid("scopes must be one or more of read, write, admin.", field="scopes")
    plain = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    token = ApiToken.objects.create(
        organization_id=member.organization_id,
        member=member,
        name=name[:100],
        token_hash=encryption.keyed_hash(plain),
        hint=plain[-4:],
        scopes=chosen,
        created_at=now,
    )
    record_audit(
        member=member, action="api_token.created", subject=token.name, details={"scopes": chosen}
    )
    return token, plain


@transaction.atomic
def revoke_api_token(*, member: Member, token_id: UUID, now: datetime) -> None:
    """End a token: one's own, or anyone's for who manages members.

    Raises:
        ApiTokenNotFound: no such token, or somebody else's.
    """
    token = queries.get_api_token(member=member, token_id=token_id)
    if token.member_id != member.id or member.token_scopes is not None:
        permissions.require(member, Right.MANAGE_MEMBERS)
    token.revoked_at = now
    token.save(update_fields=["revoked_at"])
    record_audit(member=member, action="api_token.revoked", subject=token.name)


def touch_api_token(*, token: ApiToken, now: datetime) -> None:
    """Remember when the token was last used, to the minute: a busy client must not write a row per request."""
    if token.last_used_at is None or now - token.last_used_at >= LAST_USED_RESOLUTION:
        ApiToken.objects.filter(id=token.id).update(last_used_at=now)


@transaction.atomic
def invite_member(
    *, member: Member, email: str, role: str, now: datetime
) -> tuple[Invitation, str]:
    """Save an invitation; returns it and the secret of its link. A new one replaces an open one.

    Raises:
        AlreadyMember: the person belongs to the organization.
        EmailInvalid: not an e-mail address.
    """
    _require_may_grant(member, role)
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as exc:
        raise EmailInvalid(f"“{email}” isn't an e-mail address.", field="email") from exc
    if queries.list_members(member=member).filter(user__email=email).exists():
        raise AlreadyMember(f"{email} is a member already.", field="email")
    Invitation.objects.filter(
        organization_id=member.organization_id, email=email, accepted_at__isnull=True
    ).delete()
    plain = secrets.token_urlsafe(TOKEN_BYTES)
    invitation = Invitation.objects.create(
        organization_id=member.organization_id,
        email=email,
        role=role,
        token_hash=encryption.keyed_hash(plain),
        invited_by=member,
        expires_at=now + INVITATION_LIFETIME,
    )
    record_audit(member=member, action="member.invited", subject=email, details={"role": role})
    return invitation, plain


@transaction.atomic
def accept_invitation(*, plain: str, user: User, now: datetime) -> Member:
    """Make the user a member with the invitation's role. Whoever holds the link may take it up, once.

    Raises:
        InvitationNotFound: unknown, taken up, withdrawn or too old.
    """
    invitation = queries.get_invitation(plain=plain, now=now)
    joined, created = Member.objects.get_or_create(
        organization_id=invitation.organization_id, user=user, defaults={"role": invitation.role}
    )
    invitation.accepted_at = now
    invitation.save(update_fields=["accepted_at"])
    if created:
        record_audit(member=joined, action="member.joined", subject=user.email)
    return joined


@transaction.atomic
def withdraw_invitation(*, member: Member, invitation_id: UUID) -> bool:
    """Make an open invitation's link useless; returns whether there was one."""
    permissions.require(member, Right.MANAGE_MEMBERS)
    deleted, _ = Invitation.objects.filter(
        organization_id=member.organization_id, id=invitation_id, accepted_at__isnull=True
    ).delete()
    return deleted > 0


@transaction.atomic
def change_role(*, member: Member, member_id: UUID, role: str) -> Member:
    """Give another role to a member.

    Raises:
        LastOwner: nobody else would be owner.
        MemberNotFound: no such member here.
    """
    permissions.require(member, Right.MANAGE_MEMBERS)
    owners = queries.lock_owners(organization_id=member.organization_id)
    target = queries.get_member(member=member, member_id=member_id, for_update=True)
    _require_may_grant(member, role)
    if target.role == Role.OWNER:
        permissions.require(member, Right.MANAGE_OWNERS)
        _refuse_if_last_owner(owners, target, keeps=role == Role.OWNER)
    target.role = role
    target.save(update_fields=["role"])
    record_audit(
        member=member,
        action="member.role_changed",
        subject=target.user.email,
        details={"role": role},
    )
    return target


@transaction.atomic
def remove_member(*, member: Member, member_id: UUID) -> None:
    """End a membership, and with it the member's tokens. Anyone may leave; others need the right.

    Raises:
        LastOwner: nobody else would be owner.
        MemberNotFound: no such member here.
    """
    if member_id != member.id or member.token_scopes is not None:
        permissions.require(member, Right.MANAGE_MEMBERS)
    owners = queries.lock_owners(organization_id=member.organization_id)
    target = queries.get_member(member=member, member_id=member_id, for_update=True)
    if target.role == Role.OWNER:
        permissions.require(member, Right.MANAGE_OWNERS)
        _refuse_if_last_owner(owners, target, keeps=False)
    record_audit(member=member, action="member.removed", subject=target.user.email)
    target.delete()


def _refuse_if_last_owner(owners: Sequence[UUID], target: Member, *, keeps: bool) -> None:
    if not keeps and owners == [target.id]:
        raise LastOwner("An organization needs an owner. Make somebody else owner first.")


def _require_may_grant(member: Member, role: str) -> None:
    permissions.require(member, Right.MANAGE_MEMBERS)
    if role not in Role.values:
        raise Invalid(f"role must be one of {', '.join(Role.values)}.", field="role")
    if role == Role.OWNER:
        permissions.require(member, Right.MANAGE_OWNERS)


def _required(value: str, *, field: str, what: str) -> str:
    value = value.strip()
    if not value:
        raise Invalid(f"Give {what}.", field=field)
    return value
