"""/api/review: what waits for a person's word."""

from typing import Any
from uuid import UUID

from ninja import Query

from hirocrm.api.auth import MemberRequest
from hirocrm.api.paging import NEWEST_FIRST, list_answer
from hirocrm.api.routes.router import new_router
from hirocrm.api.schemas.base import ListOf
from hirocrm.api.schemas.contacts import ContactOut
from hirocrm.api.schemas.pipelines import CorrectIn, ReviewQuery, SuggestionOut
from hirocrm.core import clock
from hirocrm.pipelines import queries, services

router = new_router("Review")


@router.get("/review", response=ListOf[SuggestionOut], operation_id="list_review")
def list_review(request: MemberRequest, query: Query[ReviewQuery]) -> dict[str, Any]:
    """Open suggestions, newest first: those below the Page's confidence, and those for placed contacts."""
    rows = queries.list_suggestions(
        member=request.auth, kind=query.kind, contact_id=query.contact_id
    )
    return list_answer(rows, SuggestionOut.of, order=NEWEST_FIRST, window=query)


@router.post(
    "/review/{suggestion_id}/accept", response=ContactOut, operation_id="accept_suggestion"
)
def accept_suggestion(request: MemberRequest, suggestion_id: UUID) -> ContactOut:
    """Do as the AI recommends: stage, score and status. It counts as right."""
    contact = services.accept_suggestion(
        member=request.auth, suggestion_id=suggestion_id, now=clock.now()
    )
    return ContactOut.of(contact)


@router.post(
    "/review/{suggestion_id}/correct", response=ContactOut, operation_id="correct_suggestion"
)
def correct_suggestion(request: MemberRequest, suggestion_id: UUID, body: CorrectIn) -> ContactOut:
    """Choose the right stage; the AI learns from it. Naming the recommended stage accepts it."""
    contact = services.correct_suggestion(
        member=request.auth,
        suggestion_id=suggestion_id,
        stage_id=body.stage_id,
        reason=body.reason,
        now=clock.now(),
    )
    return ContactOut.of(contact)


@router.post(
    "/review/{suggestion_id}/dismiss", response=ContactOut, operation_id="dismiss_suggestion"
)
def dismiss_suggestion(request: MemberRequest, suggestion_id: UUID) -> ContactOut:
    """Leave the contact where it is and stop asking."""
    contact = services.dismiss_suggestion(
        member=request.auth, suggestion_id=suggestion_id, now=clock.now()
    )
    return ContactOut.of(contact)
