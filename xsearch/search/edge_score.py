"""From the evidence of edges to a score between 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SHARE_SLOPE, EVIDENCE_SLOPE, OFFSET = 0.9, 0.5, -3.0


def shares_of(total: NDArray[np.float64], groups: list[list[int]]) -> NDArray[np.float64]:
    """(groups,) share of each phase's best entry in the sum over phases, as if the right one were among them."""
    best = np.array([total[group[0]] for group in groups])
    relative = np.exp(best - best.max(initial=-np.inf))
    return np.asarray(relative / relative.sum())


def spectra_score(share: float, evidence: Sequence[float]) -> float:
    """The score of a hit.

    Args:
        share: among the phases compared.
        evidence: of each edge; NaN where there is nothing to compare.
    """
    told = [value for value in evidence if np.isfinite(value)]
    if not told:
        return 0.0
    odds = np.log(max(share, 1e-9) / max(1 - share, 1e-9))
    logit = OFFSET + SHARE_SLOPE * odds + EVIDENCE_SLOPE * float(np.mean(told))
    return float(1 / (1 + np.exp(-logit)))
