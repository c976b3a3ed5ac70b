"""What an analyser said of a group of conversations becomes rows, in one transaction."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from hirocrm.analysis.models import Analysis
from hirocrm.analysis.record import (
    AI_COLUMNS,
    Answered,
    Failed,
    add_spend,
    ai_row,
    record_answers,
    record_failures,
)
from hirocrm.analysis.schema import Spent
from hirocrm.analysis.transcripts import Asker, settings_hash
from hirocrm.contacts.models import AnalysisState, Contact, Conversation
from hirocrm.core import jobs
from hirocrm.core.bulk import update_rows
from hirocrm.core.events import NAMED_MAX, publish
from hirocrm.core.text import shorten
from hirocrm.pipelines.assign import (
    PLACE_COLUMNS,
    Assigned,
    Decision,
    Rules,
    Verdict,
    assign,
    place_row,
    rules_of,
)
from hirocrm.sync import lifecycle
from hirocrm.sync.batches import ANALYSIS_QUEUE
from hirocrm.sync.lifecycle import Trouble
from hirocrm.sync.models import AnalysisBatch, RunStatus, SyncRun
from hirocrm.sync.plan import Plan

# Reasons that concern the provider, not the one conversation: told once in a run, with a count.
COMMON_CODES = frozenset(
    {
        "budget_reached",
        "key_refused",
        "model_retired",
        "no_model",
    }
)


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """What the conversations of a batch are read by, and for which run."""

    organization_id: UUID
    page_id: UUID
    run_id: UUID | None
    user_id: UUID | None
    rules: Rules
    settings_hash: str

    @property
    def key(self) -> tuple[object, ...]:
        """What two batches must share for their outcomes to be written together."""
        return self.page_id, self.run_id, self.user_id, self.settings_hash, self.rules.mode


def reading_plan(batch: AnalysisBatch, plan: Plan | None, asker: Asker) -> ReadingPlan:
    """The plan of a batch: its run's, or (a webhook's batch has none) its Page's as it stands."""
    page = batch.page
    assert page is not None  # noqa: S101  # a batch is of one Page
    rules = plan.rules if plan else rules_of(page)
    member = batch.run.started_by if batch.run else None
    return ReadingPlan(
        organization_id=batch.organization_id,
        page_id=page.pk,
        run_id=batch.run_id,
        user_id=member.user_id if member else None,
        rules=rules,
        settings_hash=plan.settings_hash
        if plan
        else settings_hash(rules=rules, asker=asker, organization=page.organization),
    )


@transaction.atomic
def record(
    *, plan: ReadingPlan, items: Sequence[tuple[UUID, Answered | Failed]], now: datetime
) -> bool:
    """Write a group of outcomes; returns whether their run was cancelled meanwhile.

    Each conversation leaves its batch with its rows, so a batch that is run again (its worker was
    killed) goes on with what is left.
    """
    _commit_without_waiting_for_the_disk()
    ours = _still_in_batch(items)
    answered = [item for _, item in ours if isinstance(item, Answered)]
    failed = [item for _, item in ours if isinstance(item, Failed)]
    _lock_contacts([item.reading.contact for _, item in ours])
    analyses = record_answers(
        organization_id=plan.organization_id,
        answered=answered,
        settings_hash=plan.settings_hash,
        pipeline_id=plan.rules.pipeline.pk if plan.rules.pipeline else None,
        run_id=plan.run_id,
        now=now,
    )
    assigned = _assign(plan, answered, analyses, now)
    _save_contacts([item.reading.contact for item in answered], now)
    record_failures(failed=failed, settings_hash=plan.settings_hash)
    _leave_batches(ours)
    _tell(plan, ours)
    # Of all of them: what came too late for a cancelled run was paid for as well.
    paid = [spent for _, item in items for spent in item.paid]
    add_spend(plan.organization_id, paid, now)
    if plan.run_id is None:
        return False
    _add_to_run(plan, answered, failed, assigned, paid)
    run = SyncRun.objects.only("cancel_requested_at", "organization_id", "page_id").get(
        pk=plan.run_id
    )
    lifecycle.tell(run)
    return run.cancel_requested_at is not None


@transaction.atomic
def charge(*, plan: ReadingPlan, paid: Sequence[Spent], now: datetime) -> None:
    """Count what vendors took for a conversation that nothing else is to be written about."""
    add_spend(plan.organization_id, paid, now)
    if plan.run_id is not None:
        lifecycle.count(plan.run_id, **_sums(paid))


