"""The best candidates in lower symmetries: a lattice that is a little distorted splits the lines of a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.space_groups import SYSTEM_OF_GROUP
from xsearch.chemistry.symmetry import Symmetry, find_symmetry
from xsearch.errors import CrystalError
from xsearch.fit.log_q_pattern import LogQPattern
from xsearch.fit.points import PatternPoints
from xsearch.fit.prepared_pattern import prepare
from xsearch.fit.rietveld import Refined
from xsearch.fit.strain import strained
from xsearch.infer.evidence import shares
from xsearch.infer.final_refinement import refined, with_refined_terms
from xsearch.infer.proposals import Proposals
from xsearch.infer.refinement import Fitted, fit_closely
from xsearch.spectra import PowderPattern

Array = NDArray[np.float64]

TRIED = 3
"""Pairs of a formula and a space group that are tried."""

SPLITTING = 0.006
"""Strain to start from: where lines are not yet apart, nothing tells which way they should part."""

SPLIT_SYMPREC_A = 0.004
"""Tolerance at which the strained lattice is no longer taken for the one that it came from."""

WORTH, MISFIT_SHARE = 30.0, 0.5
"""Nats of evidence that a lower symmetry must bring, and the share of the misfit that it may leave. Of 110 compounds
whose best candidates were lowered, it did so for 3, with 42 to 60 nats and a quarter of the misfit, all of which had
the lower one; right ones gained up to 26 nats in wrong symmetries, by what the model of a measurement leaves out."""

EXPLAINED, NOT_EXPLAINED = 0.4, 8.0
"""Misfits below which nothing is left to explain, and above which more is wrong than the symmetry."""

LEAST_SPLIT = 0.003
"""Share of a lattice's shortest vector by which it must be off the higher symmetry: those that were right were off by
0.8 % and more. Atoms with more freedom can find a better place without any, which is no lower symmetry."""

AS_GOOD = 10.0
"""Evidence by which a lower symmetry must exceed a higher one of those tried."""


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


def with_lower_symmetries(fitted: Fitted, known: Proposals, pattern: PowderPattern, *, threads: int = 2) -> Fitted:
    """The same candidates, some of the best replaced by forms of lower symmetry that the pattern asks for.

    Of each formula and space group the one that explains the pattern best is tried, and replaces the others with it.
    The atoms start from where they stand in the template, so that displacements count as they do for the others.

    Args:
        fitted: refined, with all evidence.
        known: proposals for the same elements, see `Proposals.in_systems`.
        pattern: that they were refined against.
        threads: that work on them.
    """
    prepared = prepare(pattern)
    target, counts = prepared.log_q, prepared.points
    found: list[Fitted] = []
    replaced: set[int] = set()
    for alike in _leading(fitted):
        place = max(alike, key=lambda k: fitted.refined[k].log_evidence)
        if not EXPLAINED < fitted.refined[place].misfit < NOT_EXPLAINED:
            continue
        lower = _fitted_lower(fitted, place, known, target, counts, threads)
        lower = lower.taken([k for k, one in enumerate(lower.refined) if is_split(fitted.refined[place], one)])
        if (best := worth_it(fitted.refined[place], lower.refined, [f.free for f in lower.fits])) is not None:
            found.append(replace(lower.taken([best]), n_screened=0, n_fitted=0))
            replaced.update(alike)
    if not found:
        return fitted
    joined = fitted.taken([k for k in range(len(fitted.fits)) if k not in replaced])
    for lower in found:
        joined = joined.joined(lower)
    return with_refined_terms(joined, counts)


def lower_symmetries(symmetry: Symmetry, cell: Array) -> list[Symmetry]:
    """A crystal in the symmetries that are left when its lattice is distorted a little.

    Args:
        symmetry: of the crystal.
        cell: (6,) conventional cell that is distorted.
    """
    crystal = strained(symmetry, cell)
    conventional = symmetry.to_conventional.T.astype(np.float64) @ crystal.lattice_A
    x = conventional[0] / np.linalg.norm(conventional[0])
    z = np.cross(conventional[0], conventional[1])
    z /= np.linalg.norm(z)
    frame = np.stack([x, np.cross(z, x), z])
    found: dict[int, Symmetry] = {}
    for distortion in DISTORTIONS[symmetry.crystal_system]:
        lattice = crystal.lattice_A @ (np.eye(3) + SPLITTING * frame.T @ distortion @ frame)
        split = Crystal(lattice, crystal.frac_coords, crystal.elements, crystal.occupancies)
        try:
            lower = find_symmetry(split, SPLIT_SYMPREC_A)
        except CrystalError:
            continue
        if lower.number != symmetry.number:
            found.setdefault(lower.number, lower)
    return list(found.values())


def is_split(parent: Refined, lower: Refined) -> bool:
    """Whether the lattice of the lower symmetry has left the symmetry of the higher one's."""
    shortest_A = float(np.linalg.norm(lower.crystal.lattice_A, axis=1).min())
    higher = _lattice_group(parent.crystal.lattice_A, SPLIT_SYMPREC_A)
    return _lattice_group(lower.crystal.lattice_A, LEAST_SPLIT * shortest_A) != higher


def _lattice_group(lattice_A: Array, symprec_A: float) -> int:
    """Space group of a lattice with one atom at each of its points."""
    return find_symmetry(Crystal.ordered(lattice_A, np.zeros((1, 3)), ["H"]), symprec_A).number


def worth_it(parent: Refined, lower: Sequence[Refined], free: Sequence[int]) -> int | None:
    """Which of some lower symmetries stands for a crystal; None where its own does as well.

    Args:
        parent: the crystal refined in its own symmetry.
        lower: refined in lower ones. free: how many cell parameters each of them leaves free.
    """
    good = [
        k
        for k, one in enumerate(lower)
        if one.log_evidence > parent.log_evidence + WORTH and one.misfit < MISFIT_SHARE * parent.misfit
    ]
    if not good:
        return None
    best = max(lower[k].log_evidence for k in good)
    return min((k for k in good if lower[k].log_evidence > best - AS_GOOD), key=lambda k: (free[k], k))


def _leading(fitted: Fitted) -> list[list[int]]:
    """The candidates of each of the likeliest formulas and space groups."""
    kinds: dict[tuple[int, ...], list[int]] = {}
    for k in np.argsort(-shares(fitted.evidence), kind="stable").tolist():
        kinds.setdefault((fitted.symmetries[k].number, *fitted.proposals.coefficients[k].tolist()), []).append(k)
    return list(kinds.values())[:TRIED]


def _fitted_lower(
    fitted: Fitted, place: int, known: Proposals, target: LogQPattern, counts: PatternPoints, threads: int
) -> Fitted:
    """One candidate in its lower symmetries, fitted and refined."""
    strain = fitted.fits[place].strain
    cell = fitted.refined[place].cell.copy()
    cell[:3] *= np.exp(-strain)
    lower = lower_symmetries(fitted.symmetries[place], cell)
    same = np.full(len(lower), place)
    systems = SYSTEM_OF_GROUP[np.array([symmetry.number for symmetry in lower], np.int64)]
    proposals = fitted.proposals.take(same).in_systems(systems, known)
    raised = bool(fitted.raised[place])
    fits = fit_closely(
        proposals, lower, np.full(len(lower), strain), target, threads,
        raised=raised, changes=[fitted.changes[place]] * len(lower),
    )  # fmt: skip
    return with_refined_terms(refined(fits, counts, threads), counts)
