"""Taking back what a member did with contacts a moment ago: a move, many moves, or an answer to the AI.

All that one action wrote carries its moment, so the moment names the action. What was said of the AI by it
is taken back too: it must not become training data. The timeline keeps both steps.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from hirocrm.contacts.models import Activity, ActivityType, Contact, MovedBy, StageChange
from hirocrm.contacts.services.timeline import build_activity
from hirocrm.core import events
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines.models import (
    Assignment,
    Outcome,
    Stage,
    Suggestion,
    SuggestionKind,
    SuggestionState,
)

BATCH = 1_000
TITLE = "Move undone"


@transaction.atomic
def undo_action(
    *, member: Member, done_at: datetime, contact_id: UUID | None = None, now: datetime
) -> int:
    """Put back the contacts that are still as the member's action at `done_at` left them; returns how many.

    With `contact_id` only that contact. Nobody finds another member's action by its moment.
    """
    permissions.require(member, Right.WORK)
    touched = _touched(member, done_at, contact_id)
    ids = list(touched.order_by("id").values_list("id", flat=True))
    stages: set[UUID] = set()
    for start in range(0, len(ids), BATCH):
        undo = _Undo(member, done_at, now)
        undo.take_back(ids[start : start + BATCH])
        stages |= undo.stages
    if ids:
        events.publish(
            organization_id=member.organization_id,
            kind="contacts.moved",
            count=len(ids),
            stages=sorted(map(str, stages)),
            user=member.user_id,
        )
    return len(ids)


def _touched(member: Member, done_at: datetime, contact_id: UUID | None) -> QuerySet[Contact]:
    moved = Q(moved_by=MovedBy.PERSON, moved_by_person_at=done_at)
    dismissed = Suggestion.objects.filter(
        organization_id=member.organization_id,
        state=SuggestionState.DISMISSED,
        resolved_at=done_at,
        resolved_by=member.user_id,
    )
    rows = Contact.objects.filter(organization_id=member.organization_id).filter(
        moved | Q(id__in=dismissed.values("contact_id"))
    )
    return rows if contact_id is None else rows.filter(id=contact_id)


@dataclass(slots=True)
class _Undo:
    """One batch on its way back."""

    member: Member
    done_at: datetime
    now: datetime
    stages: set[UUID] = field(default_factory=set)

    def take_back(self, ids: Sequence[UUID]) -> None:
        contacts = list(
            Contact.objects.select_for_update()
            .defer("search_text", "search")
            .filter(id__in=ids)
            .order_by("id")
        )
        reopened = self._reopen(contacts)
        before = self._take_back_verdicts(contacts, reopened)
        moves = self._moves(contacts)
        places = _living(moves.values())
        self._write_history([row for row in contacts if row.id in moves], moves, places)
        earlier = self._earlier_movers(contacts)
        for contact in contacts:
            _restore_place(contact, moves.get(contact.id), places)
            _restore_mover(contact, earlier.get(contact.id))
            _restore_figures(contact, before.get(contact.id))
            contact.needs_review = any(
                row.kind == SuggestionKind.REVIEW
                for row in reopened
                if row.contact_id == contact.id
            )
            contact.version += 1
            contact.updated_at = self.now
        Contact.objects.bulk_update(contacts, RESTORED)

    def _reopen(self, contacts: Sequence[Contact]) -> list[Suggestion]:
        """Ask again what the action answered, unless the AI has asked anew since."""
        asked_anew = Suggestion.objects.filter(contact__in=contacts, state=SuggestionState.OPEN)
        answered = list(
            Suggestion.objects.filter(
                contact__in=contacts, resolved_at=self.done_at, resolved_by=self.member.user_id
            )
            .exclude(state__in=[SuggestionState.OPEN, SuggestionState.SUPERSEDED])
            .exclude(contact__in=asked_anew.values("contact_id"))
        )
        Suggestion.objects.filter(id__in=[row.id for row in answered]).update(
            state=SuggestionState.OPEN, resolved_at=None, resolved_by=None
        )
        return answered

    def _take_back_verdicts(
        self, contacts: Sequence[Contact], reopened: Sequence[Suggestion]
    ) -> dict[UUID, Assignment]:
        """Forget what the action said of the AI; returns the rows an answer had made, by contact."""
        rows = Assignment.objects.filter(
            contact__in=contacts, corrected_at=self.done_at, corrected_by=self.member.user_id
        )
        asked = {(row.contact_id, row.analysis_id, row.created_at) for row in reopened}
        made = [row for row in rows if (row.contact_id, row.analysis_id, row.created_at) in asked]
        made_ids = [row.id for row in made]
        rows.exclude(id__in=made_ids).update(
            outcome=Outcome.OPEN, manual_stage="", reason="", corrected_at=None, corrected_by=None
        )
        Assignment.objects.filter(id__in=made_ids).delete()
        return {row.contact_id: row for row in made}

    def _moves(self, contacts: Sequence[Contact]) -> dict[UUID, StageChange]:
        rows = StageChange.objects.filter(
            contact__in=contacts, created_at=self.done_at, user_id=self.member.user_id
        )
        return {row.contact_id: row for row in rows}

    def _earlier_movers(self, contacts: Sequence[Contact]) -> dict[UUID, StageChange]:
        rows = (
            StageChange.objects.filter(contact__in=contacts, created_at__lt=self.done_at)
            .order_by("contact_id", "-created_at", "-id")
            .distinct("contact_id")
        )
        return {row.contact_id: row for row in rows}

    def _write_history(
        self,
        contacts: Sequence[Contact],
        moves: Mapping[UUID, StageChange],
        places: Mapping[UUID, Stage],
    ) -> None:
        Activity.objects.bulk_create(
            _activity(self.member, contact, moves[contact.id], self.now) for contact in contacts
        )
        StageChange.objects.bulk_create(
            _step_back(self.member, contact, moves[contact.id], places, self.now)
            for contact in contacts
        )
        for contact in contacts:
            move = moves[contact.id]
            self.stages |= {one for one in (move.from_stage_id, move.to_stage_id) if one}


RESTORED = [
    "pipeline_id", "stage_id", "stage_entered_at", "moved_by", "moved_by_person_at",
    "lead_score", "lead_status", "needs_review", "version", "updated_at",
]  # fmt: skip


def _living(moves: Iterable[StageChange]) -> dict[UUID, Stage]:
    """The stages that can still be gone back to."""
    ids = {move.from_stage_id for move in moves if move.from_stage_id}
    return Stage.objects.in_bulk(ids)


def _restore_place(
    contact: Contact, move: StageChange | None, places: Mapping[UUID, Stage]
) -> None:
    if move is None:
        return
    stage = places.get(move.from_stage_id) if move.from_stage_id else None
    contact.stage_id = stage.id if stage else None
    contact.pipeline_id = stage.pipeline_id if stage else None
    seconds = move.seconds_in_stage
    contact.stage_entered_at = (
        move.created_at - timedelta(seconds=seconds) if stage and seconds is not None else None
    )


def _restore_mover(contact: Contact, earlier: StageChange | None) -> None:
    contact.moved_by = MovedBy(earlier.moved_by) if earlier else MovedBy.NOBODY
    by_person = earlier is not None and earlier.moved_by == MovedBy.PERSON
    contact.moved_by_person_at = earlier.created_at if earlier and by_person else None


def _restore_figures(contact: Contact, before: Assignment | None) -> None:
    """An accepted answer had set score and status too."""
    if before is not None:
        contact.lead_score = before.previous_lead_score
        contact.lead_status = before.previous_lead_status or contact.lead_status


def _activity(member: Member, contact: Contact, move: StageChange, now: datetime) -> Activity:
    activity = build_activity(
        member=member,
        contact_id=contact.id,
        kind=ActivityType.STAGE_CHANGED,
        title=TITLE,
        now=now,
    )
    activity.from_stage_id, activity.to_stage_id = move.to_stage_id, move.from_stage_id
    return activity


def _step_back(
    member: Member,
    contact: Contact,
    move: StageChange,
    places: Mapping[UUID, Stage],
    now: datetime,
) -> StageChange:
    stage = places.get(move.from_stage_id) if move.from_stage_id else None
    return StageChange(
        organization_id=contact.organization_id,
        contact_id=contact.id,
        from_pipeline_id=move.to_pipeline_id,
        from_stage_id=move.to_stage_id,
        to_pipeline_id=stage.pipeline_id if stage else None,
        to_stage_id=stage.id if stage else None,
        moved_by=MovedBy.PERSON,
        user_id=member.user_id,
        reason=TITLE,
        seconds_in_stage=int((now - move.created_at).total_seconds()),
        created_at=now,
    )
