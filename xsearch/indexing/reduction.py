"""Lattices as seven lengths that vary continuously with them, whatever cell they are given in.

The vectors of a lattice fall into seven classes beside the lattice of double size; the shortest of each class bound the
Voronoi cell (Conway and Sloane, Proc. R. Soc. A 436 (1992) 55). Their lengths, sorted, change little where the lattice
changes little, unlike a Niggli cell, and a strain of some per cent changes each by no more. Selling's reduction gives
them (Delaunay, Z. Kristallogr. 84 (1933) 109).
"""

from __future__ import annotations

from collections.abc import Iterable

import gemmi
import numpy as np
from numpy.typing import NDArray

from xsearch.indexing.reduction_kernels import lengths

Array = NDArray[np.float64]

HALF, THIRD = 1 / 2, 1 / 3
PRIMITIVE = {
    "P": np.eye(3),
    "A": np.array([[1, 0, 0], [0, HALF, HALF], [0, -HALF, HALF]]),
    "B": np.array([[HALF, 0, HALF], [0, 1, 0], [-HALF, 0, HALF]]),
    "C": np.array([[HALF, HALF, 0], [-HALF, HALF, 0], [0, 0, 1]]),
    "I": np.array([[-HALF, HALF, HALF], [HALF, -HALF, HALF], [HALF, HALF, -HALF]]),
    "F": np.array([[0, HALF, HALF], [HALF, 0, HALF], [HALF, HALF, 0]]),
    "R": np.array([[2 * THIRD, THIRD, THIRD], [-THIRD, THIRD, THIRD], [-THIRD, -2 * THIRD, THIRD]]),
}
"""Rows are primitive vectors in terms of the conventional ones (International Tables A, table 5.1.3.1)."""


def lattice_points(centring: str) -> int:
    """Lattice points in the conventional cell of a centring, by its letter."""
    return round(1 / float(np.linalg.det(PRIMITIVE[centring])))


def voronoi_lengths(cells: Array, centrings: Iterable[str]) -> Array:
    """Seven lengths a lattice, rising.

    Args:
        cells: (n, 6) conventional cells, a b c in Å and α β γ in degrees; rhombohedral ones in hexagonal axes.
        centrings: n letters of `PRIMITIVE`.

    Returns:
        (n, 7) in Å.
    """
    letters = list(PRIMITIVE)
    codes = np.array([letters.index(letter) for letter in centrings], np.int64)
    return np.asarray(lengths(np.asarray(cells, np.float64).reshape(-1, 6), np.array(list(PRIMITIVE.values())), codes))


def centrings_of(space_groups: NDArray[np.integer]) -> list[str]:
    """The letters of the centrings of space groups by number; P where it is not known (0)."""
    letters = ["P", *(gemmi.SpaceGroup(number).hm[0] for number in range(1, 231))]
    return [letters[number] for number in space_groups.tolist()]
