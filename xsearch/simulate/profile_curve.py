"""Calculated intensities along a measured axis, for pictures and for patterns made by hand."""

import numpy as np
from numpy.typing import NDArray

from xsearch.simulate.line_kernels import add_lines
from xsearch.simulate.powder import line_positions
from xsearch.simulate.reflections import Reflections

LORENTZIAN = 0.5
"""Share of the area that is Lorentzian; laboratory lines lie half way between the two."""

REACH_FWHM = 25.0
"""Full widths from its centre within which a line is drawn; beyond, less than 0.02 % of its height is left."""


def pattern_curve(
    reflections: Reflections,
    cell: NDArray[np.float64],
    two_theta_deg: NDArray[np.float64],
    wavelength_A: float,
    fwhm_deg: float,
    zero_shift_deg: float = 0.0,
) -> NDArray[np.float64]:
    """The powder profile of a crystal: a pseudo-Voigt line a reflection, all of one width.

    Args:
        reflections: of the crystal.
        cell: (6,) a b c in Å and α β γ in degrees, of the same setting, such as a strained one.
        two_theta_deg: (n,) ascending.
        wavelength_A: in Å.
        fwhm_deg: full width at half maximum.
        zero_shift_deg: added to the calculated angles.

    Returns:
        (n,) float64; a line's area is its intensity.
    """
    positions, intensity, _ = line_positions(reflections, wavelength_A, np.asarray(cell, np.float64))
    positions += zero_shift_deg
    curve = np.zeros(len(two_theta_deg))
    widths = np.full(len(positions), fwhm_deg)
    add_lines(positions, intensity, widths, LORENTZIAN, REACH_FWHM, np.asarray(two_theta_deg, np.float64), curve)
    return curve
