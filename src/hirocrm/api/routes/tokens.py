"""/api/tokens: bearer tokens for this API."""

from typing import Any
from uuid import UUID

from ninja import Query

from hirocrm.api.auth import MemberRequest
from hirocrm.api.paging import NEWEST_FIRST, list_answer
from hirocrm.api.routes.router import Answer, created, new_router, no_content
from hirocrm.api.schemas.base import ListOf, Window
from hirocrm.api.schemas.organizations import ApiTokenIn, ApiTokenMade, ApiTokenOut
from hirocrm.core import clock
from hirocrm.organizations import queries, services

router = new_router("API tokens")


@router.get("/tokens", response=ListOf[ApiTokenOut], operation_id="list_tokens")
def list_tokens(request: MemberRequest, window: Query[Window]) -> dict[str, Any]:
    """Live tokens, newest first: the caller's own; owners and admins see everyone's."""
    rows = queries.list_api_tokens(member=request.auth)
    return list_answer(rows, ApiTokenOut.of, order=NEWEST_FIRST, window=window)


@router.post("/tokens", response={201: ApiTokenMade}, operation_id="create_token")
def create_token(request: MemberRequest, body: ApiTokenIn) -> Answer:
    """Make a token for the caller. The secret is in this answer only. A token needs the scope `admin` to make tokens."""
    token, plain = services.create_api_token(
        member=request.auth, name=body.name, scopes=body.scopes, now=clock.now()
    )
    return created(ApiTokenMade.made(token, secret=plain))


@router.delete("/tokens/{token_id}", response={204: None}, operation_id="revoke_token")
def revoke_token(request: MemberRequest, token_id: UUID) -> Answer:
    """End a token at once: one's own; owners and admins anyone's."""
    services.revoke_api_token(member=request.auth, token_id=token_id, now=clock.now())
    return no_content()
