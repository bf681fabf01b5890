"""Preferred orientation: what it makes of lines, each of which sums planes that lie in different directions.

Grains that are plates or needles lie with one set of planes along the sample's surface, or across it. A powder line
sums equivalent planes, and these make different angles with that set: March and Dollase's factor is averaged over them
(Dollase, J. Appl. Cryst. 19 (1986) 267).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xsearch.chemistry.space_groups import (
    CUBIC,
    HEXAGONAL,
    MONOCLINIC,
    ORTHORHOMBIC,
    TETRAGONAL,
    TRICLINIC,
    TRIGONAL,
)
from xsearch.simulate.lattice_kernels import direction_cosines

Array = NDArray[np.float64]

_MIRROR = np.diag([1, 1, -1])
_ACROSS = np.diag([-1, 1, 1])
_FOURFOLD = np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]])
_CYCLE = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]])
_THREEFOLD = np.array([[0, -1, 0], [1, -1, 0], [0, 0, 1]])
_SWAP = np.array([[0, 1, 0], [1, 0, 0], [0, 0, -1]])

_GENERATORS: dict[int, tuple[NDArray[np.int64], ...]] = {
    TRICLINIC: (),
    MONOCLINIC: (np.diag([1, -1, 1]),),
    ORTHORHOMBIC: (_ACROSS, _MIRROR),
    TETRAGONAL: (_FOURFOLD, _ACROSS, _MIRROR),
    TRIGONAL: (_THREEFOLD, _SWAP),
    HEXAGONAL: (_THREEFOLD, _SWAP, _MIRROR),
    CUBIC: (_CYCLE, _FOURFOLD, _ACROSS),
}
"""By crystal system, what brings planes (h, k, l) to equivalent ones, beside the inversion."""

AXES_OF: dict[int, tuple[tuple[int, int, int], ...]] = {
    TRICLINIC: ((0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 0)),
    MONOCLINIC: ((0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 0)),
    ORTHORHOMBIC: ((0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 0)),
    TETRAGONAL: ((0, 0, 1), (1, 0, 0), (1, 1, 0), (1, 0, 1)),
    TRIGONAL: ((0, 0, 1), (1, 0, 0), (1, 1, 0), (1, 0, 4)),
    HEXAGONAL: ((0, 0, 1), (1, 0, 0), (1, 1, 0), (1, 0, 1)),
    CUBIC: ((1, 0, 0), (1, 1, 0), (1, 1, 1)),
}
"""By crystal system, planes that grains commonly lie on or stand across: the pinacoids, a prism, a pyramid."""


@cache
def equivalent_axes(system: int, axis: tuple[int, int, int]) -> NDArray[np.int64]:
    """(m, 3) the planes equivalent to some in a crystal system's holohedry, one of each opposite pair."""
    found: set[tuple[int, ...]] = {_one_sign(axis)}
    new = set(found)
    while new:
        moved = {
            _one_sign(tuple((np.array(one) @ move).tolist())) for one in new for move in _GENERATORS.get(system, ())
        }
        new = moved - found
        found |= new
    return np.array(sorted(found))


def march_dollase(cosine_sq: ArrayLike, r: float) -> Array:
    """Factor of preferred orientation: `r` < 1 where planes lie along the surface, 1 for none.

    Args:
        cosine_sq: squared cosine of the angle between lines and the preferred direction.
        r: the March parameter.
    """
    square = np.asarray(cosine_sq, np.float64)
    return np.asarray((r * r * square + (1 - square) / r) ** -1.5)


def cosines_sq(hkl: NDArray[np.integer], metric: Array, system: int, axis: tuple[int, int, int]) -> Array:
    """(n, m) squared cosines between lines and all axes that are equivalent to one.

    Args:
        hkl: (n, 3). metric: (3, 3) reciprocal. system: code of the crystal system. axis: indices of planes.
    """
    equivalent = equivalent_axes(system, axis)
    return np.stack([direction_cosines(hkl, metric, one) for one in equivalent], axis=1) ** 2


def textured(hkl: NDArray[np.integer], metric: Array, system: int, axis: tuple[int, int, int], r: float) -> Array:
    """(n,) factor of lines by preferred orientation about an axis; arguments as of `cosines_sq`, `march_dollase`."""
    if r == 1.0:
        return np.ones(len(hkl))
    return np.asarray(march_dollase(cosines_sq(hkl, metric, system, axis), r).mean(axis=1))


def _one_sign(axis: tuple[int, ...]) -> tuple[int, ...]:
    """The one of two opposite directions whose first index that is not 0 is above it."""
    first = next((index for index in axis if index), 1)
    return axis if first > 0 else tuple(-index for index in axis)
