"""Automatic assignment: what an analysis does to a contact, by the Page's rules (`undo_run` takes it back).

The rules are those of the glossary's "auto-assignment": mode, confidence, stage matching. Everything
here works on many contacts at once and writes in a handful of statements; the caller holds the
transaction and has locked the contacts.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from hirocrm.contacts.models import Activity, ActivityType, Contact, MovedBy, StageChange
from hirocrm.core.bulk import insert_rows
from hirocrm.core.ids import new_id
from hirocrm.core.text import fold
from hirocrm.meta.models import AutoPipelineMode, Page
from hirocrm.pipelines.models import (
    Assignment,
    Pipeline,
    Stage,
    Suggestion,
    SuggestionKind,
    SuggestionState,
)

TITLE_ASSIGNED = "AI auto-assigned to pipeline"
TITLE_CONFIRMED = "AI confirmed stage"
AI_STAGE_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Rules:
    """A Page's rules of assignment as they stood when they were read. `pipeline` None: off."""

    pipeline: Pipeline | None
    stages: tuple[Stage, ...]
    mode: AutoPipelineMode
    confidence_min: int
    keep_manual_moves_days: int = 0

    def is_protected(self, contact: Contact, now: datetime) -> bool:
        """Whether the contact keeps its place whatever the AI says."""
        if contact.pipeline_id is None:
            return False
        if self.mode is AutoPipelineMode.SKIP_EXISTING:
            return True
        moved_at = contact.moved_by_person_at
        if not self.keep_manual_moves_days or moved_at is None:
            return False
        return now - moved_at < timedelta(days=self.keep_manual_moves_days)

    def match(self, name: str) -> Stage:
        """The stage called `name` (case and outer space aside), else the first by order."""
        wanted = fold(name)
        return next((stage for stage in self.stages if fold(stage.name) == wanted), self.stages[0])


