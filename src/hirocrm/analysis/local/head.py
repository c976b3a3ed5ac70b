"""A softmax regression in numpy: a few hundred rows fit in a fraction of a second, nothing but arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

STEPS = 200
LEARNING_RATE = 0.05
SCALE_FLOOR = 0.25  # or a feature seen twice in training would shout when it turns up again
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True, slots=True)
class Head:
    """Fitted weights. Rows are standardised with the `mean` and `scale` of the training rows."""

    weights: Matrix
    bias: Matrix
    mean: Matrix
    scale: Matrix

    def logits(self, rows: Matrix, offset: Matrix | float = 0.0) -> Matrix:
        """Scores before the softmax: one row a conversation, one column a class."""
        scores = ((rows - self.mean) / self.scale) @ self.weights + self.bias + offset
        return np.asarray(scores, np.float32)


def softmax(logits: Matrix) -> Matrix:
    """Row-wise softmax that doesn't overflow."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Matrix = shifted / shifted.sum(axis=1, keepdims=True)
    return result


def fit(rows: Matrix, targets: Matrix, *, penalty: Matrix, weights: Matrix, offset: Matrix) -> Head:
    """Fit by Adam on the weighted cross-entropy.

    `targets` are class shares (rows sum to 1), `penalty` the L2 strength of each column, `weights`
    the rows' weights, `offset` is added to the logits (what is known before looking at the row).
    """
    mean = rows.mean(axis=0, dtype=np.float32)
    scale = np.maximum(rows.std(axis=0, dtype=np.float32), np.float32(SCALE_FLOOR))
    standard = np.asarray((rows - mean) / scale, np.float32)
    share = np.asarray(weights / weights.sum(), np.float32)
    solution = _adam(standard, targets, share[:, None], penalty[:, None], offset)
    return Head(weights=solution[:-1], bias=solution[-1], mean=mean, scale=scale)


def _adam(
    standard: Matrix, targets: Matrix, share: Matrix, penalty: Matrix, offset: Matrix
) -> Matrix:
    solution = np.zeros((standard.shape[1] + 1, targets.shape[1]), np.float32)
    first, second, gradient = (np.zeros_like(solution) for _ in range(3))
    for step in range(1, STEPS + 1):
        predicted = softmax(standard @ solution[:-1] + solution[-1] + offset)
        error = (predicted - targets) * share
        gradient[:-1] = standard.T @ error + penalty * solution[:-1]
        gradient[-1] = error.sum(axis=0)
        first = _BETA_1 * first + (1 - _BETA_1) * gradient
        second = _BETA_2 * second + (1 - _BETA_2) * gradient**2
        rate = LEARNING_RATE * (1.0 - 0.9 * step / STEPS)
        corrected = np.sqrt(second / (1 - _BETA_2**step)) + _EPSILON
        solution -= (rate / (1 - _BETA_1**step)) * first / corrected
    return solution
