"""From the evidence of edges to a score between 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xsearch.xas.settings import DEFAULTS, ProbabilitySettings


def posteriors_of(total: NDArray[np.float64], groups: list[list[int]]) -> NDArray[np.float64]:
    """(groups,) posterior of each phase's best entry, as if the right one were among the phases compared."""
    best = np.array([total[group[0]] for group in groups])
    relative = np.exp(best - best.max(initial=-np.inf))
    return np.asarray(relative / relative.sum())


def spectra_score(
    posterior: float,
    evidence: Sequence[float],
    has_reference: bool,
    compared: int,
    choices: int,
    settings: ProbabilitySettings = DEFAULTS.probability,
) -> float:
    """The score of a hit, a logistic function.

    Many entries compared lower it, since among many some agree by chance; so do entries without a spectrum, since the
    right one may be among them.

    Args:
        posterior: among the phases compared.
        evidence: of each edge; NaN where there is nothing to compare.
        has_reference: whether any of it comes from a measured reference.
        compared: how many entries have a spectrum.
        choices: how many meet the conditions.
        settings: coefficients.
    """
    known = [value for value in evidence if np.isfinite(value)]
    if not known:
        return 0.0
    posterior = float(np.clip(posterior, 1e-9, 1 - 1e-6))
    logit = (
        settings.offset
        + settings.posterior_slope * float(np.log(posterior / (1 - posterior)))
        + settings.evidence_slope * float(np.mean(known))
        + settings.reference_bonus * has_reference
        - settings.choice_slope * float(np.log(compared))
        + settings.coverage_slope * float(np.log(min(compared / max(choices, 1), 1.0)))
    )
    return float(1 / (1 + np.exp(-logit)))
