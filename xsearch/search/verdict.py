"""From evidence to a score between 0 and 1, and to the verdict on an answer."""

import numpy as np
from numpy.typing import NDArray

from xsearch.results.result import Verdict

STRAIN_SLOPE, PRIOR_SLOPE, UNEXPLAINED_SLOPE, MARGIN_SLOPE, CHOICE_SLOPE, OFFSET = 1.76, 0.84, 4.5, 0.17, 0.123, 0.32
"""The score is the logistic function of a sum: what the strain costs, the prior, what stays unexplained, the margin to
the best other phase, and the logarithm of the number of entries searched, since among many some fit by chance. The
numbers are a logistic regression on 97 measured patterns, searched with and without elements, with their phase in the
library and with it taken out, so that a score is about the probability of being right."""

LARGEST_MARGIN = 15.0

CONFIDENT, TENTATIVE = 0.5, 0.25


def margins(total: NDArray[np.float64], groups: list[list[int]]) -> NDArray[np.float64]:
    """(k,) how far the summed evidence of each place is ahead of the best other phase.

    Args:
        total: (k,) summed evidence of matched rows.
        groups: their places grouped into phases, the best phase first and the best place of each first.
    """
    best = np.array([total[group[0]] for group in groups])
    rival = np.full(len(total), -np.inf)
    for number, group in enumerate(groups):
        others = best[1:2] if number == 0 else best[:1]
        rival[group] = others[0] if len(others) else -np.inf
    return total - rival


def probability(strain: float, prior: float, unexplained: float, margin: float, choices: int) -> float:
    """The score of one hit.

    Args:
        strain: evidence of its strain and change of shape, 0 or less.
        prior: evidence of the prior.
        unexplained: share of the pattern's net intensity that it leaves.
        margin: to the best other phase.
        choices: how many entries were searched.
    """
    logit = (
        OFFSET
        + STRAIN_SLOPE * strain
        + PRIOR_SLOPE * prior
        - UNEXPLAINED_SLOPE * unexplained
        + MARGIN_SLOPE * float(np.clip(margin, -LARGEST_MARGIN, LARGEST_MARGIN))
        - CHOICE_SLOPE * float(np.log(choices))
    )
    return float(1 / (1 + np.exp(-logit)))


def verdict(scores: list[float]) -> Verdict:
    """What to say of an answer whose hits have these scores, the best first."""
    if not scores or scores[0] < TENTATIVE:
        return "no confident match"
    return "match" if scores[0] >= CONFIDENT else "tentative"
