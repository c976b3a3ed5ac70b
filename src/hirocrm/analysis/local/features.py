"""What the head sees beside the embeddings: structure, acts by speaker and recency, the two last prices."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hirocrm.analysis.local.acts import Act, acts_of, money_in
from hirocrm.analysis.local.situation import Archetype, Moment, Situation, situation_of
from hirocrm.analysis.local.turns import Turn

Vector = NDArray[np.float32]

_ACTS = len(Act)
_HALF_LIFE_MESSAGES = 1.5


def feature_vector(turns: Sequence[Turn], situation: Situation) -> Vector:
    """One row of `FEATURE_COUNT` numbers for a conversation."""
    acts = [acts_of(turn.folded) for turn in turns]
    parts = [
        _structure(turns),
        _act_features(turns, acts),
        _prices(turns),
        _sequence(turns, acts),
        _rules(turns, situation),
    ]
    return np.concatenate(parts).astype(np.float32)


def _structure(turns: Sequence[Turn]) -> Vector:
    customer = [turn for turn in turns if turn.from_customer]
    business = [turn for turn in turns if not turn.from_customer]
    last = turns[-1] if turns else None
    last_is_customer = bool(last and last.from_customer)
    return np.array(
        [
            math.log1p(len(turns)),
            math.log1p(len(customer)),
            math.log1p(len(business)),
            float(last_is_customer),
            float(bool(turns) and turns[0].from_customer),
            float(not business),
            float(len(business) == 1),
            float(len(business) == 1 and not last_is_customer),
            float(len(turns) <= 2),
            float(len(turns) >= 6),
            float(len(customer) <= 1),
            math.log1p(sum(turn.words for turn in customer)),
            math.log1p(last.words if last else 0),
            math.log1p(max((turn.words for turn in customer), default=0)),
            _capitals(customer),
            _digits(customer),
        ],
        dtype=np.float32,
    )


def _capitals(turns: Sequence[Turn]) -> float:
    letters = [c for turn in turns for c in turn.text[:1000] if c.isalpha()]
    return sum(c.isupper() for c in letters) / len(letters) if letters else 0.0


def _digits(turns: Sequence[Turn]) -> float:
    characters = [c for turn in turns for c in turn.text[:1000]]
    return sum(c.isdigit() for c in characters) / len(characters) if characters else 0.0


def _act_features(turns: Sequence[Turn], acts: Sequence[frozenset[Act]]) -> Vector:
    """For each speaker: acts of the last message, of recent ones with decay, of any message."""
    rows = np.zeros((2, 4, _ACTS), dtype=np.float32)
    for speaker, mine in enumerate((True, False)):
        own = [found for turn, found in zip(turns, acts, strict=True) if turn.from_customer is mine]
        for back, found in enumerate(reversed(own)):
            for act in found:
                if back == 0:
                    rows[speaker, 0, act] = 1.0
                if back == 1:
                    rows[speaker, 1, act] = 1.0
                rows[speaker, 2, act] += 0.5 ** (back / _HALF_LIFE_MESSAGES)
                rows[speaker, 3, act] = 1.0
    return rows.reshape(-1)


def _prices(turns: Sequence[Turn]) -> Vector:
    """The last price of each side, whether they meet, and how fresh they are."""
    last: dict[bool, float] = {}
    first_by_customer = -1.0
    since_price, amounts = len(turns), set()
    for index, turn in enumerate(turns):
        for price in money_in(turn.folded):
            if not last:
                first_by_customer = float(turn.from_customer)
            last[turn.from_customer] = price.amount
            amounts.add(price.amount)
            since_price = len(turns) - 1 - index
    both = len(last) == 2
    gap = abs(last[True] - last[False]) / max(last[True], last[False], 1.0) if both else 0.0
    return np.array(
        [
            float(True in last),
            float(False in last),
            float(both),
            float(both and gap < 0.01),
            min(gap, 1.0),
            float(both and last[True] < last[False]),
            float(first_by_customer == 1.0),
            float(first_by_customer == 0.0),
            math.log1p(len(amounts)),
            float(bool(last) and since_price == 0),
            float(bool(last) and since_price == 1),
            float(bool(last) and since_price >= 2),
        ],
        dtype=np.float32,
    )


_ANSWERS = (
    Act.ACCEPT,
    Act.REFUSE,
    Act.CHANGE,
    Act.LOWER,
    Act.THANKS,
    Act.BYE,
    Act.QUESTION,
    Act.STALL,
)
_RESULTS = (Act.CONFIRM, Act.FAIL, Act.ASK_MORE, Act.BYE)


def _sequence(turns: Sequence[Turn], acts: Sequence[frozenset[Act]]) -> Vector:
    """What came after what: since the last offer, in the last three messages, which result was last."""
    offered = _last_index(turns, acts, (Act.OFFER, Act.PRICE), from_customer=False)
    after = range(offered + 1, len(turns)) if offered >= 0 else range(0)
    answers = [
        float(any(turns[i].from_customer and act in acts[i] for i in after)) for act in _ANSWERS
    ]
    results = [
        float(any(not turns[i].from_customer and act in acts[i] for i in after)) for act in _RESULTS
    ]
    tail = acts[-3:]
    last_three = [float(any(act in found for found in tail)) for act in (*_ANSWERS, *_RESULTS)]
    confirmed = _last_index(turns, acts, (Act.CONFIRM,), from_customer=False)
    failed = _last_index(turns, acts, (Act.FAIL,), from_customer=False)
    agreed = _last_index(turns, acts, (Act.ACCEPT, Act.PAID), from_customer=None)
    refused = _last_index(turns, acts, (Act.REFUSE,), from_customer=None)
    order = [
        float(offered >= 0),
        float(offered >= 0 and offered == len(turns) - 1),
        float(offered >= 0 and not any(turns[i].from_customer for i in after)),
        math.log1p(len(after)),
        float(confirmed > failed),
        float(failed > confirmed),
        float(agreed > refused),
        float(refused > agreed),
        float(refused >= 0 and refused >= len(turns) - 3),
        float(agreed >= 0 and agreed >= len(turns) - 3),
    ]
    return np.array([*answers, *results, *last_three, *order], dtype=np.float32)


def _rules(turns: Sequence[Turn], seen: Situation) -> Vector:
    """The rules' verdict, and which moments were seen at all and lately."""
    verdict = [float(bool(turns) and seen.verdict is archetype) for archetype in Archetype]
    ever = [float(seen.has(moment)) for moment in Moment]
    lately = [float(seen.recent(moment)) for moment in Moment]
    return np.array([*verdict, *ever, *lately], dtype=np.float32)


def _last_index(
    turns: Sequence[Turn],
    acts: Sequence[frozenset[Act]],
    wanted: Sequence[Act],
    *,
    from_customer: bool | None,
) -> int:
    for index in range(len(turns) - 1, -1, -1):
        if from_customer is not None and turns[index].from_customer is not from_customer:
            continue
        if any(act in acts[index] for act in wanted):
            return index
    return -1


FEATURE_COUNT = int(feature_vector((), situation_of(())).shape[0])
