"""Compiled: where the lines of a strained crystal are."""

import numpy as np
from numba import njit

from xsearch.simulate.lattice_kernels import reciprocal_vectors
from xsearch.simulate.line_kernels import LARGEST_SINE


@njit(cache=True, nogil=True, fastmath=True)
def line_design(hkl, cell, modes, wavelength_A, ln_q, design):
    """Where lines are, and how each amplitude moves them: ln q = ln_q - design @ amplitudes.

    Args:
        hkl: (n, 3) in the conventional cell.
        cell: (6,) of that cell.
        modes: number of strain modes of the crystal system.
        wavelength_A: in Å, for the zero shift.
        ln_q: (n,) filled here.
        design: (n, modes + 1) filled here; the last column is the zero shift in degrees 2θ.
    """
    stars = reciprocal_vectors(cell)
    for i in range(len(hkl)):
        h, k, m = float(hkl[i, 0]), float(hkl[i, 1]), float(hkl[i, 2])
        x = h * stars[0, 0] + k * stars[1, 0] + m * stars[2, 0]
        y = h * stars[0, 1] + k * stars[1, 1] + m * stars[2, 1]
        z = h * stars[0, 2] + k * stars[1, 2] + m * stars[2, 2]
        square = x * x + y * y + z * z
        ln_q[i] = 0.5 * np.log(square) + np.log(2 * np.pi)
        design[i, 0] = 1.0
        if modes >= 2:
            design[i, 1] = z * z / square - 1 / 3
        if modes >= 3:
            design[i, 2] = 0.5 * (x * x - y * y) / square
        if modes >= 4:
            design[i, 3] = x * z / square
        if modes == 6:
            design[i, 4] = x * y / square
            design[i, 5] = y * z / square
        sine = min(LARGEST_SINE, np.sqrt(square) * wavelength_A / 2)
        design[i, modes] = -0.5 * np.sqrt(1 - sine * sine) / sine * np.pi / 180
