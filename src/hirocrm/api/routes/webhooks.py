"""/api/webhooks/unreadable: what Meta sent and couldn't be taken. The intake itself is `meta/webhooks/intake.py`."""

from typing import Any
from uuid import UUID

from ninja import Query

from hirocrm.api.auth import MemberRequest
from hirocrm.api.paging import list_answer
from hirocrm.api.routes.router import Answer, new_router, no_content, refusals
from hirocrm.api.schemas.base import ListOf, Window
from hirocrm.api.schemas.webhooks import UnreadableEntryOut
from hirocrm.core import clock
from hirocrm.core.pagination import Order
from hirocrm.sync.webhooks import aside

router = new_router("Webhooks")

RECEIVED_FIRST = (Order("received_at", descending=True), Order("id", descending=True))


@router.get(
    "/webhooks/unreadable",
    response=ListOf[UnreadableEntryOut],
    operation_id="list_unreadable_entries",
)
def list_unreadable_entries(request: MemberRequest, window: Query[Window]) -> dict[str, Any]:
    """Parts of webhook deliveries that couldn't be taken, newest first. They are kept for 30 days."""
    rows = aside.list_entries(member=request.auth)
    return list_answer(rows, UnreadableEntryOut.of, order=RECEIVED_FIRST, window=window)


@router.post(
    "/webhooks/unreadable/{entry_id}/replay",
    response={204: None, **refusals(409)},
    operation_id="replay_unreadable_entry",
)
def replay_unreadable_entry(request: MemberRequest, entry_id: UUID) -> Answer:
    """Try an entry again, as after an update of HiroCRM. One that still can't be taken stays: 409."""
    aside.replay_entry(member=request.auth, entry_id=entry_id, now=clock.now())
    return no_content()


@router.delete(
    "/webhooks/unreadable/{entry_id}",
    response={204: None},
    operation_id="drop_unreadable_entry",
)
def drop_unreadable_entry(request: MemberRequest, entry_id: UUID) -> Answer:
    """Forget an entry."""
    aside.drop_entry(member=request.auth, entry_id=entry_id)
    return no_content()
