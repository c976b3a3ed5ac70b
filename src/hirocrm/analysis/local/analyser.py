"""The analyser that needs no key and no network: `LocalAnalyser`."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hirocrm.analysis.local import narrative, signals
from hirocrm.analysis.local.artefacts import Shipped, shipped
from hirocrm.analysis.local.embedding import CachedEmbedder, Embedder, find_embedder
from hirocrm.analysis.local.families import SALES
from hirocrm.analysis.local.features import FEATURE_COUNT
from hirocrm.analysis.local.injections import without_injections
from hirocrm.analysis.local.language import UNKNOWN, language_of
from hirocrm.analysis.local.learning import (
    Correction,
    StageModel,
    corrected_model,
    fit_kinds,
    shipped_model,
)
from hirocrm.analysis.local.quotes import citations, evidence_of
from hirocrm.analysis.local.reading import Reading
from hirocrm.analysis.local.rows import EMBEDDED_TURNS, Described, describe, pack_row, unpack_row
from hirocrm.analysis.local.sentiment import sentiment_of
from hirocrm.analysis.local.situation import situation_of
from hirocrm.analysis.local.stage_mapping import StageMapping, map_stages
from hirocrm.analysis.local.turns import Turn, content_hash, turns_of
from hirocrm.analysis.local.wording import sentences_in
from hirocrm.analysis.schema import (
    AnalysisAnswer,
    AnalysisRequest,
    AnalysisResult,
    Recommendation,
    StageOption,
    TranscriptMessage,
    Usage,
)

__all__ = ["Correction", "LocalAnalyser", "default_analyser"]

MODEL: Final = "local-1"
MODEL_WITHOUT_EMBEDDINGS: Final = "local-1-features"
_CACHED_MODELS = 32  # a head over 1,800 columns and a dozen stages is about 0.1 MB
_FOREIGN_TEMPERATURE = 1.25  # the head was fitted on English: elsewhere it is a little too sure
_MOST_SURE_WITHOUT_TEXT = 0.4


class _FindEmbedder:
    """Says "use whatever is installed", where None says "use none"."""


_INSTALLED: Final = _FindEmbedder()


class LocalAnalyser:
    """Reads conversations on the CPU. Safe to share between threads; loads its model at first use.

    `embedder` None: features alone. The default is the embedder that is installed, if any.
    """

    provider: Final = "local"

    def __init__(
        self,
        embedder: Embedder | _FindEmbedder | None = _INSTALLED,
        *,
        shipped_with: Shipped | None = None,
    ) -> None:
        found = find_embedder() if isinstance(embedder, _FindEmbedder) else embedder
        if found is not None and not isinstance(found, CachedEmbedder):
            found = CachedEmbedder(found)
        self._embedder: CachedEmbedder | None = found
        self._given = shipped_with
        self._models: OrderedDict[str, StageModel] = OrderedDict()
        self._lock = threading.Lock()
        self._fitting = threading.Lock()

    @property
    def model(self) -> str:
        """The model's name, as stored with each analysis."""
        return MODEL_WITHOUT_EMBEDDINGS if self._embedder is None else MODEL

    def analyse(
        self, request: AnalysisRequest, *, corrections: Sequence[Correction] = ()
    ) -> AnalysisAnswer:
        """Say everything of `AnalysisResult` about one conversation.

        `corrections` are the organization's own, of this pipeline; the head fitted on them is kept
        until they change.
        """
        started = time.perf_counter()
        turns, injections = without_injections(turns_of(request.messages))
        if request.stages:
            result = self._staged(request, turns, injections, corrections)
        else:
            result = self._summarised(request, turns)
        milliseconds = round((time.perf_counter() - started) * 1000)
        return AnalysisAnswer(
            result=result,
            provider=self.provider,
            model=self.model,
            usage=Usage(cost_micro_usd=0),
            duration_ms=milliseconds,
        )

    def analyse_many(
        self, requests: Sequence[AnalysisRequest], *, corrections: Sequence[Correction] = ()
    ) -> list[AnalysisAnswer]:
        """Like `analyse` for each, with their messages embedded together (a third less time each)."""
        if self._embedder is not None:
            texts = {
                turn.text
                for request in requests
                if request.stages
                for turn in turns_of(request.messages)[-EMBEDDED_TURNS:]
                if turn.text
            }
            self._embedder.embed(sorted(texts))
        return [self.analyse(request, corrections=corrections) for request in requests]

    def packed_row(self, messages: Sequence[TranscriptMessage]) -> bytes:
        """What to store beside a correction, so that learning from it needs no embedding again."""
        turns, _ = without_injections(turns_of(messages))
        return pack_row(describe(turns, self._embedder, self._shipped().centre))

    def trained_on(self, messages: Sequence[TranscriptMessage]) -> str | None:
        """The content hash of a conversation that is among the shipped training rows, else None."""
        digest = content_hash(turns_of(messages))
        known = any(digest in rows.hashes for rows in self._shipped().rows.values())
        return digest if known else None

    def without_rows(self, hashes: frozenset[str]) -> "LocalAnalyser":
        """An analyser whose heads never saw those rows: for honest figures on the shipped rows."""
        given = self._shipped()
        heads = dict(given.heads)
        with_views = self._embedder is not None
        for family, rows in given.rows.items():
            keep = np.array([digest not in hashes for digest in rows.hashes])
            if not keep.all():
                heads[family, with_views] = fit_kinds(family, rows, keep, with_views=with_views)
        return LocalAnalyser(self._embedder, shipped_with=replace(given, heads=heads))

    def _staged(
        self,
        request: AnalysisRequest,
        turns: tuple[Turn, ...],
        injections: int,
        corrections: Sequence[Correction],
    ) -> AnalysisResult:
        model = self._model_for(request.stages, corrections)
        described = describe(turns, self._embedder, self._shipped().centre)
        language = language_of(turns, fallback=UNKNOWN)
        english = language in ("en", UNKNOWN)
        stages, kinds = _tempered(*model.probabilities(described, english=english), english=english)
        sentiment, polarity = sentiment_of(turns, self._shipped().sentiment)
        reading = Reading(
            request=request,
            turns=turns,
            situation=described.situation,
            kind=model.mapping.kinds[int(kinds.argmax())],
            kinds=model.mapping.kinds,
            kind_shares=tuple(float(share) for share in kinds),
            polarity=polarity,
            injections=injections,
        )
        if not reading.readable:
            stages = _unsure(stages)
        ranked = _ranked(request.stages, stages)
        result = _result(reading, ranked, model.mapping)
        return result.model_copy(update={"sentiment": sentiment, "language": language})

    def _summarised(self, request: AnalysisRequest, turns: tuple[Turn, ...]) -> AnalysisResult:
        """Only the summary, and what costs nothing beside it: no stage was asked for."""
        situation = situation_of(turns)
        sentiment, polarity = sentiment_of(turns, self._shipped().sentiment)
        names = [kind.name for kind in SALES]
        kind = SALES[names.index(situation.verdict)]
        reading = Reading(request, turns, situation, kind, (kind,), (1.0,), polarity, 0)
        return AnalysisResult(
            summary=narrative.summary(reading, sentences_in(request.language)),
            sentiment=sentiment,
            language=language_of(turns),
        )

    def _shipped(self) -> Shipped:
        return self._given or shipped()

    def _model_for(
        self, stages: Sequence[StageOption], corrections: Sequence[Correction]
    ) -> StageModel:
        key = _fingerprint(stages, corrections)
        known = self._known_model(key)
        if known is not None:
            return known
        with self._fitting:  # one thread fits, the others wait for what it found
            return self._known_model(key) or self._remember(key, self._fitted(stages, corrections))

    def _known_model(self, key: str) -> StageModel | None:
        with self._lock:
            if key in self._models:
                self._models.move_to_end(key)
            return self._models.get(key)

    def _remember(self, key: str, model: StageModel) -> StageModel:
        with self._lock:
            self._models[key] = model
            while len(self._models) > _CACHED_MODELS:
                self._models.popitem(last=False)
        return model

    def _fitted(
        self, stages: Sequence[StageOption], corrections: Sequence[Correction]
    ) -> StageModel:
        mapping = self._mapping(stages)
        with_views = self._embedder is not None
        names = [stage.name.strip().casefold() for stage in stages]
        known = [
            (self._described(correction), names.index(correction.stage_name.strip().casefold()))
            for correction in corrections
            if correction.stage_name.strip().casefold() in names
        ]
        if not known:
            return shipped_model(mapping, self._shipped(), with_views=with_views)
        return corrected_model(mapping, self._shipped(), known, with_views=with_views)

    def _mapping(self, stages: Sequence[StageOption]) -> StageMapping:
        return map_stages(stages, self._embedder)

    def _described(self, correction: Correction) -> Described:
        turns, _ = without_injections(turns_of(correction.request_messages))
        row = unpack_row(correction.packed_row) if correction.packed_row else None
        wanted = FEATURE_COUNT if self._embedder is None else None
        if row is None or (wanted is None and len(row) == FEATURE_COUNT):
            return describe(turns, self._embedder, self._shipped().centre)
        views = None if self._embedder is None else row[FEATURE_COUNT:]
        return Described(row[:FEATURE_COUNT], views, situation_of(turns))


