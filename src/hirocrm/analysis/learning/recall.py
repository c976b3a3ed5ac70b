"""What an organization's people have taught, ready for a batch of conversations.

A pipeline's cases are kept in memory and read again when there is another one, one less, or another name for
a stage; all conversations of a batch share them.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Func, Max, QuerySet
from django.db.models.functions import Left

from hirocrm.analysis.learning.cases import MOST_CASES, PORTION, build_cases
from hirocrm.analysis.learning.masking import REASON_LETTERS, excerpt_of, mask
from hirocrm.analysis.learning.similar import WordIndex, words_of
from hirocrm.analysis.local_analyst import local_analyser
from hirocrm.analysis.models import LearnedCase
from hirocrm.analysis.schema import Example, LearnedExample, Sender, TranscriptMessage
from hirocrm.contacts.models import Message
from hirocrm.core.bulk import update_rows
from hirocrm.core.text import shorten
from hirocrm.pipelines.models import Pipeline, Stage

SHOWN = 3  # examples in a prompt
TEXT_LETTERS = 1_000  # kept of a message
PIPELINES_IN_MEMORY = 6  # a full one takes about 5 MB
OLDEST_SECONDS = 600.0  # what was unsent since is gone from memory by then
# Past so many cases one more says little, and learning it takes seconds: it may wait for others.
SETTLED_CASES = 60
SETTLED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it is kept in memory."""

    example: LearnedExample
    reason: str


@dataclass(frozen=True, slots=True)
class Lessons:
    """A pipeline's cases. `examples` are those the local analyser can use without embedding them again.

    `version` is another one whenever `examples` are; empty without any.
    """

    cases: tuple[Case, ...] = ()
    examples: tuple[LearnedExample, ...] = ()
    version: str = ""
    index: WordIndex = field(default_factory=lambda: WordIndex(()))

    def similar_to(self, messages: Sequence[TranscriptMessage]) -> tuple[Example, ...]:
        """The cases most like a conversation, as a model may see them."""
        numbers = self.index.nearest(words_of(messages), limit=SHOWN) if self.cases else []
        return tuple(_shown(self.cases[number]) for number in numbers)


NOTHING = Lessons()


@dataclass(frozen=True, slots=True)
class _Kept:
    state: tuple[Any, ...]
    read_at: float
    lessons: Lessons


_memory: OrderedDict[UUID, _Kept] = OrderedDict()
_turn = threading.Lock()  # batches begin together: one of them reads, the others wait
_packing = threading.Lock()


def recall(
    *, pipeline: Pipeline | None, stages: Sequence[Stage], for_local: bool, now: datetime
) -> Lessons:
    """What people said of a pipeline's conversations so far. Two queries unless there is something new.

    `for_local`: the local analyser may be asked, so the rows it learns from are made, a portion at a time.
    """
    if pipeline is None or not stages:
        return NOTHING
    build_cases(organization_id=pipeline.organization_id, pipeline_id=pipeline.pk, now=now)
    kept = _remembered(pipeline, {stage.pk: stage.name for stage in stages})
    if for_local and len(kept.lessons.examples) < len(kept.lessons.cases):
        return _packed_by_one(pipeline, kept)
    return kept.lessons


def _remembered(pipeline: Pipeline, names: dict[UUID, str]) -> _Kept:
    """The cases in memory, read again first where they are out of date."""
    state = (_figures(pipeline), tuple(names.items()))
    with _turn:
        kept = _memory.get(pipeline.pk)
        if kept is None or _is_stale(kept, state):
            kept = _Kept(state, time.monotonic(), _lessons(_read(pipeline, names)))
        _remember(pipeline, kept)
        return kept


def _is_stale(kept: _Kept, state: tuple[Any, ...]) -> bool:
    age = time.monotonic() - kept.read_at
    if kept.state != state:
        return age > SETTLED_SECONDS or len(kept.lessons.cases) <= SETTLED_CASES
    return age > OLDEST_SECONDS


