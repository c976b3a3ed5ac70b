"""/api/members and /api/me."""

from typing import Any
from uuid import UUID

from django.conf import settings
from ninja import Query

from hirocrm.api.auth import MemberRequest
from hirocrm.api.paging import OLDEST_FIRST, list_answer
from hirocrm.api.routes.router import Answer, created, new_router, no_content, refusals
from hirocrm.api.schemas.base import ListOf, Window
from hirocrm.api.schemas.organizations import (
    InvitationIn,
    InvitationMade,
    InvitationOut,
    MemberOut,
    MemberPatch,
    MeOut,
)
from hirocrm.core import clock
from hirocrm.organizations import queries, services
from hirocrm.organizations.errors import InvitationNotFound

router = new_router("Members")


@router.get("/me", response=MeOut, operation_id="get_me")
def get_me(request: MemberRequest) -> MeOut:
    """Who this token or session belongs to, and what it may do."""
    return MeOut.of(request.auth)


@router.get("/members", response=ListOf[MemberOut], operation_id="list_members")
def list_members(request: MemberRequest, window: Query[Window]) -> dict[str, Any]:
    """Everyone in the organization, by the time they joined."""
    return list_answer(
        queries.list_members(member=request.auth), MemberOut.of, order=OLDEST_FIRST, window=window
    )


@router.post(
    "/members", response={201: InvitationMade, **refusals(409)}, operation_id="invite_member"
)
def invite_member(request: MemberRequest, body: InvitationIn) -> Answer:
    """Invite a person. The answer holds the link to send them; it works once, for two weeks."""
    invitation, secret = services.invite_member(
        member=request.auth, email=body.email, role=body.role, now=clock.now()
    )
    link = f"{settings.BASE_URL}/invitations/{secret}"
    return created(InvitationMade.made(invitation, link=link))


@router.get("/members/invitations", response=list[InvitationOut], operation_id="list_invitations")
def list_invitations(request: MemberRequest) -> list[InvitationOut]:
    """Invitations that can still be taken up, newest first."""
    rows = queries.list_invitations(member=request.auth, now=clock.now())
    return [InvitationOut.of(invitation) for invitation in rows]


@router.delete(
    "/members/invitations/{invitation_id}",
    response={204: None},
    operation_id="withdraw_invitation",
)
def withdraw_invitation(request: MemberRequest, invitation_id: UUID) -> Answer:
    """Make an invitation's link useless."""
    if not services.withdraw_invitation(member=request.auth, invitation_id=invitation_id):
        raise InvitationNotFound("There is no such open invitation.")
    return no_content()


@router.patch(
    "/members/{member_id}",
    response={200: MemberOut, **refusals(409)},
    operation_id="change_member_role",
)
def change_member_role(request: MemberRequest, member_id: UUID, body: MemberPatch) -> MemberOut:
    """Give a member another role. The last owner stays owner (409)."""
    changed = services.change_role(member=request.auth, member_id=member_id, role=body.role)
    return MemberOut.of(changed)


@router.delete(
    "/members/{member_id}", response={204: None, **refusals(409)}, operation_id="remove_member"
)
def remove_member(request: MemberRequest, member_id: UUID) -> Answer:
    """End a membership and its tokens. The last owner can't go (409)."""
    services.remove_member(member=request.auth, member_id=member_id)
    return no_content()
