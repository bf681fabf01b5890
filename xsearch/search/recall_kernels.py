"""The compiled end of recall."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def best_scores(overlap, spread, expected, shifts, sigma, weight):
    """For each row the score of the shift that matches best, the cost of an unexpected one taken off.

    Args:
        overlap: (m, k) rows against the pattern at k shifts.
        spread: (m,) what turns them into correlations.
        expected: (m,) strain that the cells are expected to need.
        shifts: (k,) rising.
        sigma, weight: the cost is weight · ln(1 + ((shift - expected) / sigma)²).

    Returns:
        (m,) float32.
    """
    score = np.empty(len(overlap), np.float32)
    for i in range(len(overlap)):
        best = -np.inf
        for k in range(len(shifts)):
            correlation = overlap[i, k] / spread[i]
            if correlation > best:  # the cost, which is never negative, is worked out where it can matter
                away = (shifts[k] - expected[i]) / sigma
                best = max(best, correlation - weight * np.log1p(away * away))
        score[i] = best
    return score
