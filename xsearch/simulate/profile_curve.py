"""Calculated intensities along a measured axis, for pictures and for patterns made by hand."""

import numpy as np
from numpy.typing import NDArray

from xsearch.simulate.powder import line_positions
from xsearch.simulate.reflections import Reflections

LORENTZIAN = 0.5
"""Share of the Lorentzian in the line shape; laboratory lines lie half way between the two."""

REACH = 25.0
"""Widths from its centre within which a line is drawn; beyond, less than 0.02 % of its height is left."""


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
    positions = positions + zero_shift_deg
    curve = np.zeros(len(two_theta_deg))
    first = np.searchsorted(two_theta_deg, positions - REACH * fwhm_deg)
    last = np.searchsorted(two_theta_deg, positions + REACH * fwhm_deg)
    for line in np.flatnonzero(last > first):
        part = slice(first[line], last[line])
        curve[part] += intensity[line] * pseudo_voigt(two_theta_deg[part] - positions[line], fwhm_deg)
    return curve


def pseudo_voigt(away_deg: NDArray[np.float64], fwhm_deg: float) -> NDArray[np.float64]:
    """A line of area one: `LORENTZIAN` times a Lorentzian plus the rest a Gaussian of the same width.

    See G. K. Wertheim et al., Rev. Sci. Instrum. 45, 1369 (1974).
    """
    halves_sq = (2 * away_deg / fwhm_deg) ** 2
    gaussian = np.sqrt(np.log(2) / np.pi) * np.exp(-np.log(2) * halves_sq)
    lorentzian = 1 / (np.pi * (1 + halves_sq))
    return (LORENTZIAN * lorentzian + (1 - LORENTZIAN) * gaussian) * 2 / fwhm_deg
