"""Crystals solved without a template, as candidates beside those of templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xsearch.checkpoint import Checkpoint
from xsearch.chemistry.formula import reduced_formula
from xsearch.chemistry.valence import OxidationHint
from xsearch.fit.strain import strained
from xsearch.indexing.thorough import RankedCell
from xsearch.infer.evidence import strain_fit_terms
from xsearch.infer.proposals import LEAST_LOG_SHARE, Proposal, log_charges
from xsearch.infer.settings import INFERENCE_SETTINGS, SolvingSettings
from xsearch.infer.task import InferenceTask
from xsearch.infer.trial import RefinedCandidate, TrialCandidate
from xsearch.solve.engine import SolvedCrystal, log_odds_of_formula, solve

LEAST_LOG_ODDS = -30.0
"""Of a formula that fills none of the cells."""

NO_TEMPLATE = -1
"""Row of a candidate that was solved."""


def likely_formulas(
    task: InferenceTask,
    formula: Mapping[str, int] | None,
    ranked: Sequence[RankedCell],
    settings: SolvingSettings = INFERENCE_SETTINGS.solving,
) -> list[tuple[int, ...]]:
    """The formula that is known, or the likeliest ones by chemistry and by the cells: atoms of each element.

    Args:
        task: the proposals, whose shares are those of their formulas.
        formula: that is known.
        ranked: cells of the pattern; a formula should fill one with whole units.
        settings: how many formulas are compared with the cells, and how many are given.
    """
    elements = task.proposals.elements
    if formula is not None:
        return [tuple(formula.get(element, 0) for element in elements)]
    shares: dict[tuple[int, ...], float] = {}
    for coefficients, log_share in zip(
        map(tuple, task.proposals.coefficients.tolist()), task.proposals.log_formula.tolist(), strict=True
    ):
        shares[coefficients] = max(shares.get(coefficients, LEAST_LOG_SHARE), log_share)
    known = sorted(shares, key=lambda one: -shares[one])[: settings.compared_formulas]
    odds = {
        one: shares[one] + float(log_odds_of_formula(ranked, _counts(elements, one)).max(initial=LEAST_LOG_ODDS))
        for one in known
    }
    return sorted(known, key=lambda one: -odds[one])[: settings.formulas]


def _counts(elements: Sequence[str], coefficients: Sequence[int]) -> dict[str, int]:
    """Atoms of each element that a formula holds."""
    return {element: count for element, count in zip(elements, coefficients, strict=True) if count}


def solved_candidates(
    task: InferenceTask,
    formulas: Sequence[tuple[int, ...]],
    ranked: Sequence[RankedCell],
    seconds: float,
    kept: Checkpoint,
    *,
    oxidation: Mapping[str, OxidationHint] | None = None,
    alloy: bool | None = None,
) -> list[RefinedCandidate]:
    """The crystals of some formulas that the pattern is solved by.

    Args:
        task: the pattern.
        formulas: atoms of each element.
        ranked: cells of the pattern.
        seconds: for all searches together; each formula is given the same.
        kept: how far they had come before.
        oxidation, alloy: for the balance of charges, as in `propose`.
    """
    elements = task.proposals.elements
    balanced = log_charges(elements, np.array(formulas), oxidation, alloy)
    found: list[RefinedCandidate] = []
    for coefficients, log_charge in zip(formulas, balanced.tolist(), strict=True):
        formula = _counts(elements, coefficients)
        name = "solve_" + "".join(f"{element}{count}" for element, count in formula.items())
        solution = solve(
            task.prepared, formula, groups=task.groups, seconds=seconds / len(formulas), threads=task.threads,
            ranked=ranked, kept=kept.part(name),
        )  # fmt: skip
        found += [
            _candidate(task, one, coefficients, log_charge)
            for one in solution.crystals
            if task.allows(one.refined.crystal)
        ]
    return found


def solved_note(task: InferenceTask, formulas: Sequence[tuple[int, ...]], seconds: float) -> str:
    """What was solved, in a line."""
    names = [reduced_formula(_counts(task.proposals.elements, coefficients)) for coefficients in formulas]
    return f"Crystals of {', '.join(names)} were solved from the pattern for {seconds:.0f} s, without a template."


def _candidate(
    task: InferenceTask, one: SolvedCrystal, coefficients: tuple[int, ...], log_charge: float
) -> RefinedCandidate:
    """A solved crystal with the evidence of its fit; what substitution says of others is a constant for it."""
    settings = task.settings.solving
    same = (task.proposals.coefficients == coefficients).all(axis=1)
    number = one.symmetry.number
    proposal = Proposal(
        row=NO_TEMPLATE,
        space_group=number,
        targets=(),
        coefficients=coefficients,
        log_substitution=settings.log_substitution,
        log_charge=log_charge,
        members=1,
        merged=False,
        known=bool(task.proposals.known[same].any()),
        hull_eV=settings.hull_eV,
        log_formula=float(task.proposals.log_formula[same].max(initial=LEAST_LOG_SHARE)),
        log_system=LEAST_LOG_SHARE,
        prior=0.0,
    )
    proposal = task.in_space_group(proposal, number)
    crystal = strained(one.symmetry, one.fit.cell)
    evidence = strain_fit_terms(one.fit, crystal, proposal, False, task.prepared.log_q.spread, task.settings)
    trial = TrialCandidate(proposal, one.symmetry, one.reflections, one.fit, False, evidence)
    return RefinedCandidate.of(trial, one.refined)
