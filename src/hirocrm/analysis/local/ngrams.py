"""Words and character n-grams hashed into a fixed number of buckets: the sentiment model's columns."""

import itertools
import re
import zlib
from collections import Counter

BUCKETS = 1 << 14
_WORD = re.compile(r"\w+|[^\w\s]")
_SHORTEST, _LONGEST = 2, 5
_MAX_WORDS = 120


def buckets_of(folded: str) -> Counter[int]:
    """How often each bucket occurs in a lower-case text."""
    words = _WORD.findall(folded)[:_MAX_WORDS]
    grams = [f"w:{word}" for word in words]
    grams += [f"b:{left} {right}" for left, right in itertools.pairwise(words)]
    for word in words:
        padded = f" {word[:30]} "
        for size in range(_SHORTEST, _LONGEST + 1):
            grams += [padded[i : i + size] for i in range(len(padded) - size + 1)]
    return Counter(zlib.crc32(gram.encode()) % BUCKETS for gram in grams)
