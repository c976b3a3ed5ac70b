"""Which of the user's stages stands for which kind: by meaning, name and type, each kind used once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hirocrm.analysis.local.embedding import Embedder
from hirocrm.analysis.local.families import KINDS, STAND_INS, Family, Kind
from hirocrm.analysis.schema import StageOption, StageType

Matrix = NDArray[np.float32]

_EXACT_NAME = 1.0
_KEYWORD_IN_NAME = 0.35
_KEYWORD_IN_DESCRIPTION = 0.06
_TYPE_AGREES = 0.25
_TYPE_CONTRADICTS = -0.6
_EMBEDDING_WEIGHT = 3.0  # E5 similarities lie between 0.75 and 1.0: 0.1 apart is a lot
_EXTRA_STAGE_SHARE = 0.35
_TYPE_MAY_AGREE = 0.1
_TICKETS = re.compile(
    r"(?<!\w)(?:tickets?|issues?|problems?|complain\w*|(?:un)?resolved|(?:un)?solved|support|helpdesk|escalat\w*|troubleshoot\w*|"
    r"incidents?|bugs?|reklamo|naayos|soporte|resuelt[oa]|reclamo)(?!\w)"
)
_MOST_FORCED = 0.5  # a stage is not pressed into a kind that much worse than its nearest
_CLOSING = frozenset({StageType.WON, StageType.LOST, StageType.ARCHIVED})


@dataclass(frozen=True)
class StageMapping:
    """`shares[kind, stage]`: how a kind's probability is spread over the user's stages; rows sum to 1.

    `kind_of[stage]` is the kind that a stage stands for, `direct[kind]` whether a stage was found for it.
    """

    family: Family
    shares: Matrix
    kind_of: tuple[int, ...]
    direct: tuple[bool, ...]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The family's kinds, in the order of the rows of `shares`."""
        return KINDS[self.family]


def map_stages(stages: Sequence[StageOption], embedder: Embedder | None) -> StageMapping:
    """Map the user's stages onto kinds: of helping if the pipeline speaks of tickets, else of selling."""
    family = Family.SUPPORT if _speaks_of_tickets(stages) else Family.SALES
    return _mapping(family, _affinity(stages, KINDS[family], embedder))


def _speaks_of_tickets(stages: Sequence[StageOption]) -> bool:
    speaking = [
        stage for stage in stages if _TICKETS.search(f"{stage.name} {stage.description}".casefold())
    ]
    return len(speaking) >= 2 and 3 * len(speaking) >= len(stages)


def _affinity(
    stages: Sequence[StageOption], kinds: Sequence[Kind], embedder: Embedder | None
) -> Matrix:
    scores = np.array([[_likeness(kind, stage) for stage in stages] for kind in kinds], np.float32)
    if embedder is not None:
        ours = embedder.embed([f"{kind.name}: {kind.description}" for kind in kinds])
        theirs = embedder.embed([f"{stage.name}: {stage.description}" for stage in stages])
        scores += _EMBEDDING_WEIGHT * (ours @ theirs.T - 0.8)
    order = np.linspace(0, 1, len(stages)) if len(stages) > 1 else np.zeros(1)
    place = np.linspace(0, 1, len(kinds))
    scores -= 0.3 * np.abs(place[:, None] - order[None, :]).astype(np.float32)
    return scores


def _likeness(kind: Kind, stage: StageOption) -> float:
    name = stage.name.strip().casefold()
    score = _EXACT_NAME if name == kind.name.casefold() else 0.0
    pattern = re.compile(rf"(?<!\w)(?:{kind.keywords})(?!\w)")
    if pattern.search(name):
        score += _KEYWORD_IN_NAME
    score += _KEYWORD_IN_DESCRIPTION * min(3, len(pattern.findall(stage.description.casefold())))
    if stage.type is kind.types[0]:
        score += _TYPE_AGREES
    elif stage.type in kind.types:
        score += _TYPE_MAY_AGREE
    elif stage.type in _CLOSING or kind.types[0] in _CLOSING:
        score += _TYPE_CONTRADICTS
    return score


def _mapping(family: Family, affinity: Matrix) -> StageMapping:
    kinds = KINDS[family]
    kind_of = [int(column.argmax()) for column in affinity.T]
    direct = [False] * len(kinds)
    shares = np.zeros(affinity.shape, np.float32)
    for kind, stage in _assign(affinity):
        if affinity[kind, stage] < affinity[:, stage].max() - _MOST_FORCED:
            continue
        shares[kind, stage] = 1.0
        kind_of[stage] = kind
        direct[kind] = True
    for stage, kind in enumerate(kind_of):
        if not shares[:, stage].any():
            shares[kind, stage] = _EXTRA_STAGE_SHARE
    _stand_in(shares, direct, family)
    shares /= shares.sum(axis=1, keepdims=True)
    return StageMapping(family, shares, tuple(kind_of), tuple(direct))


def _stand_in(shares: Matrix, direct: Sequence[bool], family: Family) -> None:
    """Give the kinds that no stage stands for to the stages of related kinds."""
    names = [kind.name for kind in KINDS[family]]
    primary = shares.copy()
    for index, name in enumerate(names):
        if direct[index]:
            continue
        for other, share in STAND_INS[family][name].items():
            shares[index] += share * primary[names.index(other)]
        if not shares[index].any():
            shares[index] = 1.0


def _assign(affinity: Matrix) -> list[tuple[int, int]]:
    """The one-to-one pairs (kind, stage) with the greatest total affinity (Hungarian algorithm)."""
    flipped = affinity.shape[0] > affinity.shape[1]
    cost = -(affinity.T if flipped else affinity).astype(np.float64)
    columns = _hungarian(cost)
    pairs = list(enumerate(columns))
    return [(column, row) for row, column in pairs] if flipped else pairs


def _hungarian(cost: NDArray[np.float64]) -> list[int]:
    """For each row its column, with the least total cost; needs no more rows than columns.

    The shortest augmenting path form with potentials (Jonker and Volgenant 1987), O(rows² · columns).
    """
    rows, columns = cost.shape
    row_potential, column_potential = np.zeros(rows + 1), np.zeros(columns + 1)
    owner, way = np.zeros(columns + 1, int), np.zeros(columns + 1, int)
    for row in range(1, rows + 1):
        owner[0], column = row, 0
        least, used = np.full(columns + 1, np.inf), np.zeros(columns + 1, bool)
        while True:
            used[column] = True
            free = ~used[1:]
            reduced = cost[owner[column] - 1] - row_potential[owner[column]] - column_potential[1:]
            better = free & (reduced < least[1:])
            least[1:][better] = reduced[better]
            way[1:][better] = column
            nearest = int(np.where(free, least[1:], np.inf).argmin()) + 1
            step = least[nearest]
            row_potential[owner[used]] += step
            column_potential[used] -= step
            least[~used] -= step
            column = nearest
            if owner[column] == 0:
                break
        while column:
            owner[column] = owner[way[column]]
            column = way[column]
    answer = [0] * rows
    for column in range(1, columns + 1):
        if owner[column]:
            answer[owner[column] - 1] = column - 1
    return answer
