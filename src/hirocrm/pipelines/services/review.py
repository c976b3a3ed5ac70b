"""What a person answers to the AI's suggestions."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from hirocrm.contacts.models import Contact
from hirocrm.core import events
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines import queries
from hirocrm.pipelines.errors import StageUnknown
from hirocrm.pipelines.models import Stage, Suggestion, SuggestionState
from hirocrm.pipelines.services.moves import Move, publish_move, write_move
from hirocrm.pipelines.services.verdicts import answer_suggestions


@transaction.atomic
def accept_suggestion(*, member: Member, suggestion_id: UUID, now: datetime) -> Contact:
    """Do as the AI recommends: stage, score and status; it counts as right.

    Raises:
        SuggestionNotFound: unknown, or answered already.
    """
    permissions.require(member, Right.WORK)
    suggestion = queries.get_suggestion(member=member, suggestion_id=suggestion_id, for_update=True)
    return _answer(suggestion, member=member, stage=suggestion.stage, reason="", now=now)


@transaction.atomic
def correct_suggestion(
    *, member: Member, suggestion_id: UUID, stage_id: UUID, reason: str = "", now: datetime
) -> Contact:
    """Choose another stage of the same pipeline; naming the recommended one accepts it.

    Raises:
        StageUnknown: the pipeline has no such stage.
        SuggestionNotFound: unknown, or answered already.
    """
    permissions.require(member, Right.WORK)
    suggestion = queries.get_suggestion(member=member, suggestion_id=suggestion_id, for_update=True)
    stage = Stage.objects.filter(
        organization_id=member.organization_id,
        pipeline_id=suggestion.pipeline_id,
        id=stage_id,
    ).first()
    if stage is None:
        raise StageUnknown("The suggestion's pipeline has no such stage.", field="stageId")
    return _answer(suggestion, member=member, stage=stage, reason=reason, now=now)


@transaction.atomic
def dismiss_suggestion(*, member: Member, suggestion_id: UUID, now: datetime) -> Contact:
    """Leave the contact where it is and stop asking; it says nothing of the AI.

    Raises:
        SuggestionNotFound: unknown, or answered already.
    """
    permissions.require(member, Right.WORK)
    suggestion = queries.get_suggestion(member=member, suggestion_id=suggestion_id, for_update=True)
    suggestion.state = SuggestionState.DISMISSED
    suggestion.resolved_at = now
    suggestion.resolved_by = member.user_id
    suggestion.save(update_fields=["state", "resolved_at", "resolved_by"])
    contact = suggestion.contact
    contact.needs_review = False
    contact.save(update_fields=["needs_review", "updated_at"])
    events.publish(
        organization_id=member.organization_id, kind="review.answered", contact=contact.id
    )
    return contact


def _answer(
    suggestion: Suggestion, *, member: Member, stage: Stage, reason: str, now: datetime
) -> Contact:
    contact = suggestion.contact
    from_stage_id = contact.stage_id
    agrees = stage.id == suggestion.stage_id
    answer_suggestions(
        [(suggestion, contact)], stage=stage, reason=reason, user_id=member.user_id, now=now
    )
    if agrees:
        contact.lead_score = suggestion.lead_score
        contact.lead_status = suggestion.lead_status or contact.lead_status
        contact.save(update_fields=["lead_score", "lead_status"])
    write_move(
        [contact],
        Move(
            member=member,
            stage=stage,
            reason=reason,
            now=now,
            title="AI suggestion accepted"
            if agrees
            else f"AI suggestion corrected to {stage.name}",
            description=reason or suggestion.reasoning,
            metadata=_metadata(suggestion),
        ),
    )
    publish_move(contact, member=member, from_stage_id=from_stage_id)
    return contact


def _metadata(suggestion: Suggestion) -> dict[str, object]:
    """What the AI had said, in the shape that its own moves write."""
    return {
        "confidence": suggestion.confidence,
        "aiRecommendation": suggestion.stage.name,
        "leadScore": suggestion.lead_score,
        "leadStatus": suggestion.lead_status,
        "recommendations": suggestion.recommendations,
        "evidence": suggestion.evidence,
        "provider": suggestion.provider,
        "model": suggestion.model,
        "analysisId": str(suggestion.analysis_id) if suggestion.analysis_id else None,
    }
