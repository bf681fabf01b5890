"""How full sites are, as coordinates of a refinement: an element shared out between two, or partly missing.

A coordinate moves the occupancies of all entries of a crystal that belong together: where one element takes the place
of another, what the first gains the second loses, so that their sum stays; where atoms are missing, it falls from what
the crystal has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import distinct_positions, moyo_dataset

Array = NDArray[np.float64]

LEAST_OCCUPANCY = 0.01
"""No element leaves a site altogether: a crystal holds what stands in it."""

EXACT_A = 1e-3
"""Tolerance of the symmetry search; the atoms were moved onto their symmetry before."""


@dataclass(frozen=True, slots=True, eq=False)
class OccupancyFreedom:
    """Occupancies that are refined.

    Attributes:
        shares: (n, q) change of each entry's occupancy by a unit of each coordinate; an entry is moved by one at most.
        start: (n,) occupancies where all coordinates are 0.
        sigma: (q,) expected change of each coordinate.
    """

    shares: Array
    start: Array
    sigma: Array

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return self.shares.shape[1]

    @property
    def bounds(self) -> tuple[Array, Array]:
        """(q,) and (q,) smallest and largest values of the coordinates that leave every occupancy possible."""
        low, high = np.full(self.size, -np.inf), np.full(self.size, np.inf)
        for column in range(self.size):
            moved = np.flatnonzero(self.shares[:, column])
            slope, start = self.shares[moved, column], self.start[moved]
            ends = np.sort(np.stack([(LEAST_OCCUPANCY - start) / slope, (1.0 - start) / slope]), axis=0)
            low[column], high[column] = ends[0].max(), ends[1].min()
        return low, high

    def change(self, along: Array) -> Array:
        """(q,) values of the coordinates at (q,) expected changes, kept to what is possible."""
        return np.asarray(np.clip(self.sigma * along, *self.bounds))

    def occupancies(self, along: Array) -> Array:
        """(n,) occupancies there."""
        return np.asarray(self.start + self.shares @ self.change(along))


@dataclass(frozen=True, slots=True, eq=False)
class RefinedOccupancies:
    """What a refinement found.

    Attributes:
        change: (q,) coordinates of the freedom that was refined.
        error: (q,) their standard uncertainties, with everything else free that the refinement moves.
    """

    change: Array
    error: Array


def orbits_of(crystal: Crystal) -> NDArray[np.int64]:
    """(n,) number of the orbit of each entry of a crystal whose atoms stand exactly on their symmetry.

    Every position is an orbit of its own where no symmetry can be found.
    """
    positions, mixes = distinct_positions(crystal)
    kinds = {mix: number for number, mix in enumerate(sorted(set(mixes)), start=1)}
    found = moyo_dataset(crystal.lattice_A, positions, [kinds[mix] for mix in mixes], EXACT_A)
    orbits = np.arange(len(positions)) if found is None else np.array(found.orbits)
    return np.asarray(orbits[position_of_entries(crystal, positions)])


def position_of_entries(crystal: Crystal, positions: Array) -> NDArray[np.int64]:
    """(n,) which of the distinct positions each entry of a crystal has."""
    apart = crystal.frac_coords[:, None] - positions[None]
    return np.asarray((((apart - np.round(apart)) @ crystal.lattice_A) ** 2).sum(axis=-1).argmin(axis=1))


def exchange(crystal: Crystal, first: str, second: str, sigma: float) -> OccupancyFreedom:
    """The coordinate that puts more of one element, and less of another, onto all sites that they share.

    Args:
        crystal: holds both on common sites.
        first: gains where the coordinate is positive.
        second: loses.
        sigma: expected change of the occupancy.
    """
    elements = np.array(crystal.elements)
    positions = distinct_positions(crystal)[0]
    place = position_of_entries(crystal, positions)
    common = np.isin(place, place[elements == first]) & np.isin(place, place[elements == second])
    share = np.where(elements == first, 1.0, np.where(elements == second, -1.0, 0.0)) * common
    return OccupancyFreedom(share[:, None], crystal.occupancies, np.array([sigma]))


def vacancies(crystal: Crystal, sites: Sequence[NDArray[np.integer]], sigma: float) -> OccupancyFreedom:
    """One coordinate for each set of entries: by how much their occupancy falls.

    Args:
        crystal: the crystal.
        sites: entries that are filled alike, such as those of an orbit.
        sigma: expected fall.
    """
    shares = np.zeros((len(crystal), len(sites)))
    for column, entries in enumerate(sites):
        shares[entries, column] = -1.0
    return OccupancyFreedom(shares, crystal.occupancies, np.full(len(sites), sigma))
