"""From evidence to a probability: what speaks for an inferred crystal, and how much each term counts."""

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
from xsearch.infer.proposals import Proposal
from xsearch.infer.settings import INFERENCE_SETTINGS, InferenceSettings
from xsearch.infer.trial import COMPARED_AT, RefinedCandidate, TrialCandidate, evidence_of
from xsearch.paths import WEIGHTS_FOLDER

RANKING_FILE = WEIGHTS_FOLDER / "inference_ranking.json"
"""The weights of all terms, fitted on compounds whose formulas were left out of the templates."""

MEASURED_TERMS = ("fit", "wide_fit", "free", "strain", "shape", "turn", "missing", "unexplained", "fit_spread")
"""Terms that come from the pattern; the others are chemistry."""

STRAIN_FIT_TERMS = (
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
    "symmetrised",
)
"""Terms that a candidate has after its strain fit, in the order of `strain_fit_terms`."""

RIETVELD_TERMS = ("refined", "behind", "misfit")
"""Terms that a final refinement adds, in the order of `candidate_terms`."""

TERMS = (*STRAIN_FIT_TERMS, *RIETVELD_TERMS)
"""All terms of a refined candidate."""

ANSWER_TERMS = ("constant", "total", "log_share", "fit", "contact_misfit", "misfit")
"""Terms for whether the best candidate is right: see `answer_terms`."""


@cache
def weights(of: str) -> NDArray[np.float64]:
    """Natural logarithm of the odds that a unit of each term is worth.

    Args:
        of: `strain_fit`, the `STRAIN_FIT_TERMS` among all fitted candidates of a pattern; `candidate`, the `TERMS`
            among the refined ones; or `answer`, the `ANSWER_TERMS`, for whether the best candidate is right.

    `python -m xsearch.training.inference_ranking` fits them.
    """
    names = {"strain_fit": STRAIN_FIT_TERMS, "candidate": TERMS, "answer": ANSWER_TERMS}[of]
    table = json.loads(RANKING_FILE.read_text(encoding="utf-8"))
    return np.array([float(table[of][name]) for name in names])


def strain_fit_terms(
    fit: StrainFit,
    crystal: Crystal,
    proposal: Proposal,
    symmetrised: bool,
    spread: float,
    settings: InferenceSettings = INFERENCE_SETTINGS,
) -> NDArray[np.float64]:
    """The evidence for a candidate after its strain fit.

    Misfits count by their logarithm: from 0.04 to 0.02 is as much as from 0.4 to 0.2.

    Args:
        fit: the strain fit.
        crystal: in the fitted cell.
        proposal: which entry takes which elements.
        symmetrised: whether the atoms were moved onto a higher symmetry.
        spread: of the pattern; a good fit to many lines says more than one to a few.
        settings: the bounds of the terms.

    Returns:
        (len(STRAIN_FIT_TERMS),) float64.
    """
    bounds = settings.evidence
    fit_quality = -np.log(max(1 - fit.correlation[COMPARED_AT], bounds.least_misfit))
    return np.array(
        [
            fit_quality,
            -np.log(max(1 - fit.correlation[0], bounds.least_misfit)),
            fit.free,
            min(abs(fit.strain), bounds.most_strain),
            min(fit.shape, bounds.most_shape),
            min(fit.turn_deg, bounds.most_turn_deg),
            -np.log(0.01 + fit.missing),
            -np.log(0.01 + fit.unexplained),
            *contact_scores(crystal),
            proposal.log_substitution,
            max(proposal.log_charge, settings.proposals.charge_floor),
            np.log1p(proposal.members),
            proposal.merged,
            proposal.known,
            np.log(sum(proposal.coefficients)),
            fit_quality * (spread - bounds.typical_spread),
            min(max(proposal.hull_eV, 0.0), bounds.most_hull_eV),
            proposal.log_formula,
            proposal.log_system,
            symmetrised,
        ],
        np.float64,
    )


