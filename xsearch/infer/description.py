"""What is said of a candidate: where it comes from, and what was assumed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import Candidate
from xsearch.chemistry.charge_balance import UNBALANCED
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.formula import formula_of, reduced_formula
from xsearch.chemistry.space_groups import crystal_system
from xsearch.chemistry.symmetry import Symmetry
from xsearch.elements import SYMBOLS
from xsearch.fit.pattern_fit import Cell, PatternFit
from xsearch.fit.settings import LOG_Q
from xsearch.fit.strain_fit import StrainFit
from xsearch.infer.proposals import Proposal
from xsearch.infer.ranking import RankedCandidate
from xsearch.infer.solving import NO_TEMPLATE
from xsearch.infer.template_library import TemplateLibrary

LEAST_MOVED_A = 0.005
"""Root mean square displacement of the atoms, Å, from which it is stated: two decimals show no less."""


def refined_candidate(library: TemplateLibrary, ranked: RankedCandidate, rank: int) -> Candidate:
    """A candidate that was compared with a pattern, as an answer."""
    found, relaxed = _refined_candidate(library, ranked, rank), ranked.candidate.relaxed
    if relaxed is None:
        return found
    end = "" if relaxed.converged else ", not to the end"
    kept = (
        "the pattern prefers the refinement from there"
        if ranked.candidate.from_relaxed
        else ("the pattern prefers them where they were")
    )
    return replace(
        found,
        evidence={**found.evidence, "energy_eV_per_atom": relaxed.energy_eV},
        assumptions=(
            *(text.replace("; nothing was relaxed.", " before relaxation.") for text in found.assumptions),
            f"Its atoms were relaxed in this cell{end}, by {relaxed.moved_A:.2f} Å (rms); {kept}.",
        ),
    )


def _refined_candidate(library: TemplateLibrary, ranked: RankedCandidate, rank: int) -> Candidate:
    one = ranked.candidate
    if one.proposal.row == NO_TEMPLATE:
        return _solved_candidate(ranked, rank)
    number, moved_A = one.symmetry.number, one.refined.moved_A
    lines = [line for site in one.disorder for line in (f"{site.text[0].upper()}{site.text[1:]}.", site.caveat) if line]
    assumptions = [*lines, "The cell was strained to the pattern.", *_unbalanced(one.proposal)]
    template_group = int(library.space_group[one.proposal.row])
    if one.symmetrised:
        assumptions.append(f"They were moved onto the symmetry of space group {number}, which they are close to.")
    elif crystal_system(number) != crystal_system(template_group) and not one.proposal.merged:
        assumptions.append(f"Their symmetry was lowered from space group {template_group}, as the pattern shows.")
    return _candidate(
        library, one.proposal, one.refined.crystal, number, assumptions, moved_A,
        rank=rank, probability=ranked.probability, evidence=ranked.evidence, cell=_cell(one.refined.cell),
        pattern_fit=_pattern_fit(one.fit), refined=one.refined, disorder=one.disorder,
    )  # fmt: skip


def _solved_candidate(ranked: RankedCandidate, rank: int) -> Candidate:
    """A crystal that was solved without a template, as an answer."""
    one = ranked.candidate
    return Candidate(
        rank=rank,
        formula=reduced_formula(one.refined.crystal.composition),
        crystal=one.refined.crystal,
        space_group=one.symmetry.number,
        crystal_system=crystal_system(one.symmetry.number),
        template="",
        source_id="",
        source_formula="",
        substitution={},
        probability=ranked.probability,
        members=0,
        evidence=ranked.evidence,
        cell=_cell(one.refined.cell),
        pattern_fit=_pattern_fit(one.fit),
        assumptions=(
            "Solved from the pattern without a template: the cell by indexing, the atoms by a global search over "
            "Wyckoff positions, then refined.",
            *_unbalanced(one.proposal),
        ),
        refined=one.refined,
    )


def proposed_candidate(
    library: TemplateLibrary, proposal: Proposal, crystal: Crystal, symmetry: Symmetry, probability: float, rank: int
) -> Candidate:
    """A candidate that chemistry alone proposes, as an answer."""
    return _candidate(
        library, proposal, crystal, symmetry.number, ["The volume is predicted.", *_unbalanced(proposal)], 0.0,
        rank=rank, probability=probability, evidence={"prior": proposal.prior}, cell=_cell(symmetry.cell),
    )  # fmt: skip


def _pattern_fit(fit: StrainFit) -> PatternFit:
    return PatternFit(
        strain=fit.strain,
        cell=_cell(fit.cell),
        zero_shift_deg=fit.zero_shift_deg,
        unexplained=fit.unexplained,
        fwhm_deg=fit.fwhm_deg,
        n_lines=fit.lines,
        correlations=dict(zip(LOG_Q.smoothings, fit.correlation, strict=True)),
    )


def _cell(parameters: NDArray[np.float64]) -> Cell:
    a, b, c, alpha, beta, gamma = (float(one) for one in parameters)
    return a, b, c, alpha, beta, gamma


def _unbalanced(proposal: Proposal) -> list[str]:
    balanced = proposal.log_charge > UNBALANCED
    return [] if balanced else ["No usual oxidation states balance this formula."]


def _candidate(
    library: TemplateLibrary,
    proposal: Proposal,
    crystal: Crystal,
    space_group: int,
    assumptions: list[str],
    moved_A: float,
    **numbers: Any,
) -> Candidate:
    """A candidate with its origin; `numbers` are further fields of `Candidate`."""
    row = proposal.row
    slots = zip(library.atomic_numbers[row].tolist(), proposal.targets, strict=True)
    source_id, source_formula = str(library.material_ids[row]), library.formula_names[int(library.formula[row])]
    where = f"The atoms stand where they do in {source_formula} ({source_id})"
    moved = f" but for {moved_A:.2f} Å (rms), by which they were moved to the pattern."
    substitution = {SYMBOLS[old - 1]: SYMBOLS[new - 1] for old, new in slots if old}
    for site in numbers.get("disorder", ()):
        shared = [old for old, new in substitution.items() if len(site.elements) > 1 and new in site.elements]
        substitution |= dict.fromkeys(shared, "/".join(site.elements))
    merged = ["One element stands on sites that two elements share in the template."] if proposal.merged else []
    return Candidate(
        formula=formula_of(crystal),
        crystal=crystal,
        space_group=space_group,
        crystal_system=crystal_system(space_group),
        template=library.keys[int(library.template[row])],
        source_id=source_id,
        source_formula=source_formula,
        substitution=substitution,
        members=proposal.members,
        assumptions=(
            where + (moved if moved_A >= LEAST_MOVED_A else "; nothing was relaxed."), *assumptions, *merged,
        ),
        **numbers,
    )  # fmt: skip
