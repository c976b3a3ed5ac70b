"""/api/analysis: keys of LLM vendors, spending, estimates."""

from uuid import UUID

from ninja import Query

from hirocrm.analysis import queries, services
from hirocrm.api.auth import MemberRequest
from hirocrm.api.routes.contacts_in_bulk import chosen_contacts, contacts_by_id, estimate
from hirocrm.api.routes.router import Answer, created, new_router, no_content, refusals
from hirocrm.api.schemas.analysis import (
    KeyIn,
    KeyOut,
    KeyPatch,
    KeysOut,
    KeyTested,
    UsageOut,
    UsageQuery,
)
from hirocrm.api.schemas.contacts import Chosen, EstimateOut, EstimateQuery
from hirocrm.contacts import queries as contacts
from hirocrm.core import clock
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right

router = new_router("Analysis")


@router.get("/analysis/keys", response=KeysOut, operation_id="list_keys")
def list_keys(request: MemberRequest) -> KeysOut:
    """The organization's keys and those of the environment, with state and quota. Never a secret."""
    now = clock.now()
    return KeysOut(
        items=[KeyOut.of(view) for view in queries.list_keys(member=request.auth, now=now)],
        notices=queries.list_key_notices(member=request.auth, now=now),
    )


@router.post("/analysis/keys", response={201: KeyOut, **refusals(409)}, operation_id="add_key")
def add_key(request: MemberRequest, body: KeyIn) -> Answer:
    """Add a key. It is kept encrypted and only its last four characters are ever shown."""
    key = services.add_key(
        member=request.auth,
        provider=body.provider,
        secret=body.key,
        label=body.label,
        project_group=body.project_group,
        limits=body.limits.to_limits() if body.limits else None,
    )
    return created(_shown(request.auth, key.id))


@router.patch("/analysis/keys/{key_id}", response=KeyOut, operation_id="change_key")
def change_key(request: MemberRequest, key_id: UUID, body: KeyPatch) -> KeyOut:
    """Change a key's label, project group or limits, or switch it off and on."""
    sent = body.model_fields_set
    key = services.change_key(
        member=request.auth,
        key_id=key_id,
        label=body.label if "label" in sent else None,
        project_group=body.project_group if "project_group" in sent else None,
        limits=body.limits.to_limits() if "limits" in sent else None,
        is_enabled=body.enabled if "enabled" in sent else None,
    )
    return _shown(request.auth, key.id)


@router.delete("/analysis/keys/{key_id}", response={204: None}, operation_id="delete_key")
def delete_key(request: MemberRequest, key_id: UUID) -> Answer:
    """Delete a key. One that comes from the environment can only be switched off (422)."""
    services.delete_key(member=request.auth, key_id=key_id)
    return no_content()


@router.post(
    "/analysis/keys/{key_id}/test",
    response={200: KeyTested, **refusals(502)},
    operation_id="test_key",
)
def test_key(request: MemberRequest, key_id: UUID) -> KeyTested:
    """Ask the vendor something tiny with the key. A refusal is 422 and says why."""
    return KeyTested(model=services.test_key(member=request.auth, key_id=key_id))


@router.post("/analysis/keys/{key_id}/reset", response=KeyOut, operation_id="reset_key")
def reset_key(request: MemberRequest, key_id: UUID) -> KeyOut:
    """Forget that the key was refused or rests; what it used still counts."""
    return _shown(request.auth, services.reset_key(member=request.auth, key_id=key_id).id)


@router.get("/analysis/usage", response=UsageOut, operation_id="get_usage")
def get_usage(request: MemberRequest, query: Query[UsageQuery]) -> UsageOut:
    """What analyses took, by day (UTC) and model, newest day first."""
    return UsageOut.of(queries.get_spending(member=request.auth, days=query.days, now=clock.now()))


@router.get(
    "/analysis/estimate",
    response={200: EstimateOut, **refusals(404)},
    operation_id="get_estimate",
)
def get_estimate(request: MemberRequest, query: Query[EstimateQuery]) -> EstimateOut:
    """What evaluating contacts again would take at most: those that meet the conditions, or those of `contactIds`."""
    member = request.auth
    permissions.require(member, Right.READ)
    if query.contact_ids:
        return estimate(member, contacts_by_id(member, query.contact_ids))
    return estimate(member, contacts.list_contacts(member=member, wanted=query.to_filter()))


@router.post(
    "/analysis/estimate",
    response={200: EstimateOut, **refusals(404)},
    operation_id="estimate_analysis",
)
def estimate_analysis(request: MemberRequest, body: Chosen) -> EstimateOut:
    """What evaluating these contacts again would take at most. Unchanged conversations will cost nothing."""
    permissions.require(request.auth, Right.READ)
    return estimate(request.auth, chosen_contacts(request.auth, body))


def _shown(member: Member, key_id: UUID) -> KeyOut:
    return KeyOut.of(queries.get_key(member=member, key_id=key_id, now=clock.now()))
