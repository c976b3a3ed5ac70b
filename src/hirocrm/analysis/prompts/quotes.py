"""Whether a quote really stands in a message, and how it is written there."""

import unicodedata

from hirocrm.analysis.prompts.fence import BRACKETS, INVISIBLE, LINE_BREAK

QUOTE_MARKS = "\"'“”‘’«»„‚`"
FENCE_CHARS = "=═＝〓"


def literal_quote(quote: str, text: str) -> str | None:
    """Return the part of `text` that `quote` repeats, as it is written there, or None.

    Compared are letters after canonical (NFC) composition with white space folded, and with what the fence
    changed in the prompt folded away. Case counts: a quote is the customer's own words.
    """
    wanted = quote.strip()
    if not wanted or not text:
        return None
    if wanted in text:
        return wanted
    letters, starts, ends = _folded(text)
    for candidate in (wanted, wanted.strip(QUOTE_MARKS)):
        found = _find(_folded(candidate)[0].strip(), letters, starts, ends)
        if found:
            return text[found[0] : found[1]].strip()
    return None


def _find(wanted: str, letters: str, starts: list[int], ends: list[int]) -> tuple[int, int] | None:
    """Return the range of a match that begins and ends at whole letters of the original."""
    at = letters.find(wanted) if wanted else -1
    while at >= 0:
        last = at + len(wanted) - 1
        whole_start = at == 0 or starts[at - 1] != starts[at]
        whole_end = last + 1 == len(letters) or starts[last + 1] != starts[last]
        if whole_start and whole_end:
            return starts[at], ends[last]
        at = letters.find(wanted, at + 1)
    return None


def _folded(text: str) -> tuple[str, list[int], list[int]]:
    """Return the comparable letters, and where in the original each one's cluster starts and ends.

    NFD is taken per cluster (a base and its combining marks): equal NFD is equal NFC, and NFD never joins
    two clusters.
    """
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        for char in _comparable(text[start:end], "".join(letters[-2:])):
            letters.append(char)
            starts.append(start)
            ends.append(end)
    return "".join(letters), starts, ends


def _comparable(cluster: str, before: str) -> str:
    if cluster.isspace() or cluster == LINE_BREAK:
        return "" if not before or before[-1] == " " else " "
    if INVISIBLE.fullmatch(cluster) or unicodedata.category(cluster[0]) == "Cc":
        return ""
    if cluster in FENCE_CHARS:
        return "" if before == "==" else "="
    return unicodedata.normalize("NFD", cluster.translate(BRACKETS))


def _clusters(text: str) -> list[tuple[int, int]]:
    bounds = [
        index for index, char in enumerate(text) if index == 0 or not unicodedata.combining(char)
    ]
    return list(zip(bounds, [*bounds[1:], len(text)], strict=True))