def _remember(pipeline: Pipeline, kept: _Kept) -> None:
    _memory[pipeline.pk] = kept
    _memory.move_to_end(pipeline.pk)
    while len(_memory) > PIPELINES_IN_MEMORY:
        _memory.popitem(last=False)


def _packed_by_one(pipeline: Pipeline, kept: _Kept) -> Lessons:
    """Make missing rows, unless somebody is at it: then what there is has to do, as it takes seconds."""
    if not _packing.acquire(blocking=False):
        return kept.lessons
    try:
        packed = replace(kept, lessons=_packed(kept.lessons))
        with _turn:
            if _memory.get(pipeline.pk) is kept:  # else somebody has read newer cases meanwhile
                _remember(pipeline, packed)
        return packed.lessons
    finally:
        _packing.release()


def _usable(pipeline: Pipeline) -> "QuerySet[LearnedCase]":
    return LearnedCase.objects.filter(
        organization_id=pipeline.organization_id,
        pipeline=pipeline,
        stage__isnull=False,
        assignment__undone_at=None,
    )


def _figures(pipeline: Pipeline) -> tuple[Any, ...]:
    """Numbers that change when the cases do."""
    figures = _usable(pipeline).aggregate(count=Count("pk"), newest=Max("created_at"))
    return figures["count"], figures["newest"]


def _read(pipeline: Pipeline, names: dict[UUID, str]) -> list[Case]:
    rows = list(
        _usable(pipeline)
        .order_by("-corrected_at", "-id")
        .values_list("pk", "stage_id", "message_ids", "packed_row", "assignment__reason")[
            :MOST_CASES
        ]
    )
    messages = _messages(pipeline.organization_id, [row[0] for row in rows])
    return [
        Case(
            LearnedExample(
                id=str(pk),
                messages=tuple(messages[i] for i in reversed(message_ids) if i in messages),
                stage=names[stage_id],
                packed_row=bytes(packed) if packed else None,
            ),
            reason,
        )
        for pk, stage_id, message_ids, packed, reason in rows
        if stage_id in names
    ]


def _messages(organization_id: UUID, case_ids: Sequence[UUID]) -> dict[UUID, TranscriptMessage]:
    wanted = LearnedCase.objects.filter(pk__in=case_ids).values(
        one=Func(F("message_ids"), function="unnest")
    )
    rows = (
        Message.objects.filter(organization_id=organization_id, pk__in=wanted, deleted_time=None)
        .annotate(head=Left("text", TEXT_LETTERS))
        .values_list("pk", "remote_id", "sender", "created_time", "head", "attachments")
    )
    return {
        pk: TranscriptMessage(
            id=remote_id,
            sender=Sender(sender),
            sent_at=at,
            text=text,
            kinds=tuple(item.get("type", "") for item in attachments),
        )
        for pk, remote_id, sender, at, text, attachments in rows
    }


def _lessons(cases: Sequence[Case]) -> Lessons:
    examples = tuple(case.example for case in cases if case.example.packed_row)
    digest = hashlib.sha256("|".join(f"{e.id} {e.stage}" for e in examples).encode())
    return Lessons(
        cases=tuple(cases),
        examples=examples,
        version=digest.hexdigest()[:16] if examples else "",
        index=WordIndex(words_of(case.example.messages) for case in cases),
    )


def _packed(lessons: Lessons) -> Lessons:
    """Make and store the local analyser's rows of some cases that have none, the newest first."""
    todo = [case.example for case in lessons.cases if not case.example.packed_row][:PORTION]
    rows = {example.id: local_analyser().packed_row(example.messages) for example in todo}
    update_rows(
        LearnedCase, ["id", "packed_row"], [(UUID(pk), packed) for pk, packed in rows.items()]
    )
    return _lessons(
        [
            replace(case, example=replace(case.example, packed_row=rows[case.example.id]))
            if case.example.id in rows
            else case
            for case in lessons.cases
        ]
    )


def _shown(case: Case) -> Example:
    return Example(
        excerpt=excerpt_of(case.example.messages),
        stage=case.example.stage,
        reason=shorten(mask(case.reason), REASON_LETTERS),
    )
