"""Conversations as analysers see them: read from the database in a few queries a batch."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from hirocrm.analysis.analysers import LOCAL
from hirocrm.analysis.learning import Lessons, recall
from hirocrm.analysis.models import Analysis
from hirocrm.analysis.prompts import PROMPT_VERSION, input_hash
from hirocrm.analysis.schema import (
    AnalysisRequest,
    Example,
    Platform,
    Sender,
    StageOption,
    StageType,
    TranscriptMessage,
)
from hirocrm.contacts.models import Contact, Conversation, Message
from hirocrm.organizations.models import Organization
from hirocrm.pipelines.assign import Rules

# What is read of a long conversation; the prompt's token budget cuts further.
FIRST_MESSAGES = 10
NEWEST_MESSAGES = 150
_UNSENT = Message.objects.filter(conversation=OuterRef("pk"), deleted_time__isnull=False)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who would answer, as far as an answer's identity goes."""

    provider: str
    model: str
    may_be_local: bool  # whether the local analyser is in the order at all


@dataclass(frozen=True, slots=True)
class Reading:
    """A conversation ready to be read. `known` is the answer to this very input, if it was ever given."""

    conversation: Conversation
    contact: Contact
    request: AnalysisRequest
    message_ids: tuple[UUID, ...]
    input_hash: str
    known: Analysis | None


def settings_hash(*, rules: Rules, asker: Asker, organization: Organization) -> str:
    """A digest of all that decides an answer beside the messages; another one means: analyse again."""
    pipeline = rules.pipeline
    parts = [
        asker.provider,
        asker.model,
        PROMPT_VERSION,
        organization.language,
        organization.business_description,
        [pipeline.ai_prompt, pipeline.ai_examples, pipeline.business_description]
        if pipeline
        else None,
        [[s.name, s.type, s.description] for s in rules.stages],
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def read_conversations(
    *,
    organization: Organization,
    conversation_ids: Sequence[UUID],
    rules: Rules,
    asker: Asker,
    now: datetime,
) -> list[Reading]:
    """The conversations that hold text, each with what an analyser is to be asked. Five queries.

    What people taught since the last batch is read once by whoever comes first: a few queries more.
    """
    conversations = list(
        Conversation.objects.filter(
            organization=organization, pk__in=conversation_ids, has_text=True
        )
        .select_related("contact")
        .defer("contact__search", "contact__search_text")
        .annotate(has_unsent=Exists(_UNSENT))
    )
    messages = _messages(conversations)
    lessons = recall(
        pipeline=rules.pipeline,
        stages=rules.stages,
        for_local=asker.may_be_local,
        now=now,
    )
    template = replace(_template(organization, rules, now), learned=lessons.examples)
    drafts = [
        (c, messages[c.pk], _request(template, c, messages[c.pk], lessons, c.has_unsent))
        for c in conversations
    ]
    model = _model_as_taught(asker, lessons)
    hashes = [input_hash(r, provider=asker.provider, model=model) for _, _, r in drafts]
    known = _known(conversations, hashes)
    return [
        Reading(
            conversation=conversation,
            contact=conversation.contact,
            request=request,
            message_ids=tuple(row.id for row in rows),
            input_hash=digest,
            known=known.get((conversation.pk, digest)),
        )
        for (conversation, rows, request), digest in zip(drafts, hashes, strict=True)
    ]


def _model_as_taught(asker: Asker, lessons: Lessons) -> str:
    """The local analyser is another one after each lesson, so it is asked again; a vendor would charge for that."""
    taught = asker.provider == LOCAL and lessons.version
    return f"{asker.model}+{lessons.version}" if taught else asker.model


class _Row(NamedTuple):
    """What a message's row says to an analyser. A model's instance would cost three times as much."""

    created_time: datetime
    id: UUID
    conversation_id: UUID
    remote_id: str
    sender: str
    text: str | None
    attachments: list[dict[str, Any]]


def _messages(conversations: Sequence[Conversation]) -> dict[UUID, list[_Row]]:
    """The beginning and the latest part of each conversation, oldest first."""
    rows = Message.objects.filter(
        conversation_id__in=[c.pk for c in conversations], deleted_time=None
    )
    if any(c.stored_count > FIRST_MESSAGES + NEWEST_MESSAGES for c in conversations):
        rows = _both_ends(rows)
    found: dict[UUID, list[_Row]] = defaultdict(list)
    for values in rows.values_list(*_Row._fields):
        row = _Row(*values)
        found[row.conversation_id].append(row)
    for group in found.values():
        group.sort()  # by time, then by id
    return found


def _both_ends(rows: QuerySet[Message]) -> QuerySet[Message]:
    """Without the middle of long conversations. Only for those: numbering rows is dear."""
    each = F("conversation_id")
    return rows.annotate(
        from_start=Window(
            RowNumber(), partition_by=each, order_by=[F("created_time").asc(), F("id").asc()]
        ),
        from_end=Window(
            RowNumber(), partition_by=each, order_by=[F("created_time").desc(), F("id").desc()]
        ),
    ).filter(Q(from_start__lte=FIRST_MESSAGES) | Q(from_end__lte=NEWEST_MESSAGES))


def _template(organization: Organization, rules: Rules, now: datetime) -> AnalysisRequest:
    """What all conversations of a batch have in common."""
    pipeline = rules.pipeline
    return AnalysisRequest(
        messages=(),
        stages=tuple(StageOption(s.name, StageType(s.type), s.description) for s in rules.stages),
        language=organization.language,
        pipeline_name=pipeline.name if pipeline else "",
        pipeline_instructions=pipeline.ai_prompt if pipeline else "",
        pipeline_examples=_examples(pipeline.ai_examples if pipeline else []),
        business_description=(pipeline and pipeline.business_description)
        or organization.business_description,
        now=now,
    )


def _examples(raw: Sequence[dict[str, str]]) -> tuple[Example, ...]:
    return tuple(
        Example(excerpt=item["excerpt"], stage=item["stage"], reason=item.get("reason", ""))
        for item in raw
        if item.get("excerpt") and item.get("stage")
    )


def _request(
    template: AnalysisRequest,
    conversation: Conversation,
    rows: Sequence[_Row],
    lessons: Lessons,
    has_unsent: bool,  # noqa: FBT001  # one of many that describe the conversation
) -> AnalysisRequest:
    messages = tuple(
        TranscriptMessage(
            id=row.remote_id,
            sender=Sender(row.sender),
            sent_at=row.created_time,
            text=row.text,
            kinds=tuple(a.get("type", "") for a in row.attachments),
        )
        for row in rows
    )
    return AnalysisRequest(
        messages=messages,
        stages=template.stages,
        platform=Platform(conversation.platform),
        language=template.language,
        pipeline_name=template.pipeline_name,
        pipeline_instructions=template.pipeline_instructions,
        pipeline_examples=template.pipeline_examples,
        business_description=template.business_description,
        # An earlier summary may tell what was unsent since.
        previous_summary="" if has_unsent else conversation.contact.ai_context,
        message_count=conversation.message_count,
        now=template.now,
        corrections=lessons.similar_to(messages),
        learned=template.learned,
    )


def _known(
    conversations: Sequence[Conversation], hashes: Sequence[str]
) -> dict[tuple[UUID, str], Analysis]:
    rows = Analysis.objects.filter(
        conversation_id__in=[c.pk for c in conversations], input_hash__in=hashes
    )
    return {(row.conversation_id, row.input_hash): row for row in rows}
