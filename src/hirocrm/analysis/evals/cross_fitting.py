"""The local analyser on rows it was trained on: each is judged by a head that never saw its fold."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from hirocrm.analysis.evals.dataset import LabelledConversation
from hirocrm.analysis.local.analyser import LocalAnalyser
from hirocrm.analysis.schema import AnalysisAnswer, AnalysisRequest

FOLDS = 5

Analyse = Callable[[AnalysisRequest], AnalysisAnswer]


def cross_fitted(
    analyser: LocalAnalyser, conversations: Sequence[LabelledConversation]
) -> tuple[list[Analyse], str]:
    """For each conversation the analyser to ask, and a sentence that says how it was trained."""
    hashes = [analyser.trained_on(row.request.messages) for row in conversations]
    folds = _folds(conversations, hashes)
    if not folds:
        return [analyser.analyse] * len(conversations), (
            "None of the conversations is among the training rows that ship with the local analyser."
        )
    chosen: list[Analyse] = [analyser.analyse] * len(conversations)
    for places in folds:
        seen = frozenset(digest for place in places if (digest := hashes[place]))
        without = analyser.without_rows(seen)
        for place in places:
            chosen[place] = without.analyse
    known = sum(digest is not None for digest in hashes)
    return chosen, (
        f"{known} of {len(conversations)} conversations are among the shipped training rows; each of these "
        f"was judged by a head refitted without its fold ({len(folds)} folds, by stage). "
        f"The other {len(conversations) - known} were judged by the shipped head."
    )


def _folds(
    conversations: Sequence[LabelledConversation], hashes: Sequence[str | None]
) -> list[list[int]]:
    """Places of the known rows in folds, every stage spread evenly, equal texts never parted."""
    by_stage: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, (row, digest) in enumerate(zip(conversations, hashes, strict=True)):
        if digest is not None:
            by_stage[row.gold_stage][digest].append(place)
    folds: list[list[int]] = [[] for _ in range(FOLDS)]
    turn = 0
    for groups in by_stage.values():
        for places in groups.values():
            folds[turn % FOLDS] += places
            turn += 1
    return [fold for fold in folds if fold]