def rules_of(page: Page, *, pipeline: Pipeline | None = None, mode: str | None = None) -> Rules:
    """The Page's rules; a run may name another pipeline or mode for itself."""
    chosen = pipeline or page.auto_pipeline
    return Rules(
        pipeline=chosen,
        stages=tuple(chosen.stages.all()) if chosen else (),
        mode=AutoPipelineMode(mode or page.auto_pipeline_mode),
        confidence_min=page.auto_pipeline_confidence_min,
        keep_manual_moves_days=page.keep_manual_moves_days,
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an analysis says about one contact's place."""

    contact: Contact
    analysis_id: UUID
    recommended_stage: str
    recommendations: Sequence[dict[str, Any]]  # [{"stage", "probability"}]
    lead_score: int
    lead_status: str
    confidence: int
    reasoning: str
    evidence: Sequence[dict[str, Any]]
    provider: str
    model: str
    prompt_version: str


class Decision(Enum):
    """What became of a verdict."""

    OFF = "off"  # the Page has no pipeline, or it has no stages
    SKIPPED = "skipped"  # the contact keeps its place
    REVIEW = "review"  # not sure enough: a person decides
    MOVED = "moved"
    CONFIRMED = "confirmed"


@dataclass(slots=True)
class Assigned:
    """Counts of one round, by decision."""

    decisions: dict[UUID, Decision] = field(default_factory=dict)

    def count(self, *wanted: Decision) -> int:
        """How many contacts met one of these decisions."""
        return sum(decision in wanted for decision in self.decisions.values())


def decide(rules: Rules, verdict: Verdict, now: datetime) -> Decision:
    """What the rules make of a verdict; changes nothing."""
    if rules.pipeline is None or not rules.stages:
        return Decision.OFF
    if rules.is_protected(verdict.contact, now):
        return Decision.SKIPPED
    if verdict.confidence < rules.confidence_min:
        return Decision.REVIEW
    same = rules.match(verdict.recommended_stage).pk == verdict.contact.stage_id
    return Decision.CONFIRMED if same else Decision.MOVED


def assign(
    *,
    organization_id: UUID,
    rules: Rules,
    verdicts: Sequence[Verdict],
    run_id: UUID | None,
    user_id: UUID | None,
    now: datetime,
) -> Assigned:
    """Apply `verdicts` to their (locked) contacts and write what follows from them.

    The contacts are changed in memory only: the caller writes their rows (PLACE_COLUMNS), once.
    """
    result = Assigned({v.contact.pk: decide(rules, v, now) for v in verdicts})
    if rules.pipeline is None or not rules.stages:
        return result
    writer = _Writer(organization_id, rules.pipeline, rules, run_id, user_id, now)
    for verdict in verdicts:
        writer.take(verdict, result.decisions[verdict.contact.pk])
    writer.save()
    return result


@dataclass(slots=True)
class _Writer:
    """Collects the rows of one round and writes each kind in one statement."""

    organization_id: UUID
    pipeline: Pipeline
    rules: Rules
    run_id: UUID | None
    user_id: UUID | None
    now: datetime
    activities: list[tuple[Any, ...]] = field(default_factory=list)
    changes: list[tuple[Any, ...]] = field(default_factory=list)
    assignments: list[tuple[Any, ...]] = field(default_factory=list)
    suggestions: list[tuple[Any, ...]] = field(default_factory=list)
    settled: list[UUID] = field(default_factory=list)  # whose open suggestion is out of date

    def take(self, verdict: Verdict, decision: Decision) -> None:
        if decision is Decision.SKIPPED:
            self._suggest_if_different(verdict)
        elif decision is Decision.REVIEW:
            self._ask(verdict, SuggestionKind.REVIEW)
            verdict.contact.needs_review = True
        else:
            self._place(verdict, moved=decision is Decision.MOVED)

    def _suggest_if_different(self, verdict: Verdict) -> None:
        stage = self.rules.match(verdict.recommended_stage)
        if stage.pk == verdict.contact.stage_id:
            self.settled.append(verdict.contact.pk)
        else:
            self._ask(verdict, SuggestionKind.SUGGESTION)

    def _ask(self, verdict: Verdict, kind: SuggestionKind) -> None:
        stage = self.rules.match(verdict.recommended_stage)
        self.settled.append(verdict.contact.pk)
        self.suggestions.append(
            (new_id(), self.organization_id, verdict.contact.pk, self.pipeline.pk, stage.pk, kind.value,
             SuggestionState.OPEN.value, verdict.analysis_id, self.run_id, verdict.confidence,
             json.dumps(self._with_stage_ids(verdict)), verdict.lead_score, verdict.lead_status,
             verdict.reasoning, json.dumps(list(verdict.evidence)), verdict.provider, verdict.model,
             verdict.prompt_version, self.now)
        )  # fmt: skip

    def _with_stage_ids(self, verdict: Verdict) -> list[dict[str, Any]]:
        """The recommendations that name a stage of the pipeline, with its id; the chosen one at least."""
        by_name = {fold(stage.name): stage for stage in self.rules.stages}
        known = [
            {"stageId": str(by_name[fold(r["stage"])].pk), "stage": by_name[fold(r["stage"])].name,
             "probability": r["probability"]}
            for r in verdict.recommendations
            if fold(r["stage"]) in by_name
        ]  # fmt: skip
        if known:
            return known
        first = self.rules.match(verdict.recommended_stage)
        return [{"stageId": str(first.pk), "stage": first.name, "probability": verdict.confidence}]

    def _place(self, verdict: Verdict, *, moved: bool) -> None:
        contact, stage = verdict.contact, self.rules.match(verdict.recommended_stage)
        self.assignments.append(
            (new_id(), self.organization_id, contact.pk, verdict.analysis_id, self.run_id, self.pipeline.pk,
             stage.pk, stage.name[:AI_STAGE_LENGTH], verdict.confidence, verdict.provider, verdict.model,
             verdict.prompt_version, contact.pipeline_id, contact.stage_id, contact.stage_entered_at,
             contact.lead_score, contact.lead_status, contact.moved_by, moved, "", "", "", self.now)
        )  # fmt: skip
        self.activities.append(self._activity(verdict, stage, moved=moved))
        if moved:
            self.changes.append(self._change(contact, stage, verdict.reasoning))
            contact.stage_id, contact.stage_entered_at = stage.pk, self.now
            contact.moved_by = MovedBy.AI
            contact.version += 1
        contact.pipeline_id = self.pipeline.pk
        contact.lead_score, contact.lead_status = verdict.lead_score, verdict.lead_status
        contact.needs_review = False
        self.settled.append(contact.pk)

    def _activity(self, verdict: Verdict, stage: Stage, *, moved: bool) -> tuple[Any, ...]:
        metadata = {
            "confidence": verdict.confidence,
            "aiRecommendation": verdict.recommended_stage,
            "leadScore": verdict.lead_score,
            "leadStatus": verdict.lead_status,
            "recommendations": list(verdict.recommendations),
            "evidence": list(verdict.evidence),
            "provider": verdict.provider,
            "model": verdict.model,
            "analysisId": str(verdict.analysis_id),
        }
        return (
            new_id(), self.organization_id, verdict.contact.pk, ActivityType.STAGE_CHANGED.value,
            TITLE_ASSIGNED if moved else TITLE_CONFIRMED, verdict.reasoning, verdict.contact.stage_id, stage.pk,
            self.user_id, self.run_id, json.dumps(metadata), self.now,
        )  # fmt: skip

    def _change(self, contact: Contact, stage: Stage, reason: str) -> tuple[Any, ...]:
        return (
            new_id(), self.organization_id, contact.pk, contact.pipeline_id, contact.stage_id, self.pipeline.pk,
            stage.pk, MovedBy.AI.value, self.user_id, self.run_id, reason,
            seconds_in_stage(contact, self.now), self.now,
        )  # fmt: skip

    def save(self) -> None:
        if self.settled:
            Suggestion.objects.filter(
                organization_id=self.organization_id,
                contact_id__in=self.settled,
                state=SuggestionState.OPEN,
            ).update(state=SuggestionState.SUPERSEDED, resolved_at=self.now)
        insert_rows(Suggestion, _SUGGESTION_COLUMNS, self.suggestions)
        insert_rows(Assignment, _ASSIGNMENT_COLUMNS, self.assignments)
        insert_rows(Activity, ACTIVITY_COLUMNS, self.activities)
        insert_rows(StageChange, STAGE_CHANGE_COLUMNS, self.changes)


PLACE_COLUMNS = [
    "id", "pipeline", "stage", "stage_entered_at", "moved_by", "lead_score", "lead_status", "needs_review",
    "version", "updated_at",
]  # fmt: skip
ACTIVITY_COLUMNS = [
    "id", "organization", "contact", "type", "title", "description", "from_stage_id", "to_stage_id", "user_id",
    "run_id", "metadata", "created_at",
]  # fmt: skip
STAGE_CHANGE_COLUMNS = [
    "id", "organization", "contact", "from_pipeline_id", "from_stage_id", "to_pipeline_id", "to_stage_id",
    "moved_by", "user_id", "run_id", "reason", "seconds_in_stage", "created_at",
]  # fmt: skip
_SUGGESTION_COLUMNS = [
    "id", "organization", "contact", "pipeline", "stage", "kind", "state", "analysis_id", "run_id", "confidence",
    "recommendations", "lead_score", "lead_status", "reasoning", "evidence", "provider", "model",
    "prompt_version", "created_at",
]  # fmt: skip
_ASSIGNMENT_COLUMNS = [
    "id", "organization", "contact", "analysis_id", "run_id", "pipeline_id", "stage_id", "ai_stage",
    "ai_confidence", "provider", "model", "prompt_version", "previous_pipeline_id", "previous_stage_id",
    "previous_stage_entered_at", "previous_lead_score", "previous_lead_status", "previous_moved_by", "moved",
    "outcome", "manual_stage", "reason", "created_at",
]  # fmt: skip


def place_row(contact: Contact, now: datetime) -> tuple[Any, ...]:
    """The values of PLACE_COLUMNS."""
    return (
        contact.pk, contact.pipeline_id, contact.stage_id, contact.stage_entered_at, str(contact.moved_by),
        contact.lead_score, str(contact.lead_status), contact.needs_review, contact.version, now,
    )  # fmt: skip


def seconds_in_stage(contact: Contact, now: datetime) -> int | None:
    """How long the contact has been where it is (None: it is nowhere)."""
    if contact.stage_id is None or contact.stage_entered_at is None:
        return None
    return max(0, int((now - contact.stage_entered_at).total_seconds()))
