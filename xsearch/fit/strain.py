"""Strains that a crystal system allows, and how they move powder lines.

A small strain e of the crystal changes ln q of a reflection with direction n by -n·e·n. The strain is written as a sum
of modes that keep the crystal system: one of them is isotropic, the others change shape only. A zero shift of the
goniometer is one mode more. All is linear in the amplitudes, so that a fit is a few small matrices.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal, cell_parameters, lattice_from_parameters
from xsearch.chemistry.symmetry import Symmetry

Cell = tuple[float, float, float, float, float, float]

MAX_MODES = 7
"""Six strain modes of a triclinic crystal, and the zero shift."""

ZERO_SHIFT = 6
"""Place of the zero shift among the amplitudes; strain modes take 0 to 5."""


def strain_tensor(amplitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) strain of the first six amplitudes: x along a, z normal to a and b."""
    iso, axial, planar, xz, xy, yz = amplitudes[:6]
    return np.array(
        [
            [iso - axial / 3 + planar / 2, xy / 2, xz / 2],
            [xy / 2, iso - axial / 3 - planar / 2, yz / 2],
            [xz / 2, yz / 2, iso + 2 * axial / 3],
        ]
    )


def cell_under(cell: NDArray[np.float64], amplitudes: NDArray[np.float64]) -> Cell:
    """A conventional cell, a b c in Å and α β γ in degrees, under strain amplitudes."""
    lattice = lattice_from_parameters(*cell)
    return cell_parameters(lattice @ (np.eye(3) + strain_tensor(amplitudes)))


def strained(symmetry: Symmetry, cell: NDArray[np.float64]) -> Crystal:
    """The primitive crystal with its conventional cell changed to another one of the same crystal system."""
    before = lattice_from_parameters(*symmetry.cell)
    after = lattice_from_parameters(*cell)
    # rows of the conventional lattice are whole-number sums of the primitive ones
    conventional = symmetry.to_conventional.T.astype(np.float64) @ symmetry.primitive.lattice_A
    turn = np.linalg.solve(conventional, before)
    lattice = symmetry.primitive.lattice_A @ turn @ np.linalg.solve(before, after)
    return replace(symmetry.primitive, lattice_A=lattice)