def _tell(plan: ReadingPlan, ours: Sequence[tuple[UUID, Answered | Failed]]) -> None:
    """News for open pages; few contacts are named, so that only their own pages look again."""
    contacts = sorted({str(item.reading.contact.pk) for _, item in ours})
    few = {"contacts": contacts} if len(contacts) <= NAMED_MAX else {}
    publish(
        organization_id=plan.organization_id,
        kind="contacts.changed",
        page=str(plan.page_id),
        **few,
    )


def _commit_without_waiting_for_the_disk() -> None:
    """Let this transaction's commit return at once.

    Should the database itself crash in that moment, answers and batches fall back together and are
    read again; what commits later, such as the end of their job, carries these along to the disk.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")


def _still_in_batch(
    items: Sequence[tuple[UUID, Answered | Failed]],
) -> list[tuple[UUID, Answered | Failed]]:
    """The outcomes whose conversation nobody has written yet; their batches are locked."""
    rows = (
        AnalysisBatch.objects.select_for_update()
        .filter(pk__in={b for b, _ in items})
        .order_by("id")
    )
    open_ids = {row.pk: set(row.conversation_ids) for row in rows if row.finished_at is None}
    return [
        (batch_id, item)
        for batch_id, item in items
        if item.reading.conversation.pk in open_ids.get(batch_id, ())
    ]


def _lock_contacts(contacts: Sequence[Contact]) -> None:
    """Lock the contacts in one order, and bring the given objects up to date with what was moved meanwhile."""
    fresh = {
        row.pk: row
        for row in Contact.objects.select_for_update()
        .filter(pk__in={c.pk for c in contacts})
        .defer("search", "search_text")
        .order_by("id")
    }
    for contact in contacts:
        row = fresh.get(contact.pk)
        if row is None:
            continue
        for name in ("pipeline_id", "stage_id", "stage_entered_at", "moved_by", "moved_by_person_at",
                     "lead_score", "lead_status", "needs_review", "version"):  # fmt: skip
            setattr(contact, name, getattr(row, name))


def _save_contacts(contacts: Sequence[Contact], now: datetime) -> None:
    rows = [(*place_row(c, now), *ai_row(c)) for c in {c.pk: c for c in contacts}.values()]
    update_rows(Contact, [*PLACE_COLUMNS, *AI_COLUMNS], rows)


def _assign(
    plan: ReadingPlan, answered: Sequence[Answered], analyses: Sequence[Analysis], now: datetime
) -> Assigned:
    # A contact with two conversations is placed by the one that was answered last here.
    verdicts = {
        item.reading.contact.pk: Verdict(
            contact=item.reading.contact,
            analysis_id=row.pk,
            recommended_stage=row.recommended_stage,
            recommendations=row.recommendations,
            lead_score=row.lead_score,
            lead_status=str(row.lead_status),
            confidence=row.confidence,
            reasoning=row.reasoning,
            evidence=row.evidence,
            provider=row.provider,
            model=row.model,
            prompt_version=row.prompt_version,
        )
        for item, row in zip(answered, analyses, strict=True)
    }
    return assign(
        organization_id=plan.organization_id,
        rules=plan.rules,
        verdicts=list(verdicts.values()),
        run_id=plan.run_id,
        user_id=plan.user_id,
        now=now,
    )


def _leave_batches(items: Sequence[tuple[UUID, Answered | Failed]]) -> None:
    table = AnalysisBatch._meta.db_table  # noqa: SLF001  # Django documents _meta
    done: dict[UUID, list[UUID]] = defaultdict(list)
    failed: dict[UUID, list[UUID]] = defaultdict(list)
    for batch_id, item in items:
        done[batch_id].append(item.reading.conversation.pk)
        if isinstance(item, Failed):
            failed[batch_id].append(item.reading.conversation.pk)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET failed_ids = failed_ids || %s::uuid[], conversation_ids = ARRAY("  # noqa: S608
            "SELECT id FROM unnest(conversation_ids) AS id WHERE id <> ALL(%s)) WHERE id = %s",
            [(failed[batch_id], ids, batch_id) for batch_id, ids in sorted(done.items())],
        )


def _add_to_run(
    plan: ReadingPlan,
    answered: Sequence[Answered],
    failed: Sequence[Failed],
    assigned: Assigned,
    paid: Sequence[Spent],
) -> None:
    run = SyncRun(pk=plan.run_id, organization_id=plan.organization_id)
    lifecycle.record_troubles(run, [_trouble(item) for item in failed])
    lifecycle.count(
        run.pk,
        analyzed=len(answered),
        auto_assigned=assigned.count(Decision.MOVED, Decision.CONFIRMED),
        needs_review=assigned.count(Decision.REVIEW),
        skipped=assigned.count(Decision.SKIPPED),
        failed=len(failed),
        **_sums(paid),
    )


def _sums(paid: Sequence[Spent]) -> dict[str, int]:
    """The run's columns of what was paid."""
    return {
        "tokens_in": sum(spent.usage.tokens_in for spent in paid),
        "tokens_out": sum(spent.usage.tokens_out for spent in paid),
        "cost_micro_usd": sum(spent.usage.cost_micro_usd or 0 for spent in paid),
    }