@lru_cache(maxsize=1)
def default_analyser() -> LocalAnalyser:
    """The process's own analyser: one model in memory, one cache of embeddings."""
    return LocalAnalyser()


def _fingerprint(stages: Sequence[StageOption], corrections: Sequence[Correction]) -> str:
    digest = hashlib.sha256()
    for stage in stages:
        digest.update(f"{stage.name}\x1f{stage.type}\x1f{stage.description}\x1e".encode())
    for correction in corrections:
        if correction.id:
            digest.update(f"{correction.stage_name}\x1f{correction.id}\x1e".encode())
            continue
        texts = "\x1f".join(message.text or "" for message in correction.request_messages)
        digest.update(f"{correction.stage_name}\x1f{texts}\x1e".encode(errors="replace"))
        digest.update(correction.packed_row or b"")
    return digest.hexdigest()


def _tempered(
    stages: NDArray[np.float32], kinds: NDArray[np.float32], *, english: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return (stages, kinds) if english else (_soften(stages), _soften(kinds))


def _soften(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    softened = shares ** np.float32(1 / _FOREIGN_TEMPERATURE)
    return np.asarray(softened / softened.sum(), np.float32)


def _unsure(stages: NDArray[np.float32]) -> NDArray[np.float32]:
    """Nothing was written: whatever the structure suggests, never sure enough to move anybody."""
    top = float(stages.max())
    if top <= _MOST_SURE_WITHOUT_TEXT or len(stages) == 1:
        return stages
    even = np.full_like(stages, 1 / len(stages))
    mix = (top - _MOST_SURE_WITHOUT_TEXT) / (top - 1 / len(stages))
    return np.asarray((1 - mix) * stages + mix * even, np.float32)


def _ranked(stages: Sequence[StageOption], shares: NDArray[np.float32]) -> list[tuple[str, int]]:
    order = sorted(range(len(stages)), key=lambda index: -float(shares[index]))
    return [(stages[index].name, round(100 * float(shares[index]))) for index in order[:3]]


def _result(
    reading: Reading, ranked: list[tuple[str, int]], mapping: StageMapping
) -> AnalysisResult:
    sentences = sentences_in(reading.request.language)
    cited = citations(reading.kind, reading.turns, reading.situation)
    score = signals.lead_score(reading)
    stage, percent = ranked[0]
    has_stage = mapping.direct[mapping.kinds.index(reading.kind)]
    return AnalysisResult(
        summary=narrative.summary(reading, sentences, stage, percent),
        recommended_stage=stage,
        recommendations=tuple(Recommendation(stage=s, probability=p) for s, p in ranked),
        lead_score=score,
        lead_status=reading.lead_status,
        confidence=percent,
        reasoning=narrative.reasoning(
            reading, cited, sentences, ranked=ranked, has_stage=has_stage
        ),
        evidence=evidence_of(cited),
        urgency=signals.urgency(reading),
        intent_score=signals.intent_score(reading),
        topics=signals.topics(reading, sentences),
        pain_points=signals.pain_points(reading, sentences),
        buying_signals=signals.buying_signals(reading),
        next_best_action=narrative.next_step(reading, sentences),
        suggested_follow_up_date=signals.follow_up_date(reading),
        priority=signals.priority(reading, score),
    )
