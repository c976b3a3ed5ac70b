"""The stage model: shipped rows mapped onto the user's stages, and the organization's own corrections.

Without corrections the shipped head decides over kinds and the mapping spreads that over the user's
stages. With corrections a head is fitted over the stages themselves: shipped rows count 1 each (less
once there are many corrections), corrections count 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hirocrm.analysis.local.artefacts import Shipped, TrainingRows
from hirocrm.analysis.local.families import Family
from hirocrm.analysis.local.features import FEATURE_COUNT
from hirocrm.analysis.local.head import Head, fit, softmax
from hirocrm.analysis.local.rows import Described
from hirocrm.analysis.local.situation import Archetype
from hirocrm.analysis.local.stage_mapping import StageMapping
from hirocrm.analysis.schema import TranscriptMessage

Matrix = NDArray[np.float32]

CORRECTION_WEIGHT = 5.0
SHIPPED_WORTH_ROWS = 60  # past so many corrections the user's own rows do better alone
RULES_WEIGHT = 2.0  # log-odds given to the rules' verdict before the head looks
FOREIGN_RULES_FACTOR = 1.75
SURE_RULES_FACTOR = 2.0
FEATURE_PENALTY = 0.03
VIEW_PENALTY = 0.3
_VERDICTS = tuple(Archetype)


@dataclass(frozen=True)
class Correction:
    """A conversation that a person put in a stage. `packed_row` (see `LocalAnalyser.packed_row`)
    spares embedding it again; without it, or after a change of layout, the messages are read anew.
    `id` stands for the content where it is given, so that hundreds need not be compared by their texts.
    """

    request_messages: tuple[TranscriptMessage, ...]
    stage_name: str
    packed_row: bytes | None = None
    id: str = ""


@dataclass(frozen=True)
class StageModel:
    """Chooses among the user's stages. `over_stages`: the head's classes are stages, not kinds."""

    mapping: StageMapping
    head: Head
    over_stages: bool

    def probabilities(self, described: Described, *, english: bool = True) -> tuple[Matrix, Matrix]:
        """How likely each stage is, and each kind."""
        verdict = np.array([_VERDICTS.index(described.situation.verdict)])
        offset = _offset(verdict, self.mapping)
        if not english:
            # The head was fitted on English; the rules know Filipino and Spanish as well.
            offset = offset * FOREIGN_RULES_FACTOR
        if not self.over_stages:
            if described.situation.opens_as_buyer:
                offset = offset * SURE_RULES_FACTOR  # until people say otherwise
            kinds = softmax(self.head.logits(described.row[None], offset))[0]
            return kinds @ self.mapping.shares, kinds
        logits = self.head.logits(described.row[None], offset @ self.mapping.shares)
        stages = softmax(logits)[0]
        return stages, self._kinds_of(stages)

    def _kinds_of(self, stages: Matrix) -> Matrix:
        kinds = np.zeros(len(self.mapping.kinds), np.float32)
        for stage, kind in enumerate(self.mapping.kind_of):
            kinds[kind] += stages[stage]
        return kinds


def shipped_model(mapping: StageMapping, shipped: Shipped, *, with_views: bool) -> StageModel:
    """The model before anybody corrected anything."""
    return StageModel(mapping, shipped.heads[mapping.family, with_views], over_stages=False)


def corrected_model(
    mapping: StageMapping,
    shipped: Shipped,
    corrections: Sequence[tuple[Described, int]],
    *,
    with_views: bool,
) -> StageModel:
    """The model that has learnt from corrections: (row, index of the right stage)."""
    rows = shipped.rows[mapping.family]
    own = np.array([described.row for described, _ in corrections], np.float32)
    matrix = np.vstack([rows.matrix(with_views=with_views), own])
    stages = mapping.shares.shape[1]
    targets = np.vstack(
        [mapping.shares[rows.labels], np.eye(stages, dtype=np.float32)[[s for _, s in corrections]]]
    )
    own_verdicts = [_VERDICTS.index(described.situation.verdict) for described, _ in corrections]
    verdicts = np.concatenate([rows.verdicts, np.array(own_verdicts, np.int64)])
    worth = min(1.0, SHIPPED_WORTH_ROWS / len(corrections))
    weights = np.concatenate(
        [
            np.full(len(rows.labels), worth, np.float32),
            np.full(len(corrections), CORRECTION_WEIGHT, np.float32),
        ]
    )
    head = fit(
        matrix,
        targets,
        penalty=_penalty(matrix.shape[1]),
        weights=weights,
        offset=_offset(verdicts, mapping) @ mapping.shares,
    )
    return StageModel(mapping, head, over_stages=True)


def fit_kinds(
    family: Family, rows: TrainingRows, keep: NDArray[np.bool_], *, with_views: bool
) -> Head:
    """A head over a family's kinds, fitted on the kept rows only."""
    classes = int(rows.labels.max()) + 1
    return fit(
        rows.matrix(with_views=with_views)[keep],
        np.eye(classes, dtype=np.float32)[rows.labels[keep]],
        penalty=_penalty(FEATURE_COUNT + (rows.views.shape[1] if with_views else 0)),
        weights=np.ones(int(keep.sum()), np.float32),
        offset=rule_offset(rows.verdicts[keep], family, classes),
    )


def rule_offset(verdicts: NDArray[np.int64], family: Family, classes: int) -> Matrix:
    """Log-odds from the rules, which know selling only."""
    offset = np.zeros((len(verdicts), classes), np.float32)
    if family is Family.SALES:
        offset[np.arange(len(verdicts)), verdicts] = RULES_WEIGHT
    return offset


def _offset(verdicts: NDArray[np.int64], mapping: StageMapping) -> Matrix:
    return rule_offset(verdicts, mapping.family, len(mapping.kinds))


def _penalty(columns: int) -> Matrix:
    penalty = np.full(columns, VIEW_PENALTY, np.float32)
    penalty[:FEATURE_COUNT] = FEATURE_PENALTY
    return penalty
