"""From evidence to a probability: what speaks for an inferred crystal, and how much each counts."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.contacts import contact_scores
from xsearch.chemistry.crystal import Crystal
from xsearch.infer.proposals import CHARGE_FLOOR, Proposals
from xsearch.infer.strain_fit import StrainFit

WEIGHTS = Path(__file__).with_name("weights.json")

TERMS = (
    "fit",
    "wide_fit",
    "free",
    "strain",
    "shape",
    "turn",
    "missing",
    "unexplained",
    "contact_misfit",
    "contact_share",
    "log_substitution",
    "log_charge",
    "log_members",
    "merged",
    "known_formula",
    "log_atoms",
)
"""Names of the columns of `terms`."""

NOTHING = "nothing"
"""Name of the total that a candidate must reach to be likelier than none of them."""

CLOSEST = 0.004
"""Misfits below this are all the same: noise."""

MOST_STRAIN, MOST_SHAPE, MOST_TURN_DEG = 0.05, 0.04, 5.0
FIT_PLACE = 2
"""The smoothing, of `profile.WIDTHS`, at which candidates are compared."""

LEAST_CORRELATION = 0.70
"""Below it, a candidate does not explain the pattern, whatever its rivals do."""

MOST_UNEXPLAINED = 0.45
MOST_CONTACT_MISFIT = 8.0
"""Mean square deviation of nearest distances, in standard deviations: beyond it, atoms overlap or hang free."""


@cache
def weights() -> tuple[NDArray[np.float64], float]:
    """(terms,) natural logarithm of the odds that a unit of each term is worth, and the total of no candidate.

    `python -m benchmarks.inference --fit` fits them.
    """
    table = json.loads(WEIGHTS.read_text())
    return np.array([float(table[name]) for name in TERMS]), float(table[NOTHING])


def terms(fits: list[StrainFit], crystals: list[Crystal], proposals: Proposals) -> NDArray[np.float64]:
    """The evidence for each candidate.

    Misfits count by their logarithm: from 0.04 to 0.02 is as much as from 0.4 to 0.2.

    Args:
        fits: how each met the pattern.
        crystals: in the cells that did.
        proposals: the same candidates, in the same order.

    Returns:
        (k, len(TERMS)) float64.
    """
    measured = np.array(
        [
            (
                -np.log(max(1 - f.correlation[FIT_PLACE], CLOSEST)),
                -np.log(max(1 - f.correlation[0], CLOSEST)),
                f.free,
                min(abs(f.strain), MOST_STRAIN),
                min(f.shape, MOST_SHAPE),
                min(f.turn_deg, MOST_TURN_DEG),
                -np.log(0.01 + f.missing),
                -np.log(0.01 + f.unexplained),
            )
            for f in fits
        ]
    ).reshape(-1, 8)
    touching = np.array([contact_scores(crystal) for crystal in crystals]).reshape(-1, 2)
    chemistry = np.column_stack(
        [
            proposals.log_substitution,
            np.maximum(proposals.log_charge, CHARGE_FLOOR),
            np.log1p(proposals.members),
            proposals.merged,
            proposals.known,
            np.log(proposals.coefficients.sum(axis=1)),
        ]
    )
    return np.hstack([measured, touching, chemistry])


def probabilities(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) probability of each candidate; what is missing to one is that of none of them."""
    worth, nothing = weights()
    total = np.append(evidence @ worth, nothing)
    share = np.exp(total - total.max())
    return (share / share.sum())[:-1]


def explains(fit: StrainFit, evidence: NDArray[np.float64]) -> bool:
    """Whether a crystal accounts for a pattern at all; where the best does not, nothing is inferred.

    Args:
        fit: how it met the pattern.
        evidence: (len(TERMS),) its terms.
    """
    return bool(
        fit.correlation[FIT_PLACE] >= LEAST_CORRELATION
        and fit.unexplained <= MOST_UNEXPLAINED
        and evidence[TERMS.index("contact_misfit")] <= MOST_CONTACT_MISFIT
    )