def candidate_terms(
    candidates: Sequence[RefinedCandidate], points: float, settings: InferenceSettings = INFERENCE_SETTINGS
) -> NDArray[np.float64]:
    """The evidence for refined candidates.

    Candidates of different formulas are compared by their evidence per point: models are never right, and many points
    would make too much of that. Candidates of one formula are often the same crystal but for a distortion, and share
    their errors; there the difference in evidence counts by itself, the more the better the pattern is explained.

    Args:
        candidates: all that are compared.
        points: independent points of the pattern: a line's width of them counts as one.
        settings: the scales of the terms.

    Returns:
        (k, len(TERMS)) float64: the terms of the strain fits; `refined`, evidence per point less that of the best
        candidate; `behind`, evidence less that of the best one of the same formula, by its logarithm; and `misfit`, by
        its logarithm.
    """
    scales = settings.evidence
    evidence = np.array([candidate.refined.log_evidence for candidate in candidates], np.float64)
    misfit = scales.misfit_offset + np.array([candidate.refined.misfit for candidate in candidates], np.float64)
    formulas: dict[tuple[int, ...], float] = {}
    for candidate, value in zip(candidates, evidence.tolist(), strict=True):
        formula = candidate.proposal.coefficients
        formulas[formula] = max(formulas.get(formula, value), value)
    best = np.array([formulas[candidate.proposal.coefficients] for candidate in candidates], np.float64)
    behind = (best - evidence) / (scales.behind * misfit.min(initial=np.inf))
    per_point = (evidence - evidence.max(initial=-np.inf)) / points
    strain_fits = evidence_of(candidates, len(STRAIN_FIT_TERMS))
    return np.column_stack([strain_fits, per_point, -np.log1p(behind), -np.log(misfit)])


def fitted_shares(candidates: Sequence[TrialCandidate]) -> NDArray[np.float64]:
    """(k,) probability of each candidate by its strain fit, given that one of them is right."""
    return _softmax(evidence_of(candidates, len(STRAIN_FIT_TERMS)) @ weights("strain_fit"))


def totals(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) log-evidence of each refined candidate by its `TERMS`."""
    return np.asarray(evidence @ weights("candidate"))


def shares(total: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) probability of each refined candidate by its log-evidence, given that one of them is right."""
    return _softmax(total)


def _softmax(total: NDArray[np.float64]) -> NDArray[np.float64]:
    share = np.exp(total - total.max(initial=-np.inf))
    return share / share.sum()


def answer_probability(evidence: NDArray[np.float64], total: NDArray[np.float64]) -> float:
    """Probability that the best candidate is right; 0 where there is none."""
    if not len(evidence):
        return 0.0
    return float(1 / (1 + np.exp(-answer_terms(evidence, total) @ weights("answer"))))


def answer_terms(evidence: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Whether the best candidate is right: its total, its share among all, and some of its evidence again.

    Args:
        evidence: (k, len(TERMS)) of at least one candidate.
        total: (k,) log-evidence, by these terms and by what else counts.

    Returns:
        (len(ANSWER_TERMS),) float64.
    """
    best = int(np.argmax(total))
    known = {"constant": 1.0, "total": float(total[best]), "log_share": float(np.log(_softmax(total)[best]))}
    return np.array(
        [known[name] if name in known else float(evidence[best, TERMS.index(name)]) for name in ANSWER_TERMS]
    )


def refinement_worth(refined: Refined, points: float, settings: InferenceSettings = INFERENCE_SETTINGS) -> float:
    """Natural logarithm of the odds that a refinement is worth against those of other crystals for the same pattern.

    The log-evidence counts per point, since models are never right, beside the misfit; both as among candidates of
    different formulas.

    Args:
        refined: of any crystal, stored or inferred.
        points: independent points of the pattern: a line's width of them counts as one.
        settings: the scales of the terms.
    """
    worth = dict(zip(TERMS, weights("candidate").tolist(), strict=True))
    misfit = float(np.log(settings.evidence.misfit_offset + refined.misfit))
    return float(worth["refined"] * refined.log_evidence / points - worth["misfit"] * misfit)
