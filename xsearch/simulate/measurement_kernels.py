"""Compiled pieces of the simulated measurement."""

import numpy as np
from numba import njit

REACH_FWHM = 12.0
"""Full widths at half maximum from its centre within which a line is drawn."""


@njit(cache=True, nogil=True, inline="always")
def pseudo_voigt(halves_sq, lorentzian):
    """Pseudo-Voigt at a distance in half widths, squared; of area one for a full width of two."""
    value = lorentzian / (np.pi * (1 + halves_sq))
    if halves_sq < 50:
        value += (1 - lorentzian) * np.sqrt(np.log(2) / np.pi) * np.exp(-np.log(2) * halves_sq)
    return value


@njit(cache=True, nogil=True, fastmath=True)
def add_lines(two_theta_deg, area, fwhm_deg, lorentzian, start_deg, step_deg, out):
    """Add pseudo-Voigt lines to a pattern on an even axis; a line adds its area divided by the step.

    Args:
        two_theta_deg: (n,) centres.
        area: (n,).
        fwhm_deg: (n,) full widths at half maximum.
        lorentzian: share of the Lorentzian, 0 to 1.
        start_deg, step_deg: of the axis.
        out: (m,) changed in place.
    """
    for i in range(len(two_theta_deg)):
        if not area[i] > 0:
            continue
        width = max(fwhm_deg[i], 0.5 * step_deg)
        first = int(np.ceil((two_theta_deg[i] - REACH_FWHM * width - start_deg) / step_deg))
        last = int((two_theta_deg[i] + REACH_FWHM * width - start_deg) / step_deg)
        round_height = area[i] * 2 / width
        for k in range(max(first, 0), min(last + 1, len(out))):
            u = 2 * (start_deg + k * step_deg - two_theta_deg[i]) / width
            out[k] += round_height * pseudo_voigt(u * u, lorentzian)


@njit(cache=True, nogil=True)
def reciprocal_cosines(hkl, stars, axis):
    """(n,) cosine between reflections and a reciprocal direction.

    Args:
        hkl: (n, 3).
        stars: (3, 3) rows a*, b*, c*.
        axis: (3,) indices of the direction.
    """
    x0 = axis[0] * stars[0, 0] + axis[1] * stars[1, 0] + axis[2] * stars[2, 0]
    y0 = axis[0] * stars[0, 1] + axis[1] * stars[1, 1] + axis[2] * stars[2, 1]
    z0 = axis[0] * stars[0, 2] + axis[1] * stars[1, 2] + axis[2] * stars[2, 2]
    length0 = np.sqrt(x0 * x0 + y0 * y0 + z0 * z0)
    out = np.empty(len(hkl))
    for i in range(len(hkl)):
        h, k, m = float(hkl[i, 0]), float(hkl[i, 1]), float(hkl[i, 2])
        x = h * stars[0, 0] + k * stars[1, 0] + m * stars[2, 0]
        y = h * stars[0, 1] + k * stars[1, 1] + m * stars[2, 1]
        z = h * stars[0, 2] + k * stars[1, 2] + m * stars[2, 2]
        out[i] = abs(x * x0 + y * y0 + z * z0) / (np.sqrt(x * x + y * y + z * z) * length0)
    return out
