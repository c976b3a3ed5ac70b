"""What ships with the analyser: training rows, fitted heads, the Taglish sentiment model. Made by
`scripts/train_local_head.py`, read once per process at first use.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hirocrm.analysis.local.families import Family
from hirocrm.analysis.local.features import FEATURE_COUNT
from hirocrm.analysis.local.head import Head
from hirocrm.analysis.local.rows import LAYOUT_VERSION

Matrix = NDArray[np.float32]

PATH = Path(__file__).parent / "data" / "shipped.npz"


@dataclass(frozen=True)
class TrainingRows:
    """The rows one family's heads are fitted on. `labels` index the family's kinds."""

    features: Matrix
    views: Matrix
    labels: NDArray[np.int64]
    verdicts: NDArray[np.int64]
    hashes: tuple[str, ...]  # of the conversations' content
    sources: tuple[str, ...]

    def matrix(self, *, with_views: bool) -> Matrix:
        """The rows as the head sees them."""
        return np.hstack([self.features, self.views]) if with_views else self.features


@dataclass(frozen=True)
class SentimentModel:
    """Softmax weights over hashed words and character n-grams (negative, neutral, positive)."""

    weights: Matrix
    bias: Matrix
    idf: Matrix


@dataclass(frozen=True)
class Shipped:
    """Everything in the file."""

    version: str
    centre: Matrix
    rows: dict[Family, TrainingRows]
    heads: dict[tuple[Family, bool], Head]
    sentiment: SentimentModel


@lru_cache(maxsize=1)
def shipped() -> Shipped:
    """Read the file once; about 7 MB in memory."""
    with np.load(PATH, allow_pickle=False) as data:
        arrays = dict(data)
    if int(arrays["layout"]) != LAYOUT_VERSION or int(arrays["features"]) != FEATURE_COUNT:
        raise RuntimeError(
            "shipped.npz was made for other features: run scripts/train_local_head.py"
        )
    return Shipped(
        version=str(arrays["version"]),
        centre=_single(arrays["centre"]),
        rows={family: _rows(arrays, family) for family in Family},
        heads={
            (family, with_views): _head(arrays, f"{family}.{'full' if with_views else 'plain'}")
            for family in Family
            for with_views in (True, False)
        },
        sentiment=SentimentModel(
            *(_single(arrays[f"sentiment.{name}"]) for name in ("weights", "bias", "idf"))
        ),
    )


def _rows(arrays: dict[str, NDArray[np.generic]], family: Family) -> TrainingRows:
    return TrainingRows(
        features=_single(arrays[f"{family}.features"]),
        views=_single(arrays[f"{family}.views"]),
        labels=arrays[f"{family}.labels"].astype(np.int64),
        verdicts=arrays[f"{family}.verdicts"].astype(np.int64),
        hashes=tuple(str(item) for item in arrays[f"{family}.hashes"]),
        sources=tuple(str(item) for item in arrays[f"{family}.sources"]),
    )


def _head(arrays: dict[str, NDArray[np.generic]], prefix: str) -> Head:
    return Head(
        *(_single(arrays[f"{prefix}.{name}"]) for name in ("weights", "bias", "mean", "scale"))
    )


def _single(array: NDArray[np.generic]) -> Matrix:
    return np.ascontiguousarray(array, dtype=np.float32)
