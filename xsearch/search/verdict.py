"""From evidence to a score between 0 and 1, and to the verdict on an answer."""

import numpy as np
from numpy.typing import NDArray

from xsearch.results.result import Verdict

EVIDENCE_SLOPE, MARGIN_SLOPE, OFFSET = 0.064, 0.214, 2.77
"""The score is the logistic function of EVIDENCE_SLOPE · evidence + MARGIN_SLOPE · margin - OFFSET, with the margin to
the best other phase. The numbers are a logistic regression on measured patterns, searched with their phase in the
library and with it taken out, so that a score is about the probability of being right."""

LARGEST_MARGIN = 15.0

CONFIDENT, TENTATIVE = 0.5, 0.25


def score(total: NDArray[np.float64], groups: list[list[int]]) -> NDArray[np.float64]:
    """(k,) scores of the summed evidence.

    Args:
        total: (k,) summed evidence of matched rows.
        groups: their places grouped into phases, the best phase first and the best place of each first.
    """
    best = np.array([total[group[0]] for group in groups])
    rival = np.full(len(total), -np.inf)
    for number, group in enumerate(groups):
        others = best[1:2] if number == 0 else best[:1]
        rival[group] = others[0] if len(others) else -np.inf
    margin = np.clip(total - rival, -LARGEST_MARGIN, LARGEST_MARGIN)
    return 1 / (1 + np.exp(OFFSET - EVIDENCE_SLOPE * total - MARGIN_SLOPE * margin))


def verdict(scores: list[float]) -> Verdict:
    """What to say of an answer whose hits have these scores, the best first."""
    if not scores or scores[0] < TENTATIVE:
        return "no confident match"
    return "match" if scores[0] >= CONFIDENT else "tentative"
