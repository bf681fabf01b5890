"""Symmetry lowering: the best candidates in lower symmetries, since a distorted lattice splits powder lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import Symmetry, find_symmetry
from xsearch.errors import CrystalError
from xsearch.fit.rietveld import Refined
from xsearch.fit.strain import strained
from xsearch.infer.evidence import shares, totals
from xsearch.infer.final_refinement import refine_all
from xsearch.infer.refinement import strain_fits
from xsearch.infer.settings import INFERENCE_SETTINGS, LoweringSettings
from xsearch.infer.task import InferenceTask
from xsearch.infer.trial import FitStart, RefinedCandidate

Array = NDArray[np.float64]


def _stretch(*along: float) -> Array:
    return np.diag(np.array(along, np.float64))


def _shear(i: int, j: int) -> Array:
    out = np.zeros((3, 3))
    out[i, j] = out[j, i] = 0.5
    return out


DISTORTIONS: dict[str, tuple[Array, ...]] = {
    "cubic": (_stretch(0, 0, 1), _stretch(0.7, -0.7, 0), _shear(0, 1) + _shear(0, 2) + _shear(1, 2), _shear(0, 1)),
    "tetragonal": (_stretch(1, -1, 0), _shear(0, 1), _stretch(0.6, -0.6, 0) + _shear(0, 1)),
    "hexagonal": (_stretch(1, -1, 0), _shear(0, 1)),
    "trigonal": (_stretch(1, -1, 0), _shear(0, 1), _shear(1, 2), _shear(0, 2)),
    "orthorhombic": (_shear(0, 1), _shear(0, 2), _shear(1, 2)),
    "monoclinic": (0.7 * _shear(0, 1) + _shear(1, 2),),
    "triclinic": (),
}
"""Strains, with x along a and z along c*, that lead from each lattice to those next below it."""


def with_lower_symmetries(task: InferenceTask, candidates: Sequence[RefinedCandidate]) -> list[RefinedCandidate]:
    """The same candidates, some of the best replaced by lower symmetries that explain the pattern clearly better.

    Of each formula and space group the candidate that explains the pattern best is tried; its lower symmetry replaces
    all of them. The atoms start from where they stand in the template, so that displacements count as for the others.
    """
    settings = task.settings.lowering
    least, most = settings.misfit_range
    found: list[RefinedCandidate] = []
    replaced: set[int] = set()
    for alike in _leading(task, candidates):
        best = max(alike, key=lambda candidate: candidate.refined.log_evidence)
        if not least < best.refined.misfit < most:
            continue
        lower = [one for one in _refined_lower(task, best) if is_distorted(best.refined, one.refined, settings)]
        chosen = clearly_better(best.refined, [(one.refined, one.fit.free) for one in lower], settings)
        if chosen is not None:
            found.append(lower[chosen])
            replaced.update(id(candidate) for candidate in alike)
    return [candidate for candidate in candidates if id(candidate) not in replaced] + found


def lower_symmetries(
    symmetry: Symmetry, cell: Array, settings: LoweringSettings = INFERENCE_SETTINGS.lowering
) -> list[Symmetry]:
    """A crystal in the symmetries that are left when its lattice is distorted a little.

    Args:
        symmetry: of the crystal.
        cell: (6,) conventional cell that is distorted.
        settings: how much it is distorted.
    """
    crystal = strained(symmetry, cell)
    conventional = symmetry.to_conventional.T.astype(np.float64) @ crystal.lattice_A
    x = conventional[0] / np.linalg.norm(conventional[0])
    z = np.cross(conventional[0], conventional[1])
    z /= np.linalg.norm(z)
    frame = np.stack([x, np.cross(z, x), z])
    found: dict[int, Symmetry] = {}
    for distortion in DISTORTIONS[symmetry.crystal_system]:
        lattice = crystal.lattice_A @ (np.eye(3) + settings.strain * frame.T @ distortion @ frame)
        split = Crystal(lattice, crystal.frac_coords, crystal.elements, crystal.occupancies)
        try:
            lower = find_symmetry(split, settings.symprec_A)
        except CrystalError:
            continue
        if lower.number != symmetry.number:
            found.setdefault(lower.number, lower)
    return list(found.values())


def is_distorted(parent: Refined, lower: Refined, settings: LoweringSettings = INFERENCE_SETTINGS.lowering) -> bool:
    """Whether the lattice of the lower symmetry has left the symmetry of the higher one's."""
    shortest_A = float(np.linalg.norm(lower.crystal.lattice_A, axis=1).min())
    higher = _lattice_group(parent.crystal.lattice_A, settings.symprec_A)
    return _lattice_group(lower.crystal.lattice_A, settings.least_distortion * shortest_A) != higher


def _lattice_group(lattice_A: Array, symprec_A: float) -> int:
    """Space group of a lattice with one atom at each of its points."""
    return find_symmetry(Crystal.ordered(lattice_A, np.zeros((1, 3)), ["H"]), symprec_A).number


def clearly_better(
    parent: Refined, lower: Sequence[tuple[Refined, int]], settings: LoweringSettings = INFERENCE_SETTINGS.lowering
) -> int | None:
    """Which of some lower symmetries replaces a crystal; None where none explains the pattern clearly better.

    Args:
        parent: the crystal refined in its own symmetry.
        lower: refined in lower ones, and how many cell parameters each of them leaves free.
        settings: what is clearly better.
    """
    good = [
        k
        for k, (one, _) in enumerate(lower)
        if one.log_evidence > parent.log_evidence + settings.least_gain
        and one.misfit < settings.largest_misfit_share * parent.misfit
    ]
    if not good:
        return None
    best = max(lower[k][0].log_evidence for k in good)
    as_good = [k for k in good if lower[k][0].log_evidence > best - settings.as_good]
    return min(as_good, key=lambda k: (lower[k][1], k))


def _leading(task: InferenceTask, candidates: Sequence[RefinedCandidate]) -> list[list[RefinedCandidate]]:
    """The candidates of each of the likeliest formulas and space groups."""
    kinds: dict[tuple[int, ...], list[RefinedCandidate]] = {}
    for k in np.argsort(-shares(totals(task.evidence(candidates))), kind="stable").tolist():
        kinds.setdefault(candidates[k].kind, []).append(candidates[k])
    return list(kinds.values())[: task.settings.lowering.tried]


def _refined_lower(task: InferenceTask, candidate: RefinedCandidate) -> list[RefinedCandidate]:
    """One candidate in its lower symmetries, fitted and refined."""
    strain = candidate.fit.strain
    cell = candidate.refined.cell.copy()
    cell[:3] *= np.exp(-strain)
    starts = [
        FitStart(task.in_space_group(candidate.proposal, lower.number), lower, strain)
        for lower in lower_symmetries(candidate.symmetry, cell, task.settings.lowering)
    ]
    fitted = strain_fits(task, starts, symmetrised=candidate.symmetrised)
    return refine_all(task, [one for one in fitted if one is not None])
