"""A stored crystal in a strained cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.symmetry import Symmetry, find_symmetry
from xsearch.errors import CrystalError

SAME_CELL = 0.01
"""Largest relative difference between a cell's parameters and the stored ones for both to be the same setting."""


def stored_setting(crystal: Crystal, symprec_A: float, stored_cell: NDArray[np.float64]) -> Symmetry | None:
    """The symmetry of a crystal, where its conventional cell is found again as it was stored.

    Args:
        crystal: of any setting.
        symprec_A: tolerance of the symmetry search.
        stored_cell: (6,) a b c in Å, α β γ in degrees.
    """
    try:
        symmetry = find_symmetry(crystal, symprec_A)
    except CrystalError:
        return None
    return symmetry if np.allclose(symmetry.cell, stored_cell, rtol=SAME_CELL) else None


def strained_crystal(
    crystal: Crystal, symprec_A: float, stored_cell: NDArray[np.float64], cell: Sequence[float], strain: float
) -> Crystal:
    """A crystal with its cell strained; fractional coordinates stay.

    It comes in the standardised primitive cell, whose relation to the strained conventional one is known. Where the
    stored setting cannot be found again, all axes of the given cell are strained alike.

    Args:
        crystal: of any setting.
        symprec_A: tolerance of the symmetry search.
        stored_cell: (6,) the conventional cell as stored.
        cell: (6,) the conventional cell strained.
        strain: mean linear strain ln(strained / stored).
    """
    symmetry = stored_setting(crystal, symprec_A, stored_cell)
    if symmetry is None:
        return _with_lattice(crystal, crystal.lattice_A * np.exp(strain))
    # hkl_conventional = hkl_primitive @ P, and so the cell vectors (rows) obey conventional = P.T @ primitive
    conventional_A = lattice_from_parameters(*cell)
    strained_A = np.linalg.inv(symmetry.to_conventional.T.astype(np.float64)) @ conventional_A
    return _with_lattice(symmetry.primitive, strained_A)


def _with_lattice(crystal: Crystal, lattice_A: NDArray[np.float64]) -> Crystal:
    return Crystal(lattice_A, crystal.frac_coords % 1.0, crystal.elements, crystal.occupancies)
