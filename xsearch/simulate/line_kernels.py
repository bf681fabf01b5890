"""Compiled: the intensity and the shape of powder lines."""

import numpy as np
from numba import njit

LARGEST_SINE = 0.985
"""Largest sin θ that is calculated with, 160° 2θ: few diffractometers go beyond, and the Lorentz factor diverges."""


@njit(cache=True, nogil=True, inline="always")
def lorentz_polarisation(sine, polarisation):
    """Lorentz-polarisation factor of a powder, up to a constant: (1 + P cos² 2θ) / (sin² θ cos θ).

    See International Tables C, ch. 6.2, and Warren, X-ray Diffraction, ch. 4.

    Args:
        sine: sin θ, a number or an array; what is above `LARGEST_SINE` gets the factor there.
        polarisation: of the beam, see `xsearch.simulate.polarisation`.
    """
    limited = np.minimum(sine, LARGEST_SINE)
    square = limited * limited
    doubled = 1 - 2 * square
    return (1 + polarisation * doubled * doubled) / (square * np.sqrt(1 - square))


@njit(cache=True, nogil=True, fastmath=True)
def line_intensities(ln_q, structure_factor_sq, wavelength_A, polarisation):
    """Structure factors times the Lorentz-polarisation factor; zero beyond `LARGEST_SINE`.

    Args:
        ln_q: (n,) of the lines.
        structure_factor_sq: (n,) |F|² summed over the equivalents.
        wavelength_A: in Å. polarisation: of the beam.

    Returns:
        (n,) float64.
    """
    out = np.zeros(len(ln_q))
    for i in range(len(ln_q)):
        sine = np.exp(ln_q[i]) * wavelength_A / (4 * np.pi)
        if sine < LARGEST_SINE:
            out[i] = structure_factor_sq[i] * lorentz_polarisation(sine, polarisation)
    return out


@njit(cache=True, nogil=True, inline="always")
def pseudo_voigt(halves_sq, lorentzian):
    """Pseudo-Voigt line of area one for a full width at half maximum of two.

    See G. K. Wertheim et al., Rev. Sci. Instrum. 45 (1974) 1369.

    Args:
        halves_sq: square of the distance from the centre in half widths at half maximum.
        lorentzian: share of the area that is Lorentzian, 0 to 1.
    """
    value = lorentzian / (np.pi * (1 + halves_sq))
    if halves_sq < 50:
        value += (1 - lorentzian) * np.sqrt(np.log(2) / np.pi) * np.exp(-np.log(2) * halves_sq)
    return value


@njit(cache=True, nogil=True, fastmath=True)
def add_line(centre_deg, area, fwhm_deg, lorentzian, reach_fwhm, axis_deg, out):
    """Add one line to a pattern, see `add_lines`."""
    first = np.searchsorted(axis_deg, centre_deg - reach_fwhm * fwhm_deg)
    last = np.searchsorted(axis_deg, centre_deg + reach_fwhm * fwhm_deg)
    for k in range(first, last):
        halves = 2 * (axis_deg[k] - centre_deg) / fwhm_deg
        out[k] += 2 * area / fwhm_deg * pseudo_voigt(halves * halves, lorentzian)


@njit(cache=True, nogil=True)
def add_lines(centre_deg, area, fwhm_deg, lorentzian, reach_fwhm, axis_deg, out):
    """Add pseudo-Voigt lines to a pattern; a line adds its area divided by the step.

    Args:
        centre_deg, area, fwhm_deg: (n,) of the lines; those without area are left out.
        lorentzian: share of the area that is Lorentzian.
        reach_fwhm: full widths at half maximum from its centre within which a line is drawn.
        axis_deg: (m,) rising.
        out: (m,) changed in place.
    """
    for i in range(len(centre_deg)):
        if area[i] > 0:
            add_line(centre_deg[i], area[i], fwhm_deg[i], lorentzian, reach_fwhm, axis_deg, out)
