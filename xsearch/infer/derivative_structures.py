"""Two elements on one kind of site: every way to order them in a cell and in small multiples of it.

Derivative structures as Hart and Forcade count them (Phys. Rev. B 77 (2008) 224115): multiples of the primitive cell by
their Hermite normal forms, colourings of the sites, and of those that symmetry makes alike one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import moyo_of_ordered
from xsearch.fit.atom_displacements import EXACT_A

MOST_MULTIPLE = 4
MOST_SITES = 12
MOST_ATOMS = 80
MOST_ORDERS = 128
"""Colourings an operation of the multiple, above which a multiple is left out: about how many of them differ."""

LEAST_KEPT = 0.08
"""Share of the operations that an order must keep. Of eleven compounds that were found as orders of others, all kept
0.12 or more."""

SAME_PLACE = 1e-3
"""Difference of fractional coordinates below which two places are one, after symmetry was made exact."""

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ordering:
    """One way to order two elements on the sites that one of them stands on.

    Attributes:
        base: the primitive crystal with one element on all of these sites.
        places: (n,) its atoms that stand there.
        other: the second element.
        cell: (3, 3) rows of the multiple in vectors of the base.
        second: (n times multiple,) which sites of the multiple hold the second element.
        kept: share of the symmetry operations that leave the order as it is.
    """

    base: Crystal
    places: Integers
    other: str
    cell: Integers
    second: NDArray[np.bool_]
    kept: float

    @property
    def multiple(self) -> int:
        """Primitive cells that it takes."""
        return int(self.cell.diagonal().prod())

    def crystal(self) -> Crystal:
        """The ordered crystal."""
        steps = _steps(self.cell)
        coordinates = (self.base.frac_coords[:, None] + steps).reshape(-1, 3) @ np.linalg.inv(self.cell)
        elements = np.repeat(np.array(self.base.elements, dtype=object), len(steps))
        shared = (self.places[:, None] * len(steps) + np.arange(len(steps))).ravel()
        elements[shared[self.second]] = self.other
        return Crystal.ordered(self.cell @ self.base.lattice_A, coordinates, tuple(elements.tolist()))


def orderings(base: Crystal, mixed: str, other: str) -> Iterator[Ordering]:
    """All orders of two elements, smallest cells first.

    Args:
        base: primitive, on its exact symmetry, with `mixed` on all the sites that the two share.
        mixed: the element that stands for both. other: the second one.
    """
    found = moyo_of_ordered(base, EXACT_A)
    places = np.flatnonzero(np.array(base.elements) == mixed)
    if found is None or not len(places):
        return
    rotations = np.array(found.operations.rotations, np.int64)
    shifts = np.array(found.operations.translations, np.float64)
    for multiple in range(1, MOST_MULTIPLE + 1):
        sites = len(places) * multiple
        if sites > MOST_SITES or len(base) * multiple > MOST_ATOMS:
            return
        if 2**sites > MOST_ORDERS * multiple * len(rotations):
            return
        for cell in _distinct(hermite_forms(multiple), rotations):
            images, shifted = _images(base.frac_coords[places], cell, rotations, shifts)
            for second, kept in _different(sites, images, shifted):
                yield Ordering(base, places, other, cell, second, kept)


@cache
def hermite_forms(multiple: int) -> tuple[Integers, ...]:
    """Every sublattice of an index as the rows of an upper triangular (3, 3) matrix."""
    return tuple(
        np.array([[a, b, d], [0, c, e], [0, 0, multiple // a // c]])
        for a in range(1, multiple + 1)
        if multiple % a == 0
        for c in range(1, multiple // a + 1)
        if multiple // a % c == 0
        for b in range(c)
        for d in range(multiple // a // c)
        for e in range(multiple // a // c)
    )


def _distinct(cells: tuple[Integers, ...], rotations: Integers) -> list[Integers]:
    """One of those multiples of the cell that rotations turn into each other."""
    kept: list[Integers] = []
    for cell in cells:
        turned = cell @ rotations.transpose(0, 2, 1)
        if not any(_whole(turned @ np.linalg.inv(other)).any() for other in kept):
            kept.append(cell)
    return kept


def _whole(values: Floats) -> NDArray[np.bool_]:
    """(k,) whether all entries of each (3, 3) matrix are whole numbers."""
    return np.asarray((np.abs(values - np.rint(values)) < SAME_PLACE).all(axis=(-2, -1)))


def _steps(cell: Integers) -> Integers:
    """(m, 3) lattice points of the base in a multiple of its cell."""
    return np.array(list(np.ndindex(*cell.diagonal().tolist())))


def _images(places: Floats, cell: Integers, rotations: Integers, shifts: Floats) -> tuple[Integers, NDArray[np.bool_]]:
    """What the symmetry does to the sites of a multiple of the cell.

    Args:
        places: (n, 3) sites in the base.
        cell: the multiple.
        rotations: (r, 3, 3) and shifts: (r, 3) of the base.

    Returns:
        (p, n times multiple) the site that every operation takes each one to, and (p,) which operations are mere
        translations that the base has and the multiple has not.
    """
    steps, inverse = _steps(cell), np.linalg.inv(cell)
    keeping = _whole(cell @ rotations.transpose(0, 2, 1) @ inverse)
    rotations, shifts = rotations[keeping], shifts[keeping]
    before = (places[:, None] + steps).reshape(-1, 3)
    after = np.einsum("rij,sj->rsi", rotations, before) + shifts[:, None]
    after = (after[:, None] + steps[None, :, None]).reshape(-1, len(before), 3)
    apart = (after[:, :, None] - before) @ inverse
    images = np.abs(apart - np.rint(apart)).max(axis=-1).argmin(axis=2)
    turning = (rotations != np.eye(3, dtype=np.int64)).any(axis=(1, 2))
    return images, (~turning[:, None] & (steps != 0).any(axis=1)).ravel()


def _different(sites: int, images: Integers, shifted: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.bool_], float]]:
    """Colourings that no operation turns into each other and no translation into themselves, and what they keep."""
    worth = 1 << np.arange(sites)
    for number in range(1, sites):
        chosen = np.array(list(combinations(range(sites), number)))
        colourings = np.zeros((len(chosen), sites), bool)
        colourings[np.arange(len(chosen))[:, None], chosen] = True
        codes, own = colourings[:, images] @ worth, (colourings @ worth)[:, None]
        kept = (codes == own).mean(axis=1)
        first = (codes >= own).all(axis=1) & ~(codes[:, shifted] == own).any(axis=1)
        for k in np.flatnonzero(first & (kept > LEAST_KEPT)).tolist():
            yield colourings[k], float(kept[k])
