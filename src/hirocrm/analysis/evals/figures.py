"""The figures of an evaluation: plain arithmetic on gold and predicted stages."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BINS = 10


@dataclass(frozen=True, slots=True)
class StageFigures:
    """How well one stage was found."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Answers whose confidence (0-1) lay in (`low`, `high`]: how sure they were, how often right."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


def accuracy(gold: Sequence[str], predicted: Sequence[str]) -> float:
    """Share of right answers; 0 for none."""
    return sum(g == p for g, p in zip(gold, predicted, strict=True)) / len(gold) if gold else 0.0


def per_stage(
    gold: Sequence[str], predicted: Sequence[str], stages: Iterable[str]
) -> dict[str, StageFigures]:
    """Precision, recall and F1 of each stage, in the order given."""
    hits = Counter(g for g, p in zip(gold, predicted, strict=True) if g == p)
    wanted, given = Counter(gold), Counter(predicted)
    return {stage: _figures(hits[stage], wanted[stage], given[stage]) for stage in stages}


def _figures(hits: int, wanted: int, given: int) -> StageFigures:
    precision = hits / given if given else 0.0
    recall = hits / wanted if wanted else 0.0
    f1 = 2 * hits / (wanted + given) if wanted + given else 0.0
    return StageFigures(precision, recall, f1, wanted)


def macro_f1(gold: Sequence[str], predicted: Sequence[str]) -> float:
    """Mean F1 over the stages that occur in gold or among the answers."""
    stages = sorted({*gold, *predicted})
    figures = per_stage(gold, predicted, stages).values()
    return sum(figure.f1 for figure in figures) / len(stages) if stages else 0.0


def confusion(
    gold: Sequence[str], predicted: Sequence[str], stages: Sequence[str]
) -> dict[str, dict[str, int]]:
    """`confusion[gold][predicted]`: how many, for every pair of stages."""
    pairs = Counter(zip(gold, predicted, strict=True))
    answers = [*stages, *sorted({*predicted} - {*stages})]
    return {row: {column: pairs[row, column] for column in answers} for row in stages}


def calibration(confidences: Sequence[float], right: Sequence[bool]) -> list[CalibrationBin]:
    """Ten equal bins of confidence; empty ones are left out."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for confidence, hit in zip(confidences, right, strict=True):
        place = min(BINS - 1, max(0, int(confidence * BINS - 1e-9)))
        bins[place].append((confidence, hit))
    return [
        CalibrationBin(
            low=place / BINS,
            high=(place + 1) / BINS,
            n=len(items),
            confidence=sum(confidence for confidence, _ in items) / len(items),
            accuracy=sum(hit for _, hit in items) / len(items),
        )
        for place, items in enumerate(bins)
        if items
    ]


def expected_calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Mean distance between confidence and accuracy over the bins, weighted by size."""
    bins = calibration(confidences, right)
    total = sum(item.n for item in bins)
    return (
        sum(item.n * abs(item.confidence - item.accuracy) for item in bins) / total
        if total
        else 0.0
    )
