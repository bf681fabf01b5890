"""From evidence to a probability: what speaks for an inferred crystal, and how much each counts."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.infer.proposals import CHARGE_FLOOR, Proposals
from xsearch.infer.strain_fit import StrainFit

WEIGHTS = Path(__file__).with_name("weights.json")

TERMS = (
    "correlation",
    "wide_correlation",
    "free",
    "strain",
    "shape",
    "unexplained",
    "missing",
    "log_substitution",
    "log_charge",
    "log_members",
    "merged",
)
"""Names of the columns of `terms`."""

LEAST_CORRELATION = 0.75
"""Below it, the best candidate does not explain the pattern, whatever its rivals do."""

MOST_UNEXPLAINED = 0.45


@cache
def weights() -> NDArray[np.float64]:
    """(terms,) natural logarithm of the odds that a unit of each term is worth; `benchmarks/inference.py` fits them."""
    table = json.loads(WEIGHTS.read_text())
    return np.array([float(table[name]) for name in TERMS])


def terms(fits: list[StrainFit], proposals: Proposals) -> NDArray[np.float64]:
    """The evidence for each candidate.

    Args:
        fits: how each met the pattern.
        proposals: the same candidates, in the same order.

    Returns:
        (k, len(TERMS)) float64.
    """
    measured = np.array(
        [(f.correlation[-1], f.correlation[0], f.free, abs(f.strain), f.shape, f.unexplained, f.missing) for f in fits]
    ).reshape(-1, 7)
    chemistry = np.column_stack(
        [
            proposals.log_substitution,
            np.maximum(proposals.log_charge, CHARGE_FLOOR),
            np.log1p(proposals.members),
            proposals.merged,
        ]
    )
    return np.hstack([measured, chemistry])


def probabilities(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) probability of each candidate, if the right one is among them."""
    total = evidence @ weights()
    share = np.exp(total - total.max())
    return share / share.sum()


def explains(fit: StrainFit) -> bool:
    """Whether a crystal accounts for a pattern at all; where the best does not, nothing is inferred."""
    return fit.correlation[-1] >= LEAST_CORRELATION and fit.unexplained <= MOST_UNEXPLAINED
