"""Refinement of screened crystals: strain fits, and the more symmetric forms of the best of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import CrystalError
from xsearch.fit.strain import strained
from xsearch.fit.strain_fit import StrainFit, fit_strain
from xsearch.infer.evidence import fitted_shares, strain_fit_terms
from xsearch.infer.task import InferenceTask
from xsearch.infer.trial import FitStart, TrialCandidate
from xsearch.simulate.powder import simulate_reflections
from xsearch.simulate.reflections import Reflections


@dataclass(frozen=True, slots=True, eq=False)
class _Symmetrised:
    """A more symmetric form.

    Attributes:
        start: of its strain fit.
        parents: the candidates of the same formula close to it, the likeliest first.
    """

    start: FitStart
    parents: list[TrialCandidate] = field(default_factory=list)


def refine_by_strain(task: InferenceTask, starts: Sequence[FitStart]) -> list[TrialCandidate]:
    """Fit crystals by strain; those close to a higher symmetry that fits the pattern as well are given on that."""
    plain = [found for found in strain_fits(task, starts) if found is not None]
    higher = _symmetrised(task, plain)
    fitted = strain_fits(task, [one.start for one in higher], symmetrised=True)
    # a higher symmetry that fits as well stands for the lower ones; one that does not is left out
    kept: list[TrialCandidate] = []
    replaced: set[int] = set()
    for one, found in zip(higher, fitted, strict=True):
        if found is not None and _fits_as_well(task, found, one.parents):
            kept.append(found)
            replaced.update(id(parent) for parent in one.parents)
    return [candidate for candidate in plain if id(candidate) not in replaced] + kept


def strain_fits(
    task: InferenceTask, starts: Sequence[FitStart], *, symmetrised: bool = False
) -> list[TrialCandidate | None]:
    """The strain fit of each crystal; None where it has no line in the range of the pattern, or a space group that it
    may not have: in another cell, or with atoms moved, a crystal may lose that of its template.

    Args:
        task: the pattern.
        starts: the crystals.
        symmetrised: whether their atoms were moved onto a higher symmetry.
    """
    target = task.prepared.log_q
    d_min_A = max(task.settings.refinement.d_min_A, 0.51 * target.wavelength_A)
    lines = simulate_reflections([start.symmetry for start in starts], d_min_A=d_min_A)

    def fitted(item: tuple[FitStart, Reflections]) -> StrainFit | None:
        start, reflections = item
        if not len(reflections) or not task.allows_group(start.symmetry.number):
            return None
        return fit_strain(reflections, target, start.strain)

    pairs = list(zip(starts, lines, strict=True))
    fits = task.run(fitted, pairs)
    return [
        None if fit is None else _candidate(task, start, reflections, fit, symmetrised)
        for (start, reflections), fit in zip(pairs, fits, strict=True)
    ]


def _candidate(
    task: InferenceTask, start: FitStart, reflections: Reflections, fit: StrainFit, symmetrised: bool
) -> TrialCandidate:
    crystal = strained(start.symmetry, fit.cell)
    evidence = strain_fit_terms(fit, crystal, start.proposal, symmetrised, task.prepared.log_q.spread, task.settings)
    return TrialCandidate(start.proposal, start.symmetry, reflections, fit, symmetrised, evidence)


def _symmetrised(task: InferenceTask, candidates: Sequence[TrialCandidate]) -> list[_Symmetrised]:
    """Higher symmetries that the atoms of the likeliest candidates lie close to.

    Each has the shape of the likeliest candidate's fitted cell, and the volume that was predicted.
    """
    settings = task.settings.refinement
    found: dict[tuple[int, ...], _Symmetrised] = {}
    for k in np.argsort(-fitted_shares(candidates), kind="stable")[: settings.symmetrised].tolist():
        candidate = candidates[k]
        fitted = candidate.fitted_crystal
        lattice_A = fitted.lattice_A * np.exp(-candidate.fit.strain)
        predicted = Crystal(lattice_A, fitted.frac_coords, fitted.elements, fitted.occupancies)
        for symprec_A in settings.symmetrising_symprecs_A:
            try:
                higher = find_symmetry(predicted, symprec_A)
            except CrystalError:
                continue
            if higher.symprec_A < symprec_A or higher.number == candidate.symmetry.number:
                continue
            primitive = higher.primitive
            volume = round(np.log(primitive.volume_A3 / len(primitive)) / task.settings.same_volume)
            proposal = task.in_space_group(candidate.proposal, higher.number)
            kind = (higher.number, len(primitive), volume, *proposal.coefficients)
            one = found.setdefault(kind, _Symmetrised(FitStart(proposal, higher, candidate.fit.strain)))
            if candidate not in one.parents:
                one.parents.append(candidate)
    return list(found.values())


def _fits_as_well(task: InferenceTask, candidate: TrialCandidate, parents: Sequence[TrialCandidate]) -> bool:
    """Whether a more symmetric crystal fits the pattern hardly worse than the best of those that it stands for."""
    noise = task.settings.evidence.least_misfit
    best = max(parent.correlation for parent in parents)
    return bool(1 - candidate.correlation + noise <= task.settings.refinement.misfit_ratio * (1 - best + noise))
