"""Verdicts become cases: which messages a person had seen, and the stage they chose.

Pipelines know nothing of analysers, so nobody is told of a verdict: whoever is about to analyse looks for
those that have no case yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.contrib.postgres.expressions import ArraySubquery
from django.db import IntegrityError
from django.db.models import F, OuterRef, Subquery, UUIDField
from django.db.models.functions import Coalesce

from hirocrm.analysis.models import Analysis, LearnedCase
from hirocrm.contacts.models import Conversation, Message, MovedBy, StageChange
from hirocrm.core.text import fold
from hirocrm.pipelines.models import Assignment, Outcome, Stage

log = structlog.get_logger(__name__)

MOST_CASES = 300  # of a pipeline, the newest; past 60 the organization's own rows outweigh ours
PORTION = 25  # cases made at once: a thousand contacts may be moved in one go
MESSAGES = 40  # the newest of a case: what the local analyser embeds


@dataclass(frozen=True, slots=True)
class _Verdict:
    assignment: Assignment
    message_ids: Sequence[UUID]


def build_cases(*, organization_id: UUID, pipeline_id: UUID, now: datetime) -> int:
    """Make the cases that are missing, at most `PORTION`; one cheap query when there are none."""
    missing = _without_case(organization_id, pipeline_id)
    if not missing:
        return 0
    verdicts = _verdicts(organization_id, missing)
    chosen = _chosen_stages(organization_id, [verdict.assignment for verdict in verdicts])
    cases = [_case(v, chosen.get(v.assignment.pk), now) for v in verdicts]
    try:
        LearnedCase.objects.bulk_create(cases, ignore_conflicts=True)
    except IntegrityError:  # a contact was erased meanwhile; the others have their turn next time
        log.info("learning.cases_put_off", count=len(cases))
        return 0
    return len(cases)


def _without_case(organization_id: UUID, pipeline_id: UUID) -> list[UUID]:
    recent = Assignment.objects.filter(
        organization_id=organization_id,
        pipeline_id=pipeline_id,
        corrected_at__isnull=False,
        outcome__in=[Outcome.RIGHT, Outcome.WRONG],
        undone_at=None,
    ).order_by("-corrected_at", "-id")[:MOST_CASES]
    rows = Assignment.objects.filter(pk__in=recent.values("pk"), learned_case=None)
    return list(rows.order_by("-corrected_at", "-id").values_list("pk", flat=True)[:PORTION])


def _verdicts(organization_id: UUID, assignment_ids: Sequence[UUID]) -> list[_Verdict]:
    """The assignments, with the newest messages of the conversation that were there when the person spoke."""
    analysed = Analysis.objects.filter(
        organization_id=organization_id, pk=OuterRef("analysis_id")
    ).values("conversation_id")
    latest = (
        Conversation.objects.filter(
            organization_id=organization_id, contact_id=OuterRef("contact_id")
        )
        .order_by(F("last_message_at").desc(nulls_last=True), "-id")
        .values("pk")[:1]
    )
    seen = (
        Message.objects.filter(
            organization_id=organization_id,
            conversation_id=OuterRef("conversation"),
            created_time__lte=OuterRef("corrected_at"),
            deleted_time=None,
        )
        .order_by("-created_time", "-id")
        .values("pk")[:MESSAGES]
    )
    rows = (
        Assignment.objects.filter(organization_id=organization_id, pk__in=assignment_ids)
        .annotate(
            conversation=Coalesce(Subquery(analysed), Subquery(latest), output_field=UUIDField())
        )
        .annotate(seen=ArraySubquery(seen))
    )
    return [_Verdict(row, row.seen) for row in rows]


def _chosen_stages(organization_id: UUID, assignments: Sequence[Assignment]) -> dict[UUID, Stage]:
    """The stage each person chose, by assignment; none where it no longer exists.

    A verdict keeps only the stage's name as it was; the move that came with it knows the stage itself.
    """
    wrong = [row for row in assignments if row.outcome == Outcome.WRONG]
    moves: dict[tuple[UUID, datetime | None], UUID | None] = {
        (contact_id, at): stage_id
        for contact_id, at, stage_id in StageChange.objects.filter(
            organization_id=organization_id,
            contact_id__in=[row.contact_id for row in wrong],
            created_at__in=[row.corrected_at for row in wrong],
            moved_by=MovedBy.PERSON,
        ).values_list("contact_id", "created_at", "to_stage_id")
    }
    stages = list(Stage.objects.filter(organization_id=organization_id))
    by_id: dict[UUID | None, Stage] = {stage.pk: stage for stage in stages}
    by_name = {(stage.pipeline_id, fold(stage.name)): stage for stage in stages}
    chosen: dict[UUID, Stage | None] = {}
    for row in assignments:
        if row.outcome == Outcome.RIGHT:
            chosen[row.pk] = by_id.get(row.stage_id)
        elif (row.contact_id, row.corrected_at) in moves:
            chosen[row.pk] = by_id.get(moves[row.contact_id, row.corrected_at])
        else:  # the contact was in the stage already
            chosen[row.pk] = by_name.get((row.pipeline_id, fold(row.manual_stage)))
    return {pk: stage for pk, stage in chosen.items() if stage is not None}


def _case(verdict: _Verdict, stage: Stage | None, now: datetime) -> LearnedCase:
    row = verdict.assignment
    assert row.corrected_at is not None  # noqa: S101  # that is what was asked for
    usable = stage if verdict.message_ids else None
    return LearnedCase(
        organization_id=row.organization_id,
        contact_id=row.contact_id,
        assignment=row,
        pipeline_id=usable.pipeline_id if usable else None,
        stage=usable,
        message_ids=list(verdict.message_ids),
        corrected_at=row.corrected_at,
        created_at=now,
    )