def _trouble(item: Failed) -> Trouble:
    conversation, contact = item.reading.conversation, item.reading.contact
    common = item.code in COMMON_CODES
    return Trouble(
        error=item.sentence,
        code=item.code,
        platform=conversation.platform,
        remote_id="" if common else (contact.messenger_psid or contact.instagram_sid or ""),
        conversation_id=None if common else conversation.pk,
    )


@transaction.atomic
def close_batch(*, batch_id: UUID, now: datetime) -> None:
    """Close a batch; conversations still in it had nothing to read. The run ends with its last batch."""
    _commit_without_waiting_for_the_disk()  # the others of the run wait for its row meanwhile
    batch = AnalysisBatch.objects.select_for_update(of=("self",)).get(pk=batch_id)
    Conversation.objects.filter(
        pk__in=batch.conversation_ids, analysis_state=AnalysisState.PENDING
    ).update(analysis_state=AnalysisState.NONE)
    AnalysisBatch.objects.filter(pk=batch_id, finished_at=None).update(finished_at=now)
    if batch.run_id is not None:
        lifecycle.finish_if_done(run_id=batch.run_id, now=now)


def give_back(batch: AnalysisBatch, *, now: datetime) -> None:
    """Close a batch of a cancelled run without reading it."""
    close_batch(batch_id=batch.pk, now=now)


@transaction.atomic
def abandon_batch(*, batch_id: UUID, sentence: str, code: str, now: datetime) -> None:
    """Close a batch that can't be read at all (a fault of ours); its conversations will be tried again."""
    batch = AnalysisBatch.objects.select_for_update(of=("self",)).get(pk=batch_id)
    left = Conversation.objects.filter(
        pk__in=batch.conversation_ids, analysis_state=AnalysisState.PENDING
    )
    count = left.update(analysis_state=AnalysisState.FAILED, analysis_error=sentence)
    if batch.run_id is not None and count:
        run = SyncRun(pk=batch.run_id, organization_id=batch.organization_id)
        lifecycle.record_troubles(run, [Trouble(error=sentence, code=code)])
        lifecycle.count(batch.run_id, failed=count)
    close_batch(batch_id=batch_id, now=now)


@transaction.atomic
def come_back(*, batch_id: UUID, at: datetime, why: str) -> None:
    """Queue the batch for when the first key is free; nothing failed, and its run says what it waits for."""
    batch = AnalysisBatch.objects.select_related("run").get(pk=batch_id)
    jobs.defer(
        "sync.analyse_batch",
        queue=ANALYSIS_QUEUE,
        schedule_at=at,
        organization_id=str(batch.organization_id),
        batch_id=str(batch.pk),
    )
    if batch.run is not None:
        SyncRun.objects.filter(pk=batch.run.pk, finished_at=None).update(
            waiting_until=at, waiting_for=shorten(why, 200)
        )
        lifecycle.tell(batch.run)


def wait_is_over(run_id: UUID, *, now: datetime) -> None:
    """Take back the note of what the run waited for."""
    SyncRun.objects.filter(pk=run_id, status=RunStatus.RUNNING, waiting_until__lte=now).update(
        waiting_until=None, waiting_for=""
    )


def tell_wait(*, run_id: UUID, until: datetime | None) -> None:
    """Note until when the run waits for an AI key (None: it goes on)."""
    why = "Every AI key has used up its quota for now." if until else ""
    run = SyncRun.objects.filter(pk=run_id, finished_at=None).first()
    if run is not None and run.status == RunStatus.RUNNING:
        SyncRun.objects.filter(pk=run_id).update(waiting_until=until, waiting_for=why)
        lifecycle.tell(run)
