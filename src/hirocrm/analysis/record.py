"""Answers in, rows out: analyses, the contact's AI columns, the conversation's state and the spend."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F

from hirocrm.analysis.models import Analysis, DailySpend
from hirocrm.analysis.schema import AnalysisAnswer, Spent
from hirocrm.analysis.transcripts import Reading
from hirocrm.contacts.models import AnalysisState, Contact, Conversation
from hirocrm.core.bulk import array_text, insert_rows, update_rows
from hirocrm.core.ids import new_id
from hirocrm.core.text import clean, shorten

ERROR_LENGTH = 500
# So many attempts say that only news, other settings or a person bring the next one.
GIVEN_UP_ATTEMPTS = 30_000
MODEL_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Answered:
    """A conversation with its answer: a fresh one, or (`answer` None) the one already known."""

    reading: Reading
    answer: AnalysisAnswer | None
    wasted: Sequence[Spent] = ()  # on analysers that gave none before

    @property
    def paid(self) -> tuple[Spent, ...]:
        """What vendors took for it."""
        given = self.answer
        own = (Spent(given.provider, given.model, given.usage),) if given else ()
        return (*self.wasted, *own)


@dataclass(frozen=True, slots=True)
class Failed:
    """A conversation without an answer, and why in one sentence."""

    reading: Reading
    sentence: str
    code: str
    is_final: bool = False  # asking again would bring the same
    wasted: Sequence[Spent] = ()

    @property
    def paid(self) -> tuple[Spent, ...]:
        """What vendors took all the same."""
        return tuple(self.wasted)


def record_answers(
    *,
    organization_id: UUID,
    answered: Sequence[Answered],
    settings_hash: str,
    pipeline_id: UUID | None,
    run_id: UUID | None,
    now: datetime,
) -> list[Analysis]:
    """Store `answered` in the caller's transaction; returns each one's analysis, in order.

    The contacts are changed in memory only: their row is written once, with their new place. What the answers cost is
    the caller's to add (`add_spend`).
    """
    stored = _stored_meanwhile([i.reading for i in answered if i.answer is not None])
    rows = [
        item.reading.known
        or stored.get((item.reading.conversation.pk, item.reading.input_hash))
        or _row(organization_id, item, pipeline_id, run_id, now)
        for item in answered
    ]
    old = {row.pk for row in stored.values()}
    fresh = [
        row
        for row, item in zip(rows, answered, strict=True)
        if item.answer is not None and row.pk not in old
    ]
    insert_rows(
        Analysis, _COLUMNS, [_values(row) for row in fresh],
        on_conflict="(conversation_id, input_hash) DO NOTHING",
    )  # fmt: skip
    for item, row in zip(answered, rows, strict=True):
        _note_on_contact(item.reading.contact, row, now)
    _mark_done([item.reading for item in answered], settings_hash)
    return rows


def _stored_meanwhile(readings: Sequence[Reading]) -> dict[tuple[UUID, str], Analysis]:
    """Answers to the same input that another run has stored since these were read; their contacts are locked."""
    rows = Analysis.objects.filter(
        conversation_id__in=[r.conversation.pk for r in readings],
        input_hash__in=[r.input_hash for r in readings],
    )
    return {(row.conversation_id, row.input_hash): row for row in rows}


def _row(
    organization_id: UUID,
    item: Answered,
    pipeline_id: UUID | None,
    run_id: UUID | None,
    now: datetime,
) -> Analysis:
    answer = item.answer
    assert answer is not None  # noqa: S101  # the caller asked for what is not known
    result, reading = answer.result, item.reading
    return Analysis(
        id=new_id(),
        organization_id=organization_id,
        contact=reading.contact,
        conversation=reading.conversation,
        run_id=run_id,
        pipeline_id=pipeline_id,
        summary=clean(result.summary),
        recommended_stage=shorten(clean(result.recommended_stage), 200),
        recommendations=[r.model_dump(by_alias=True) for r in result.recommendations],
        lead_score=result.lead_score,
        lead_status=result.lead_status.value,
        confidence=result.confidence,
        reasoning=clean(result.reasoning),
        evidence=[{"messageId": e.message_id, "quote": clean(e.quote)} for e in result.evidence],
        sentiment=result.sentiment.value,
        urgency=result.urgency.value,
        intent_score=result.intent_score,
        topics=[clean(topic) for topic in result.topics],
        pain_points=[clean(point) for point in result.pain_points],
        buying_signals=result.buying_signals,
        next_best_action=clean(result.next_best_action),
        suggested_follow_up_date=result.suggested_follow_up_date,
        priority=result.priority.value,
        language=clean(result.language)[:35],
        provider=answer.provider,
        model=answer.model[:MODEL_LENGTH],
        prompt_version=answer.prompt_version,
        input_hash=reading.input_hash,
        tokens_in=answer.usage.tokens_in,
        tokens_out=answer.usage.tokens_out,
        tokens_cached=answer.usage.tokens_cached,
        cost_micro_usd=answer.usage.cost_micro_usd,
        duration_ms=answer.duration_ms,
        covered_message_ids=list(reading.message_ids),
        message_count=reading.conversation.message_count,
        created_at=now,
    )


_COLUMNS = [
    "id", "organization", "contact", "conversation", "run_id", "pipeline_id", "summary", "recommended_stage",
    "recommendations", "lead_score", "lead_status", "confidence", "reasoning", "evidence", "sentiment",
    "urgency", "intent_score", "topics", "pain_points", "buying_signals", "next_best_action",
    "suggested_follow_up_date", "priority", "language", "provider", "model", "prompt_version", "input_hash",
    "tokens_in", "tokens_out", "tokens_cached", "cost_micro_usd", "duration_ms", "covered_message_ids",
    "message_count", "created_at",
]  # fmt: skip


def _values(row: Analysis) -> tuple[object, ...]:
    """The values of _COLUMNS. Django's bulk_create costs three times the CPU for rows this wide."""
    return (
        row.pk, row.organization_id, row.contact_id, row.conversation_id, row.run_id, row.pipeline_id,
        row.summary, row.recommended_stage, json.dumps(row.recommendations), row.lead_score,
        str(row.lead_status), row.confidence, row.reasoning, json.dumps(row.evidence), str(row.sentiment),
        str(row.urgency), row.intent_score, json.dumps(row.topics), json.dumps(row.pain_points),
        row.buying_signals, row.next_best_action, row.suggested_follow_up_date, str(row.priority),
        row.language, row.provider, row.model, row.prompt_version, row.input_hash, row.tokens_in,
        row.tokens_out, row.tokens_cached, row.cost_micro_usd, row.duration_ms,
        array_text(row.covered_message_ids), row.message_count, row.created_at,
    )  # fmt: skip


