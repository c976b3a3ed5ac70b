"""What a person's move or answer says of the AI's last word: right, or wrong and what it should have been."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from hirocrm.contacts.models import Contact
from hirocrm.pipelines.models import (
    Assignment,
    Outcome,
    Stage,
    Suggestion,
    SuggestionState,
)

BATCH = 1_000


def give_verdicts(
    *, contacts: Sequence[Contact], stage: Stage, reason: str, user_id: UUID, now: datetime
) -> None:
    """Complete each contact's latest assignment if it is open, and answer its open suggestion."""
    _complete_assignments(contacts, stage, reason, user_id, now)
    open_ones = Suggestion.objects.select_for_update().filter(
        contact__in=contacts, state=SuggestionState.OPEN
    )
    by_contact = {contact.id: contact for contact in contacts}
    answered = [
        (suggestion, by_contact[suggestion.contact_id])
        for suggestion in open_ones.select_related("stage")
    ]
    answer_suggestions(answered, stage=stage, reason=reason, user_id=user_id, now=now)


def answer_suggestions(
    answered: Sequence[tuple[Suggestion, Contact]],
    *,
    stage: Stage,
    reason: str,
    user_id: UUID,
    now: datetime,
) -> None:
    """Close suggestions with the stage a person chose, and keep what it says of the AI as an assignment."""
    agreeing = [row.id for row, _contact in answered if row.stage_id == stage.id]
    others = [row.id for row, _contact in answered if row.stage_id != stage.id]
    for state, ids in ((SuggestionState.ACCEPTED, agreeing), (SuggestionState.CORRECTED, others)):
        Suggestion.objects.filter(id__in=ids).update(
            state=state, resolved_at=now, resolved_by=user_id
        )
    Assignment.objects.bulk_create(
        (
            _assignment_of(suggestion, contact, stage, reason, user_id=user_id, now=now)
            for suggestion, contact in answered
        ),
        batch_size=BATCH,
    )


def _complete_assignments(
    contacts: Sequence[Contact], stage: Stage, reason: str, user_id: UUID, now: datetime
) -> None:
    latest = (
        Assignment.objects.filter(contact__in=contacts, undone_at__isnull=True)
        .order_by("contact_id", "-created_at", "-id")
        .distinct("contact_id")
    )
    open_ones = [row for row in latest if row.outcome == Outcome.OPEN]
    agreeing = [row.id for row in open_ones if row.stage_id == stage.id]
    others = [row.id for row in open_ones if row.stage_id != stage.id]
    for outcome, ids in ((Outcome.RIGHT, agreeing), (Outcome.WRONG, others)):
        Assignment.objects.filter(id__in=ids).update(
            outcome=outcome,
            manual_stage=stage.name,
            reason=reason,
            corrected_at=now,
            corrected_by=user_id,
        )


def _assignment_of(
    suggestion: Suggestion,
    contact: Contact,
    stage: Stage,
    reason: str,
    *,
    user_id: UUID,
    now: datetime,
) -> Assignment:
    """A suggestion with its answer, so that accuracy counts it like an assignment. `contact` is as it was before."""
    agrees = suggestion.stage_id == stage.id
    return Assignment(
        organization_id=suggestion.organization_id,
        contact_id=suggestion.contact_id,
        analysis_id=suggestion.analysis_id,
        run_id=None,  # no run moved the contact, so undoing one must not touch it
        pipeline_id=suggestion.pipeline_id,
        stage_id=suggestion.stage_id,
        ai_stage=suggestion.stage.name,
        ai_confidence=suggestion.confidence,
        provider=suggestion.provider,
        model=suggestion.model,
        prompt_version=suggestion.prompt_version,
        previous_pipeline_id=contact.pipeline_id,
        previous_stage_id=contact.stage_id,
        previous_stage_entered_at=contact.stage_entered_at,
        previous_lead_score=contact.lead_score,
        previous_lead_status=contact.lead_status,
        previous_moved_by=contact.moved_by,
        moved=contact.stage_id != stage.id,
        outcome=Outcome.RIGHT if agrees else Outcome.WRONG,
        manual_stage=stage.name,
        reason=reason,
        corrected_at=now,
        corrected_by=user_id,
        created_at=suggestion.created_at,
    )
