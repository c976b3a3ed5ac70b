"""The customer's mood over their last messages: VADER for English, the trained model for Filipino."""

import re
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from hirocrm.analysis.local.artefacts import SentimentModel
from hirocrm.analysis.local.language import FILIPINO, tag_of
from hirocrm.analysis.local.ngrams import buckets_of
from hirocrm.analysis.local.turns import Turn
from hirocrm.analysis.schema import Sentiment

LAST_MESSAGES = 3
_POSITIVE_FROM, _NEGATIVE_TO = 0.25, -0.2

_GOOD = re.compile(
    r"(?<!\w)(?:gracias|excelente|perfecto|genial|bonit[oa]s?|hermos[oa]s?|encant\w+|me gusta\w*|buen[ií]sim\w+|lind[oa]s?|feliz|"
    r"salamat|ganda|maganda|sulit|legit|love it|super ganda|ang galing|mabait|thank you|thanks)(?!\w)|[😍🥰😊❤👍🎉🙏💕😘🤩]"
)
_BAD = re.compile(
    r"(?<!\w)(?:mal[oa]?|p[eé]sim[oa]|horrible|rot[oa]|da[nñ]ad[oa]|estafa\w*|molest[oa]|enojad[oa]|car[oa]|nunca|todav[ií]a no|"
    r"queja|reclamo|reembolso|sira|basag|pangit|panget|scam(?:mer)?|budol|nakakainis|inis|galit|bagal|ang tagal|reklamo|mali|"
    r"hindi gumagana|di gumagana|disappointed|sayang)(?!\w)|[😡😠😤😢😭👎💔🤬]"
)


def sentiment_of(turns: Sequence[Turn], model: SentimentModel) -> tuple[Sentiment, float]:
    """The mood and its polarity (-1 to 1), averaged over the customer's last three messages."""
    own = [turn.folded for turn in turns if turn.from_customer and turn.text][-LAST_MESSAGES:]
    if not own:
        return Sentiment.NEUTRAL, 0.0
    polarity = float(np.mean([polarity_of(line, model) for line in own]))
    if polarity >= _POSITIVE_FROM:
        return Sentiment.POSITIVE, polarity
    return (Sentiment.NEGATIVE if polarity <= _NEGATIVE_TO else Sentiment.NEUTRAL), polarity


def polarity_of(folded: str, model: SentimentModel) -> float:
    """-1 (negative) to 1 (positive) for one lower-case line."""
    words = 0.5 * (len(_GOOD.findall(folded)) - len(_BAD.findall(folded)))
    language = tag_of(folded)
    if language == "en":
        return float(_vader(folded))
    if language == FILIPINO and len(folded.split()) >= 3:
        negative, _, positive = probabilities(folded, model)
        learnt = positive - negative
        # Trained on reviews, which are all about how it was: a plain question must not count as a mood.
        damped = (
            learnt * 0.35
            if "?" in folded or not (_GOOD.search(folded) or _BAD.search(folded))
            else learnt
        )
        return float(np.clip(damped + words * 0.6, -1, 1))
    return float(np.clip(words, -1, 1))


def probabilities(folded: str, model: SentimentModel) -> tuple[float, float, float]:
    """Negative, neutral, positive, by the trained model."""
    counts = buckets_of(folded)
    columns = np.fromiter(counts.keys(), np.int64, len(counts))
    values = np.log1p(np.fromiter(counts.values(), np.float32, len(counts))) * model.idf[columns]
    norm = float(np.linalg.norm(values)) or 1.0
    logits = (values / norm) @ model.weights[columns] + model.bias
    shifted = np.exp(logits - logits.max())
    negative, neutral, positive = (float(share) for share in shifted / shifted.sum())
    return negative, neutral, positive


@lru_cache(maxsize=4096)
def _vader(folded: str) -> float:
    with _lock:
        return float(_analyzer().polarity_scores(folded[:1000])["compound"])


_lock = threading.Lock()


@lru_cache(maxsize=1)
def _analyzer() -> Any:
    from vader import SentimentIntensityAnalyzer  # noqa: PLC0415  # reads its lexicon: at first use

    return SentimentIntensityAnalyzer()