AI_COLUMNS = ["ai_context", "ai_context_updated_at", "ai_confidence", "sentiment", "urgency"]


def ai_row(contact: Contact) -> tuple[object, ...]:
    """The values of AI_COLUMNS."""
    return (
        contact.ai_context, contact.ai_context_updated_at, contact.ai_confidence, str(contact.sentiment),
        str(contact.urgency),
    )  # fmt: skip


def _note_on_contact(contact: Contact, analysis: Analysis, now: datetime) -> None:
    contact.ai_context, contact.ai_context_updated_at = analysis.summary, now
    contact.ai_confidence = analysis.confidence
    contact.sentiment, contact.urgency = analysis.sentiment, analysis.urgency


def _mark_done(readings: Sequence[Reading], settings_hash: str) -> None:
    """The revision that was read is noted, not the current one: news that came meanwhile is still unread."""
    columns = [
        "id", "analysis_state", "analysis_error", "analysis_attempts", "analysed_revision", "analysed_settings",
    ]  # fmt: skip
    rows = [
        (r.conversation.pk, AnalysisState.DONE.value, "", 0, r.conversation.revision, settings_hash)
        for r in readings
    ]
    update_rows(Conversation, columns, rows)


def record_failures(*, failed: Sequence[Failed], settings_hash: str) -> None:
    """Note why there is no answer; earlier summaries stay, and the conversation waits for another try.

    After a final failure it waits for news, other settings, or a person who asks for it.
    """
    columns = ["id", "analysis_state", "analysis_error", "analysis_attempts", "analysed_settings"]
    rows = [
        (f.reading.conversation.pk, AnalysisState.FAILED.value, shorten(clean(f.sentence), ERROR_LENGTH),
         GIVEN_UP_ATTEMPTS if f.is_final else min(f.reading.conversation.analysis_attempts + 1, GIVEN_UP_ATTEMPTS),
         settings_hash)
        for f in failed
    ]  # fmt: skip
    update_rows(Conversation, columns, rows)


def add_spend(organization_id: UUID, paid: Sequence[Spent], now: datetime) -> None:
    """Add tokens and money to the day's figures, whether the answers are kept or not."""
    totals: dict[tuple[str, str], list[int]] = {}
    for spent in paid:
        total = totals.setdefault((spent.provider, spent.model[:MODEL_LENGTH]), [0, 0, 0, 0])
        usage = spent.usage
        amounts = (1, usage.tokens_in, usage.tokens_out, usage.cost_micro_usd or 0)
        for index, amount in enumerate(amounts):
            total[index] += amount
    # In one order in every process, so that two of them can't wait for each other.
    DailySpend.objects.bulk_create(
        [
            DailySpend(
                organization_id=organization_id, day=now.date(), provider=provider, model=model
            )
            for provider, model in sorted(totals)
        ],
        ignore_conflicts=True,
    )
    for (provider, model), (calls, tokens_in, tokens_out, cost) in sorted(totals.items()):
        DailySpend.objects.filter(
            organization_id=organization_id, day=now.date(), provider=provider, model=model
        ).update(
            calls=F("calls") + calls,
            tokens_in=F("tokens_in") + tokens_in,
            tokens_out=F("tokens_out") + tokens_out,
            cost_micro_usd=F("cost_micro_usd") + cost,
        )
