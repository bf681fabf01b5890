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
    "fit_spread",
    "hull",
    "log_formula",
    "log_system",
    "raised",
)
"""Names of the columns of `terms`."""

ANSWER_TERMS = ("constant", "total", "fit", "contact_misfit")
"""Names of what tells whether the best candidate is right: see `answer_terms`."""

CLOSEST = 0.004
"""Misfits below this are all the same: noise."""

MOST_STRAIN, MOST_SHAPE, MOST_TURN_DEG = 0.05, 0.04, 5.0
MOST_HULL_eV = 0.3
TYPICAL_SPREAD = 5.0
FIT_PLACE = 2
"""The smoothing, of `profile.WIDTHS`, at which candidates are compared."""


@cache
def weights() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(terms,) natural logarithm of the odds that a unit of each term is worth among the candidates of one pattern, and
    (answer terms,) the same for whether the best of them is right.

    `python -m benchmarks.inference --fit` fits them.
    """
    table = json.loads(WEIGHTS.read_text())
    return (
        np.array([float(table["candidate"][name]) for name in TERMS]),
        np.array([float(table["answer"][name]) for name in ANSWER_TERMS]),
    )


def terms(
    fits: list[StrainFit],
    crystals: list[Crystal],
    proposals: Proposals,
    raised: NDArray[np.bool_],
    spread: float,
) -> NDArray[np.float64]:
    """The evidence for each candidate.

    Misfits count by their logarithm: from 0.04 to 0.02 is as much as from 0.4 to 0.2.

    Args:
        fits: how each met the pattern.
        crystals: in the cells that did.
        proposals: the same candidates, in the same order.
        raised: (k,) whether the atoms were moved onto a higher symmetry.
        spread: of the pattern; a good fit to many lines says more than one to a few.

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
            measured[:, 0] * (spread - TYPICAL_SPREAD),
            np.clip(proposals.hull_eV, 0, MOST_HULL_eV),
            proposals.log_formula,
            proposals.log_system,
            raised,
        ]
    )
    return np.hstack([measured, touching, chemistry])


def shares(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) probability of each candidate, given that one of them is right."""
    total = evidence @ weights()[0]
    share = np.exp(total - total.max(initial=-np.inf))
    return share / share.sum()


def answer_probability(evidence: NDArray[np.float64]) -> float:
    """Probability that the best candidate is right; 0 where there is none."""
    if not len(evidence):
        return 0.0
    worth, answer = weights()
    return float(1 / (1 + np.exp(-answer_terms(evidence, worth) @ answer)))


def answer_terms(evidence: NDArray[np.float64], worth: NDArray[np.float64]) -> NDArray[np.float64]:
    """(len(ANSWER_TERMS),) what tells whether the best candidate is right: its total, and some of its evidence again.

    Args:
        evidence: (k, len(TERMS)) of at least one candidate.
        worth: (len(TERMS),) what each term counts.
    """
    total = evidence @ worth
    best = int(np.argmax(total))
    known = {"constant": 1.0, "total": float(total[best])}
    return np.array(
        [known[name] if name in known else float(evidence[best, TERMS.index(name)]) for name in ANSWER_TERMS]
    )
