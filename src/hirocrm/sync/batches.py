"""Which conversations need an analyser, and handing them over in batches, each with its job."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import F, Func, Q, QuerySet

from hirocrm.analysis.record import GIVEN_UP_ATTEMPTS
from hirocrm.contacts.ingest import Ingested
from hirocrm.contacts.models import AnalysisState, Conversation
from hirocrm.core import jobs
from hirocrm.core.ids import new_id
from hirocrm.meta.models import AutoPipelineMode, Page
from hirocrm.pipelines.assign import Rules
from hirocrm.sync.models import AnalysisBatch, SyncRun

BATCH_SIZE = 20  # a job costs 2-4 ms of the queue's time, so it carries several conversations
SWEEP_SIZE = 500  # conversations looked up at a time when a whole Page is gone through
ANALYSIS_QUEUE = "analysis"


def wants_analysis(item: Ingested, rules: Rules, settings_hash: str, now: datetime) -> bool:
    """Whether a conversation just ingested has to be read: there is text, and something changed."""
    conversation = item.conversation
    if not conversation.has_text:
        return False
    if _is_unread(conversation):
        return not _is_given_up(conversation, settings_hash)
    return conversation.analysed_settings != settings_hash and not rules.is_protected(
        item.contact, now
    )


def under_way(run: SyncRun, conversation_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these conversations that wait for the analyser in one of the run's batches."""
    if not conversation_ids:
        return set()
    rows = AnalysisBatch.objects.filter(
        organization_id=run.organization_id,
        run=run,
        finished_at=None,
        conversation_ids__overlap=list(conversation_ids),
    )
    waiting = rows.values_list("conversation_ids", flat=True)
    return {one for ids in waiting for one in ids}.intersection(conversation_ids)


def _is_unread(conversation: Conversation) -> bool:
    return (
        conversation.analysed_revision != conversation.revision
        or conversation.analysis_state == AnalysisState.FAILED
    )


def _is_given_up(conversation: Conversation, settings_hash: str) -> bool:
    """Whether the same question was refused for good; news sets its attempts back."""
    return (
        conversation.analysis_state == AnalysisState.FAILED
        and conversation.analysis_attempts >= GIVEN_UP_ATTEMPTS
        and conversation.analysed_settings == settings_hash
    )


def unread_conversations(
    page: Page, rules: Rules, settings_hash: str, run: SyncRun
) -> QuerySet[Conversation]:
    """`wants_analysis` as a query over a Page's conversations, those this run has tried left out."""
    changed = (
        Q(analysed_revision=None)
        | ~Q(analysed_revision=F("revision"))
        | Q(analysis_state=AnalysisState.FAILED)
    )
    other_settings = ~Q(analysed_settings=settings_hash)
    if rules.mode is AutoPipelineMode.SKIP_EXISTING:
        other_settings &= Q(contact__pipeline_id=None)
    given_up = Q(
        analysis_state=AnalysisState.FAILED,
        analysis_attempts__gte=GIVEN_UP_ATTEMPTS,
        analysed_settings=settings_hash,
    )
    tried = AnalysisBatch.objects.filter(organization_id=page.organization_id, run=run).values_list(
        Func(F("failed_ids"), function="unnest")
    )
    unread = _readable(page).filter(changed | other_settings)
    return unread.exclude(given_up).exclude(pk__in=tried)


def unevaluated_conversations(page: Page, run: SyncRun) -> QuerySet[Conversation]:
    """All of a Page's conversations that this run hasn't evaluated yet."""
    return _readable(page).filter(
        Q(contact__ai_context_updated_at=None)
        | Q(contact__ai_context_updated_at__lt=run.started_at)
    )


def _readable(page: Page) -> QuerySet[Conversation]:
    return Conversation.objects.filter(
        organization_id=page.organization_id, page=page, has_text=True
    ).exclude(analysis_state=AnalysisState.PENDING)


def enqueue(
    *,
    organization_id: UUID,
    page_id: UUID,
    run: SyncRun | None,
    conversation_ids: Sequence[UUID],
    now: datetime,
) -> int:
    """Hand conversations to the analyser, in the caller's transaction; returns how many batches."""
    batches = [
        AnalysisBatch(
            id=new_id(),
            organization_id=organization_id,
            run=run,
            page_id=page_id,
            conversation_ids=list(conversation_ids[start : start + BATCH_SIZE]),
            created_at=now,
        )
        for start in range(0, len(conversation_ids), BATCH_SIZE)
    ]
    if not batches:
        return 0
    AnalysisBatch.objects.bulk_create(batches)
    Conversation.objects.filter(pk__in=conversation_ids).update(
        analysis_state=AnalysisState.PENDING
    )
    jobs.defer_many(
        "sync.analyse_batch",
        [{"organization_id": str(organization_id), "batch_id": str(batch.pk)} for batch in batches],
        queue=ANALYSIS_QUEUE,
    )
    return len(batches)


def enqueue_by_page(rows: Iterable[tuple[UUID, UUID, UUID]], *, now: datetime) -> int:
    """Hand over conversations that belong to no run, each as (organization, page, conversation); returns how many.

    In the caller's transaction, as `enqueue`.
    """
    by_page: defaultdict[tuple[UUID, UUID], list[UUID]] = defaultdict(list)
    for organization_id, page_id, conversation_id in rows:
        by_page[organization_id, page_id].append(conversation_id)
    for (organization_id, page_id), ids in by_page.items():
        enqueue(
            organization_id=organization_id,
            page_id=page_id,
            run=None,
            conversation_ids=ids,
            now=now,
        )
    return sum(len(ids) for ids in by_page.values())
