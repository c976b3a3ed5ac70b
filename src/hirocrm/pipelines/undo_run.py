"""Undo of a whole run: the contacts that are still where it put them go back.

They go back to all that they had: stage, time in it, score, status, who had placed them, and the question that waited
for a person. Those that the run left in their stage get score, status and question back. The timeline keeps both steps.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from hirocrm.contacts.models import Activity, ActivityType, Contact, MovedBy, StageChange
from hirocrm.core.bulk import insert_rows, update_rows
from hirocrm.core.events import publish
from hirocrm.core.ids import new_id
from hirocrm.pipelines.assign import (
    ACTIVITY_COLUMNS,
    PLACE_COLUMNS,
    STAGE_CHANGE_COLUMNS,
    place_row,
    seconds_in_stage,
)
from hirocrm.pipelines.models import Assignment, Stage, Suggestion, SuggestionKind, SuggestionState

TITLE = "AI assignment undone"
TITLE_CONFIRMED = "AI score and status undone"
BATCH = 1_000
Figures = tuple[int | None, str | None]  # score, status


@transaction.atomic
def undo_assignments(
    *, organization_id: UUID, run_id: UUID, user_id: UUID | None, now: datetime
) -> int:
    """Put back the contacts that are still where the run put them; returns how many.

    A contact that a person or a later run has moved since keeps its place. One whose stage was deleted since can't go
    back there: it is in none, as it would be had it never been placed. Score and status of a contact that the run left
    in its stage aren't counted; what a person has written over them, or a later run has judged anew, stays.
    """
    placed = Assignment.objects.filter(
        organization_id=organization_id, run_id=run_id, undone_at__isnull=True
    )
    ids = list(placed.order_by("contact_id").values_list("contact_id", flat=True).distinct())
    stages = dict(
        Stage.objects.filter(organization_id=organization_id).values_list("id", "pipeline_id")
    )
    count = 0
    for start in range(0, len(ids), BATCH):
        undo = _Undo(organization_id, run_id, user_id, now, stages)
        portion = ids[start : start + BATCH]
        # The latest first: where a run moved somebody twice, each step is taken back from where it led to.
        steps = placed.filter(contact_id__in=portion).order_by("contact_id", "-created_at", "-id")
        steps = steps.exclude(Exists(_judged_anew(run_id)), moved=False)
        count += undo.take_back(_lock(organization_id, portion), list(steps))
    publish(organization_id=organization_id, kind="contacts.changed", run=str(run_id))
    return count


def _lock(organization_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Contact]:
    rows = Contact.objects.select_for_update().filter(organization_id=organization_id, pk__in=ids)
    return {contact.pk: contact for contact in rows.defer("search").order_by("id")}


def _judged_anew(run_id: UUID) -> QuerySet[Assignment]:
    """What others than the run have said of a contact since."""
    return Assignment.objects.filter(
        organization=OuterRef("organization"),
        contact=OuterRef("contact"),
        created_at__gt=OuterRef("created_at"),
        undone_at__isnull=True,
    ).exclude(run_id=run_id)


def _still_there(assignment: Assignment, contact: Contact) -> bool:
    if contact.stage_id != assignment.stage_id:
        return False
    if assignment.moved:
        return contact.moved_by == MovedBy.AI and contact.stage_entered_at == assignment.created_at
    by_person_at = contact.moved_by_person_at
    return contact.stage_entered_at == assignment.previous_stage_entered_at and (
        by_person_at is None or by_person_at <= assignment.created_at
    )


@dataclass(slots=True)
class _Undo:
    """Collects the rows that put contacts back. `stages` are those that there are, with their pipelines."""

    organization_id: UUID
    run_id: UUID
    user_id: UUID | None
    now: datetime
    stages: dict[UUID, UUID]
    contacts: dict[UUID, Contact] = field(default_factory=dict)  # that changed
    put_back: set[UUID] = field(default_factory=set)
    activities: list[tuple[object, ...]] = field(default_factory=list)
    changes: list[tuple[object, ...]] = field(default_factory=list)
    undone: list[Assignment] = field(default_factory=list)

    def take_back(self, contacts: dict[UUID, Contact], steps: Sequence[Assignment]) -> int:
        said = self._said(steps)
        for step in steps:
            contact = contacts.get(step.contact_id)
            if contact is None or not _still_there(step, contact):
                continue
            self.undone.append(step)
            if step.moved:
                self._take(step, contact)
            else:
                self._take_figures(step, contact, said.get((contact.pk, step.created_at)))
        self._ask_again(contacts)
        self._save()
        return len(self.put_back)

    def _said(self, steps: Sequence[Assignment]) -> dict[tuple[UUID, datetime], Figures]:
        """The score and status that the run gave where it confirmed the stage, as the timeline has them."""
        rows = Activity.objects.filter(
            organization_id=self.organization_id,
            contact_id__in={step.contact_id for step in steps if not step.moved},
            run_id=self.run_id,
            type=ActivityType.STAGE_CHANGED,
        ).values_list("contact_id", "created_at", "metadata__leadScore", "metadata__leadStatus")
        return {(contact_id, at): (score, status) for contact_id, at, score, status in rows}

    def _take_figures(self, before: Assignment, contact: Contact, said: Figures | None) -> None:
        """A person's own score or status stays."""
        score, status = said or (None, None)
        had = contact.lead_score, contact.lead_status
        if contact.lead_score == score:
            contact.lead_score = before.previous_lead_score
        if contact.lead_status == status:
            contact.lead_status = before.previous_lead_status or contact.lead_status
        if (contact.lead_score, contact.lead_status) != had:
            self._tell(TITLE_CONFIRMED, before, contact, contact.stage_id)
            self.contacts[contact.pk] = contact

    def _tell(
        self, title: str, before: Assignment, contact: Contact, stage_id: UUID | None
    ) -> None:
        self.activities.append(
            (new_id(), self.organization_id, contact.pk, ActivityType.STAGE_CHANGED.value, title, "",
             contact.stage_id, stage_id, self.user_id, self.run_id,
             json.dumps({"assignmentId": str(before.pk)}), self.now)
        )  # fmt: skip

    def _take(self, before: Assignment, contact: Contact) -> None:
        stage_id = before.previous_stage_id if before.previous_stage_id in self.stages else None
        pipeline_id = self.stages[stage_id] if stage_id else None
        self._tell(TITLE, before, contact, stage_id)
        self.changes.append(
            (new_id(), self.organization_id, contact.pk, contact.pipeline_id, contact.stage_id,
             pipeline_id, stage_id, MovedBy.SYSTEM.value, self.user_id, self.run_id, TITLE,
             seconds_in_stage(contact, self.now), self.now)
        )  # fmt: skip
        contact.pipeline_id, contact.stage_id = pipeline_id, stage_id
        contact.stage_entered_at = before.previous_stage_entered_at if stage_id else None
        contact.lead_score = before.previous_lead_score
        contact.lead_status = before.previous_lead_status or contact.lead_status
        contact.moved_by = before.previous_moved_by
        contact.version += 1
        self.contacts[contact.pk] = contact
        self.put_back.add(contact.pk)

    def _ask_again(self, contacts: dict[UUID, Contact]) -> None:
        """Open the questions that the run had made pointless, unless the AI has asked anew since."""
        ended_by = {(step.contact_id, step.created_at) for step in self.undone}
        newer = Suggestion.objects.filter(contact=OuterRef("contact"), state=SuggestionState.OPEN)
        closed = Suggestion.objects.filter(
            ~Exists(newer),
            organization_id=self.organization_id,
            contact_id__in={contact_id for contact_id, _ in ended_by},
            state=SuggestionState.SUPERSEDED,
            resolved_at__in={at for _, at in ended_by},
        )
        # By its contact, so at most one: of two steps of a run the earlier one's.
        rows = closed.order_by("contact_id", "-created_at")
        again = {
            row.contact_id: row for row in rows if (row.contact_id, row.resolved_at) in ended_by
        }
        for row in again.values():
            contact = contacts[row.contact_id]
            contact.needs_review = row.kind == SuggestionKind.REVIEW
            self.contacts[contact.pk] = contact
        Suggestion.objects.filter(pk__in=[row.pk for row in again.values()]).update(
            state=SuggestionState.OPEN, resolved_at=None
        )

    def _save(self) -> None:
        insert_rows(Activity, ACTIVITY_COLUMNS, self.activities)
        insert_rows(StageChange, STAGE_CHANGE_COLUMNS, self.changes)
        rows = [place_row(contact, self.now) for contact in self.contacts.values()]
        update_rows(Contact, PLACE_COLUMNS, rows)
        Assignment.objects.filter(pk__in=[step.pk for step in self.undone]).update(
            undone_at=self.now
        )
