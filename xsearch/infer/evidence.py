"""From evidence to a probability: what speaks for an inferred crystal, and how much each counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.contacts import contact_scores
from xsearch.chemistry.crystal import Crystal
from xsearch.fit.rietveld import Refined
from xsearch.fit.strain_fit import StrainFit
from xsearch.infer.proposals import CHARGE_FLOOR, Proposals
from xsearch.paths import WEIGHTS_FOLDER

RANKING_FILE = WEIGHTS_FOLDER / "inference_ranking.json"

CLOSE_TERMS = (
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
"""Names of the columns of `terms`, which the close fits show."""

MEASURED_TERMS = ("fit", "wide_fit", "free", "strain", "shape", "turn", "missing", "unexplained", "fit_spread")
"""Those that come from the pattern; the others are chemistry."""

REFINED_TERMS = ("refined", "behind", "misfit", "changed")
"""Names of the columns of `refined_terms`."""

TERMS = (*CLOSE_TERMS, *REFINED_TERMS)
"""What speaks for a candidate after the last look."""

ANSWER_TERMS = ("constant", "total", "log_share", "fit", "contact_misfit", "misfit")
"""Names of what tells whether the best candidate is right: see `answer_terms`."""

CLOSEST = 0.004
"""Misfits below this are all the same: noise."""

MOST_STRAIN, MOST_SHAPE, MOST_TURN_DEG = 0.05, 0.04, 5.0
MOST_HULL_eV = 0.3
TYPICAL_SPREAD = 5.0
BEHIND_UNIT, LEAST_MISFIT = 5.0, 0.3
"""Nats of evidence by which a candidate is clearly behind another one of its formula where the misfit is 1, and what is
added to the misfit: errors are overestimated where it is small."""

CLEARLY_AHEAD = 20.0
"""Nats of evidence by which a changed candidate must be ahead of all others to count as much as they do."""

FIT_PLACE = 2
"""The smoothing, of `profile.WIDTHS`, at which candidates are compared."""


@cache
def weights(of: str) -> NDArray[np.float64]:
    """Natural logarithm of the odds that a unit of each term is worth.

    Args:
        of: `close`, the `CLOSE_TERMS` among all candidates of a pattern; `candidate`, the `TERMS` among those of the
            last look; or `answer`, the `ANSWER_TERMS`, for whether the best candidate is right.

    `python -m xsearch.training.inference_ranking` fits them.
    """
    names = {"close": CLOSE_TERMS, "candidate": TERMS, "answer": ANSWER_TERMS}[of]
    table = json.loads(RANKING_FILE.read_text(encoding="utf-8"))
    return np.array([float(table[of][name]) for name in names])


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
        (k, len(CLOSE_TERMS)) float64.
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


def refined_terms(
    refined: Sequence[Refined], coefficients: NDArray[np.integer], points: float, changed: Sequence[bool] = ()
) -> NDArray[np.float64]:
    """The evidence of the last look.

    Candidates of different formulas are compared by their evidence a point: models are never right, and many points
    would make too much of that. Candidates of one formula are often the same crystal but for a distortion, and share
    their errors; there, what one is behind the other counts by itself, the more the better the pattern is explained.

    Args:
        refined: of each candidate. coefficients: (k, n) of their formulas.
        points: how many lines' worth of points the pattern has.
        changed: whether each is more than an entry with other elements; by default none is.

    Returns:
        (k, 4) float64: `refined`, evidence a point less that of the best; `behind`, of the best one of the formula;
        `misfit`, by its logarithm; and `changed`, 1 for what is more than an entry with other elements, less the
        further it is ahead of all entries: with so much freedom, what hardly explains more says nothing.
    """
    evidence = np.array([r.log_evidence for r in refined], np.float64)
    misfit = LEAST_MISFIT + np.array([r.misfit for r in refined], np.float64)
    formula = np.unique(coefficients, axis=0, return_inverse=True)[1].ravel()
    free = np.array(changed or [False] * len(evidence), np.bool_)
    ahead = np.maximum(evidence - evidence[~free].max(initial=-np.inf), 0) / CLEARLY_AHEAD
    doubtful = np.where(free, np.maximum(1 - ahead, 0), 0)
    # one that is held against its freedom puts no other behind
    sure = doubtful == 0
    best = np.full(len(evidence), -np.inf)
    np.maximum.at(best, formula[sure], evidence[sure])
    least = misfit[sure].min(initial=np.inf)
    behind = np.maximum(best[formula] - evidence, 0) / (BEHIND_UNIT * least)
    refined_by = (evidence - evidence.max(initial=-np.inf)) / points
    return np.column_stack([refined_by, -np.log1p(behind), -np.log(misfit), doubtful])


def close_shares(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) probability of each candidate by its `CLOSE_TERMS`, given that one of them is right."""
    return _softmax(evidence[:, : len(CLOSE_TERMS)] @ weights("close"))


def shares(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) probability of each candidate by its `TERMS`, given that one of them is right."""
    return _softmax(evidence @ weights("candidate"))


def _softmax(total: NDArray[np.float64]) -> NDArray[np.float64]:
    share = np.exp(total - total.max(initial=-np.inf))
    return share / share.sum()


def answer_probability(evidence: NDArray[np.float64]) -> float:
    """Probability that the best candidate is right; 0 where there is none."""
    if not len(evidence):
        return 0.0
    return float(1 / (1 + np.exp(-answer_terms(evidence, weights("candidate")) @ weights("answer"))))


def answer_terms(evidence: NDArray[np.float64], worth: NDArray[np.float64]) -> NDArray[np.float64]:
    """What tells whether the best candidate is right: its total, its share among all, and some of its evidence again.

    Args:
        evidence: (k, len(TERMS)) of at least one candidate.
        worth: (len(TERMS),) what each term counts.

    Returns:
        (len(ANSWER_TERMS),) float64.
    """
    total = evidence @ worth
    best = int(np.argmax(total))
    known = {"constant": 1.0, "total": float(total[best]), "log_share": float(np.log(_softmax(total)[best]))}
    return np.array(
        [known[name] if name in known else float(evidence[best, TERMS.index(name)]) for name in ANSWER_TERMS]
    )
