"""/api/privacy: how long things are kept; and one person's export."""

from typing import Any
from uuid import UUID

from hirocrm.api.auth import MemberRequest
from hirocrm.api.routes.router import new_router
from hirocrm.api.schemas.privacy import RetentionCounts, RetentionIn, RetentionOut
from hirocrm.core import clock
from hirocrm.privacy import retention
from hirocrm.privacy.export import export_contact

router = new_router("Privacy")


@router.get("/contacts/{contact_id}/export", response=dict[str, Any], operation_id="export_contact")
def export_one(request: MemberRequest, contact_id: UUID) -> dict[str, Any]:
    """All that is kept of one person. `DELETE /contacts/{contact_id}` erases it."""
    return export_contact(member=request.auth, contact_id=contact_id, now=clock.now())


@router.get("/privacy/retention", response=RetentionOut, operation_id="get_retention")
def get_retention(request: MemberRequest) -> RetentionOut:
    """For how many days what is kept."""
    return RetentionOut.of(retention.get_policy(member=request.auth))


@router.put("/privacy/retention", response=RetentionOut, operation_id="update_retention")
def update_retention(request: MemberRequest, body: RetentionIn) -> RetentionOut:
    """Set for how many days what is kept; what is left out is kept for ever. It is applied every night."""
    policy = retention.update_policy(member=request.auth, days=body.model_dump())
    return RetentionOut.of(policy)


@router.post(
    "/privacy/retention/preview", response=RetentionCounts, operation_id="preview_retention"
)
def preview_retention(request: MemberRequest, body: RetentionIn) -> RetentionCounts:
    """Count what such a rule would take away now; nothing is changed."""
    counts = retention.preview(member=request.auth, days=body.model_dump(), now=clock.now())
    return RetentionCounts.of(counts)
