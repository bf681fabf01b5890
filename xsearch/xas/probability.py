"""From the evidence of edges to a score between 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SHARE_SLOPE, EVIDENCE_SLOPE, REFERENCE_BONUS, CHOICE_SLOPE, COVERAGE_SLOPE, OFFSET = 0.03, 0.15, 1.05, 0.38, 0.37, -0.28
"""The score is the logistic function of a sum: the share among the phases compared, the evidence, whether a measured
reference gives it, the logarithm of how many entries were compared, since among many some agree by chance, and that of
the share of the entries under the conditions which have a spectrum at all, since the right one may have none. The
numbers are a logistic regression on 107 measured edges of 28 compounds, each compound counting alike, asked with and
without the elements, of measured references, simulated spectra and both, with their compound in the library and with
it taken out. By formula-grouped folds the expected calibration error is 0.07."""


def shares_of(total: NDArray[np.float64], groups: list[list[int]]) -> NDArray[np.float64]:
    """(groups,) share of each phase's best entry in the sum over phases, as if the right one were among them."""
    best = np.array([total[group[0]] for group in groups])
    relative = np.exp(best - best.max(initial=-np.inf))
    return np.asarray(relative / relative.sum())


def spectra_score(share: float, evidence: Sequence[float], has_reference: bool, compared: int, choices: int) -> float:
    """The score of a hit.

    Args:
        share: among the phases compared.
        evidence: of each edge; NaN where there is nothing to compare.
        has_reference: whether any of it comes from a measured reference.
        compared: how many entries have a spectrum.
        choices: how many meet the conditions.
    """
    told = [value for value in evidence if np.isfinite(value)]
    if not told:
        return 0.0
    share = float(np.clip(share, 1e-9, 1 - 1e-6))
    logit = (
        OFFSET
        + SHARE_SLOPE * float(np.log(share / (1 - share)))
        + EVIDENCE_SLOPE * float(np.mean(told))
        + REFERENCE_BONUS * has_reference
        - CHOICE_SLOPE * float(np.log(compared))
        + COVERAGE_SLOPE * float(np.log(min(compared / max(choices, 1), 1.0)))
    )
    return float(1 / (1 + np.exp(-logit)))
