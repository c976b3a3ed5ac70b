"""A conversation as one row of numbers: features, then four views of its message embeddings."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hirocrm.analysis.local.embedding import DIMENSIONS, Embedder
from hirocrm.analysis.local.features import FEATURE_COUNT, feature_vector
from hirocrm.analysis.local.situation import Situation, situation_of
from hirocrm.analysis.local.turns import Turn

Row = NDArray[np.float32]

VIEW_COUNT = 4 * DIMENSIONS
VIEW_SCALE = (
    20.0  # centred E5 vectors vary by about 0.02 a dimension; this brings them near the features
)
LAYOUT_VERSION = 1  # raise when the meaning of a column changes: stored vectors are then made anew
_DECAY = 0.7
_HEADER = struct.Struct("<4sHHH")
_MAGIC = b"HCV1"
EMBEDDED_TURNS = (
    40  # of a long conversation the newest; older ones weigh nothing in the recent views
)


@dataclass(frozen=True)
class Described:
    """A conversation's row with the situation it was made from. `views` is None without an embedder."""

    features: Row
    views: Row | None
    situation: Situation

    @property
    def row(self) -> Row:
        """Features, then views where there are any."""
        return self.features if self.views is None else np.concatenate([self.features, self.views])


def describe(turns: Sequence[Turn], embedder: Embedder | None, centre: Row) -> Described:
    """Make the row of a conversation."""
    situation = situation_of(turns)
    return Described(
        features=feature_vector(turns, situation),
        views=None if embedder is None else views_of(turns, embedder, centre),
        situation=situation,
    )


def views_of(turns: Sequence[Turn], embedder: Embedder, centre: Row) -> Row:
    """Recency-weighted mean, mean, last customer message, last business message; zeros where absent."""
    spoken = [turn for turn in turns if turn.text][-EMBEDDED_TURNS:]
    views = np.zeros((4, DIMENSIONS), np.float32)
    if spoken:
        vectors = embedder.embed([turn.text for turn in spoken]) - centre
        weights = _DECAY ** np.arange(len(spoken))[::-1]
        views[0] = (weights[:, None] * vectors).sum(axis=0) / weights.sum()
        views[1] = vectors.mean(axis=0)
        for vector, turn in zip(vectors, spoken, strict=True):
            views[2 if turn.from_customer else 3] = vector
    return views.reshape(-1) * np.float32(VIEW_SCALE)


def pack_row(described: Described) -> bytes:
    """The row as bytes to store beside a correction (float16, about 4 kB)."""
    row = described.row.astype(np.float16)
    header = _HEADER.pack(_MAGIC, LAYOUT_VERSION, FEATURE_COUNT, len(row))
    return header + row.tobytes()


def unpack_row(packed: bytes) -> Row | None:
    """The stored row, or None when it was made by another layout and must be made anew."""
    if len(packed) < _HEADER.size:
        return None
    magic, version, features, columns = _HEADER.unpack_from(packed)
    body = packed[_HEADER.size :]
    if (magic, version, features) != (_MAGIC, LAYOUT_VERSION, FEATURE_COUNT):
        return None
    if columns not in (FEATURE_COUNT, FEATURE_COUNT + VIEW_COUNT) or len(body) != 2 * columns:
        return None
    return np.frombuffer(body, np.float16).astype(np.float32)
