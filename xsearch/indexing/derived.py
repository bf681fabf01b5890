"""Lattices near a found one: of higher symmetry within the errors, with multiple cells, and with parts of the cell."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.space_groups import CUBIC, HEXAGONAL, SYSTEM_OF_GROUP, TRIGONAL
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import CrystalError
from xsearch.indexing.comparison import reduced_cell
from xsearch.indexing.kernels import CENTRINGS
from xsearch.indexing.reduction import PRIMITIVE, centrings_of
from xsearch.indexing.search import form_parameters

Array = NDArray[np.float64]

Setting = tuple[Array, int, int]
"""Quadratic form of a conventional cell, and the codes of its lattice and its centring."""


def form_of(lattice_A: Array) -> Array:
    """(6,) quadratic form in 1/Å² of a cell with vectors in rows."""
    star = np.linalg.inv(lattice_A @ lattice_A.T)
    return np.array([star[0, 0], star[1, 1], star[2, 2], 2 * star[1, 2], 2 * star[0, 2], 2 * star[0, 1]])


def primitive_lattice(form: Array, centring: int) -> Array:
    """(3, 3) rows: the reduced primitive vectors of a conventional cell."""
    return lattice_from_parameters(*reduced_cell(form_parameters(form), CENTRINGS[centring]))


def primitive_as_given(form: Array, centring: int) -> Array:
    """(3, 3) rows: primitive vectors of a conventional cell, not reduced."""
    return np.asarray(PRIMITIVE[CENTRINGS[centring]] @ lattice_from_parameters(*form_parameters(form)))


def settings_of(lattice_A: Array, tolerances: tuple[float, ...]) -> list[Setting]:
    """The conventional settings of a primitive lattice with the symmetries that it has within tolerances.

    Args:
        lattice_A: (3, 3) rows, reduced.
        tolerances: shares of the shortest vector.
    """
    found: list[Setting] = []
    crystal = Crystal.ordered(lattice_A, np.zeros((1, 3)), ("H",))
    shortest = float(np.linalg.norm(lattice_A, axis=1).min())
    for tolerance in tolerances:
        try:
            symmetry = find_symmetry(crystal, tolerance * shortest)
        except CrystalError:
            continue
        code = int(SYSTEM_OF_GROUP[symmetry.number])
        lattice = HEXAGONAL if code == TRIGONAL else code
        centring = CENTRINGS.index(centrings_of(np.array([symmetry.number]))[0])
        if not any((lattice, centring) == other[1:] for other in found):
            found.append((form_of(lattice_from_parameters(*symmetry.cell)), min(lattice, CUBIC), centring))
    return found


@cache
def hermite_forms(index: int) -> NDArray[np.int64]:
    """(k, 3, 3) the different integer matrices that make cells of `index` times the volume (Hermite normal forms)."""
    found = []
    for a in range(1, index + 1):
        for b in range(1, index // a + 1):
            if index % (a * b):
                continue
            c = index // (a * b)
            found += [[[a, 0, 0], [i, b, 0], [j, k, c]] for i in range(a) for j in range(a) for k in range(b)]
    return np.array(found, np.int64)


def multiples(lattice_A: Array, index: int) -> Array:
    """(k, 3, 3) all lattices whose primitive cell is `index` of the given one's."""
    return np.asarray(hermite_forms(index) @ lattice_A)


def parts(lattice_A: Array, index: int) -> Array:
    """(k, 3, 3) all lattices of whose primitive cells the given one holds `index`."""
    star = np.linalg.inv(lattice_A).T
    return np.array([np.linalg.inv(one).T for one in hermite_forms(index) @ star])
