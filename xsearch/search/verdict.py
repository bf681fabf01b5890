"""From evidence to a score between 0 and 1, and to the verdict on an answer."""

import numpy as np
from numpy.typing import NDArray

from xsearch.results.result import Verdict

OFFSET, SLOPE = 9.0, 0.8
"""The score is the logistic function of SLOPE · (evidence - OFFSET), set on measured patterns with and without their
phase in the library; `python -m benchmarks.verdict` measures what comes of it."""

CONFIDENT, TENTATIVE = 0.7, 0.3


def score(total: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) scores of the summed evidence."""
    return 1 / (1 + np.exp(-SLOPE * (total - OFFSET)))


def verdict(scores: list[float]) -> Verdict:
    """What to say of an answer whose hits have these scores, the best first."""
    if not scores or scores[0] < TENTATIVE:
        return "no confident match"
    return "match" if scores[0] >= CONFIDENT else "tentative"
