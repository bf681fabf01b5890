"""The strains that keep a crystal system: one law for each lattice, which all fits and simulations share."""

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.space_groups import (
    CRYSTAL_SYSTEMS,
    CUBIC,
    HEXAGONAL,
    MONOCLINIC,
    ORTHORHOMBIC,
    TETRAGONAL,
    TRICLINIC,
    TRIGONAL,
)
from xsearch.simulate.lattice_kernels import tied

Array = NDArray[np.float64]

_UNIAXIAL = np.array([[1.0, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]])

ALLOWED_STRAINS: dict[int, Array] = {
    TRICLINIC: np.eye(6),
    MONOCLINIC: np.eye(6)[[0, 1, 2, 4]],
    ORTHORHOMBIC: np.eye(6)[:3],
    TETRAGONAL: _UNIAXIAL,
    TRIGONAL: _UNIAXIAL,
    HEXAGONAL: _UNIAXIAL,
    CUBIC: np.array([[1.0, 1, 1, 0, 0, 0]]),
}
"""By crystal system, (p, 6) independent changes of ln a, ln b, ln c, α, β, γ of the conventional cell (International
Tables A, table 2.1.2.1; monoclinic cells have their unique axis along b)."""

STRAIN_MODES: NDArray[np.int64] = np.array([len(ALLOWED_STRAINS[system]) for system in range(len(CRYSTAL_SYSTEMS))])
"""(7,) free parameters of the cell by crystal system."""


def strain_modes(systems: NDArray[np.integer] | int) -> NDArray[np.int64]:
    """Free parameters of the cell by crystal systems; an unknown system is strained isotropically."""
    return np.asarray(STRAIN_MODES[np.minimum(systems, CUBIC)])


def strained_cell(cell: Array, system: int, mean: float, shape: Array) -> Array:
    """A cell under a strain that keeps its crystal system.

    Args:
        cell: (6,) a b c in Å and α β γ in degrees.
        system: of the conventional cell.
        mean: ln(strained / given) of every length.
        shape: (6,) further strain of a, b, c and change of α, β, γ in degrees; what the system ties is tied.
    """
    change = np.empty(6)
    tied(system, np.asarray(shape, np.float64), change)
    out = np.array(cell, np.float64)
    out[:3] *= np.exp(mean + change[:3])
    out[3:] += change[3:]
    return out
