"""Which cases are like a conversation: cosine of the customers' words, the rare ones weighing more."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from hirocrm.analysis.schema import Sender, TranscriptMessage

MOST_WORDS = 400  # the newest of a conversation; more would only slow the comparison
LEAST_SIMILARITY = 0.1  # below that they share a greeting

_WORD = re.compile(r"[^\W\d_]{2,}")


def words_of(messages: Sequence[TranscriptMessage]) -> Counter[str]:
    """How often the customer used each word, in the newest part of a conversation."""
    counts: Counter[str] = Counter()
    left = MOST_WORDS
    for message in reversed(messages):
        if message.sender is Sender.CUSTOMER and message.text and left > 0:
            words = _WORD.findall(message.text.casefold())[-left:]
            counts.update(words)
            left -= len(words)
    return counts


class WordIndex:
    """Conversations by their words. Comparing with all of them looks only at those that share one."""

    def __init__(self, counts: Iterable[Counter[str]]) -> None:
        documents = list(counts)
        frequency = Counter(word for document in documents for word in document)
        self._rarity = {word: _rarity(len(documents), n) for word, n in frequency.items()}
        self._rarest = _rarity(max(1, len(documents)), 1)
        self._holders: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, document in enumerate(documents):
            for word, weight in self._weighed(document).items():
                self._holders[word].append((number, weight))

    def nearest(self, counts: Counter[str], *, limit: int) -> list[int]:
        """The numbers of the most similar conversations, most similar first, the earlier one of two equals."""
        scores: dict[int, float] = defaultdict(float)
        for word, weight in self._weighed(counts).items():
            for number, other in self._holders.get(word, ()):
                scores[number] += weight * other
        close = [number for number, score in scores.items() if score >= LEAST_SIMILARITY]
        return sorted(close, key=lambda number: (-scores[number], number))[:limit]

    def _weighed(self, counts: Counter[str]) -> dict[str, float]:
        """A unit vector. A word that is in no case makes everything less similar."""
        weights = {
            word: (1 + math.log(count)) * self._rarity.get(word, self._rarest)
            for word, count in counts.items()
        }
        length = math.sqrt(sum(weight * weight for weight in weights.values()))
        return {word: weight / length for word, weight in weights.items()}


def _rarity(documents: int, holding: int) -> float:
    """Inverse document frequency as in BM25: positive, and next to nothing for what everybody writes."""
    return math.log(1 + (documents - holding + 0.5) / (holding + 0.5))
