"""Space group, Wyckoff positions and the conventional cell of a crystal, through moyo."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal, cell_parameters
from xsearch.chemistry.space_groups import crystal_system
from xsearch.errors import CrystalError

if TYPE_CHECKING:
    import moyopy

logging.getLogger("moyo").setLevel(logging.ERROR)  # its remarks on cells that are not primitive are of no use here

SYMPREC_A = 0.1
"""Tolerance of a symmetry search, Å: that of the Materials Project."""

SITES_SYMPREC_A = 0.01
"""Tolerance below which sites count as equivalent where each is computed, Å; it reproduces 947 lists of sites of the
computed spectra that come with xsearch, 0.1 all but four."""

TIGHTER_SYMPRECS_A = (0.1, 0.01, 0.001)
"""Tolerances that are tried where a larger one gives no space group, Å."""

LARGEST_SYMPREC = 0.05
"""Largest tolerance as a share of the shortest lattice vector. With larger ones moyo can search without end: it did at
0.072 and at 0.089 of it."""

_STEPS = np.array([step for step in np.ndindex(5, 5, 5) if step > (2, 2, 2)], np.float64) - 2
"""Half of the integer steps up to two along each axis; the other half has the same lengths."""


@dataclass(frozen=True, slots=True, eq=False)
class Symmetry:
    """What a symmetry search found.

    Attributes:
        number: space group number, 1 to 230.
        crystal_system: of that space group; trigonal groups, rhombohedral ones included, are in hexagonal axes.
        wyckoffs: a letter for each distinct position of the crystal.
        orbits: for each distinct position, the first position equivalent to it.
        primitive: the standardised primitive cell, its atoms moved onto the symmetry.
        to_conventional: (3, 3) int64; indices of `primitive` transform as hkl_conventional = hkl @ to_conventional.
        cell: (6,) float64, symmetrised conventional cell: a b c in Å, α β γ in degrees.
        symprec_A: the tolerance that was used.
    """

    number: int
    crystal_system: str
    wyckoffs: tuple[str, ...]
    orbits: tuple[int, ...]
    primitive: Crystal
    to_conventional: NDArray[np.int64]
    cell: NDArray[np.float64]
    symprec_A: float


def distinct_positions(crystal: Crystal) -> tuple[NDArray[np.float64], tuple[tuple[tuple[str, float], ...], ...]]:
    """Positions with entries of one place merged, and what occupies each.

    Returns:
        positions: (m, 3) float64 fractional coordinates; and for each position its sorted (element, occupancy) pairs.
    """
    if crystal.is_ordered:
        return crystal.frac_coords, tuple(((element, 1.0),) for element in crystal.elements)
    found: dict[tuple[float, ...], int] = {}
    positions: list[NDArray[np.float64]] = []
    mixes: list[list[tuple[str, float]]] = []
    keys = map(tuple, (np.round(crystal.frac_coords, 4) % 1.0).tolist())
    for key, position, element, occupancy in zip(
        keys, crystal.frac_coords, crystal.elements, crystal.occupancies.tolist(), strict=True
    ):
        if key not in found:
            found[key] = len(positions)
            positions.append(position)
            mixes.append([])
        mixes[found[key]].append((element, round(occupancy, 3)))
    return np.array(positions), tuple(tuple(sorted(mix)) for mix in mixes)


def majority(crystal: Crystal) -> Crystal:
    """The crystal whose sites are filled by the element that holds most of each."""
    positions, mixes = distinct_positions(crystal)
    elements = [max(mix, key=lambda one: one[1])[0] for mix in mixes]
    return Crystal.ordered(crystal.lattice_A, positions, elements)


def shortest_translation(lattice_A: NDArray[np.float64]) -> float:
    """Length in Å of the shortest lattice vector, of a lattice given by (3, 3) rows that are not far from reduced."""
    return float(np.linalg.norm(_STEPS @ lattice_A, axis=1).min())


def moyo_dataset(
    lattice_A: NDArray[np.float64], positions: NDArray[np.float64], numbers: list[int], symprec_A: float
) -> moyopy.MoyoDataset | None:
    """What moyo finds at one tolerance; None for cells that it cannot take, and where it might not end.

    Args:
        lattice_A: (3, 3) rows.
        positions: (m, 3) fractional coordinates.
        numbers: what stands at each, equal for what is alike.
        symprec_A: the tolerance.
    """
    import moyopy

    if symprec_A > LARGEST_SYMPREC * shortest_translation(lattice_A):
        return None
    try:
        return moyopy.MoyoDataset(moyopy.Cell(lattice_A.tolist(), positions.tolist(), numbers), symprec=symprec_A)
    except BaseException as error:  # moyo's Rust side panics with a BaseException on degenerate cells
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return None


def moyo_of_ordered(crystal: Crystal, symprec_A: float) -> moyopy.MoyoDataset | None:
    """The same of a crystal whose every site is fully occupied by one element."""
    kinds = {element: number for number, element in enumerate(sorted(set(crystal.elements)), start=1)}
    return moyo_dataset(crystal.lattice_A, crystal.frac_coords, [kinds[e] for e in crystal.elements], symprec_A)


def distinct_sites(crystal: Crystal, element: str, symprec_A: float = SITES_SYMPREC_A) -> list[tuple[int, int]]:
    """(site, multiplicity) of the sites of an element that symmetry does not turn into one another, the first of each.

    Every site is distinct where no space group is found.

    Args:
        crystal: fully occupied.
        element: symbol.
        symprec_A: tolerance of the symmetry search.
    """
    found = moyo_of_ordered(crystal, symprec_A)
    orbits = range(len(crystal)) if found is None else found.orbits
    first: dict[int, int] = {}
    counts: Counter[int] = Counter()
    for site, orbit in enumerate(orbits):
        if crystal.elements[site] == element:
            first.setdefault(orbit, site)
            counts[orbit] += 1
    return [(site, counts[orbit]) for orbit, site in first.items()]


def find_symmetry(crystal: Crystal, symprec_A: float = SYMPREC_A) -> Symmetry:
    """Symmetry of a crystal; where the search fails at a tolerance or might not end, tighter ones follow.

    Raises:
        CrystalError: where none of the tolerances gives a space group, as with atoms on top of each other.
    """
    positions, mixes = distinct_positions(crystal)
    kinds = {mix: number for number, mix in enumerate(sorted(set(mixes)), start=1)}
    numbers = [kinds[mix] for mix in mixes]
    for tolerance in (symprec_A, *(t for t in TIGHTER_SYMPRECS_A if t < symprec_A)):
        found = moyo_dataset(crystal.lattice_A, positions, numbers, tolerance)
        if found is None:
            continue
        primitive_lattice = np.array(found.prim_std_cell.basis)
        conventional_lattice = np.array(found.std_cell.basis)
        return Symmetry(
            number=found.number,
            crystal_system=crystal_system(found.number),
            wyckoffs=tuple(found.wyckoffs),
            orbits=tuple(found.orbits),
            primitive=_crystal_of(
                primitive_lattice, found.prim_std_cell, {number: mix for mix, number in kinds.items()}
            ),
            to_conventional=np.rint(conventional_lattice @ np.linalg.inv(primitive_lattice)).astype(np.int64).T,
            cell=np.array(cell_parameters(conventional_lattice)),
            symprec_A=tolerance,
        )
    raise CrystalError("No space group could be found; the atoms may lie on top of each other.")


def _crystal_of(
    lattice_A: NDArray[np.float64], cell: moyopy.Cell, mixes: dict[int, tuple[tuple[str, float], ...]]
) -> Crystal:
    """A crystal from moyo's cell, whose numbers stand for mixes of elements."""
    entries = [
        (position, element, occupancy)
        for position, number in zip(cell.positions, cell.numbers, strict=True)
        for element, occupancy in mixes[number]
    ]
    positions, elements, occupancies = zip(*entries, strict=True)
    return Crystal(lattice_A, np.array(positions), elements, np.array(occupancies))
