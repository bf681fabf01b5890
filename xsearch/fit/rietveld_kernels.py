"""The compiled loops of the refinement."""

import numpy as np
from numba import njit

from xsearch.simulate.line_kernels import pseudo_voigt

REACH_FWHM = 6.0
"""Full widths at half maximum from its centre within which a line is drawn."""


@njit(cache=True, nogil=True, inline="always")
def points_of(two_theta_deg, fwhm_deg, start_deg, step_deg, points):
    """First point of an even axis that a line is drawn on, and one past the last."""
    first = int(np.ceil((two_theta_deg - REACH_FWHM * fwhm_deg - start_deg) / step_deg))
    last = int((two_theta_deg + REACH_FWHM * fwhm_deg - start_deg) / step_deg)
    return max(first, 0), min(last + 1, points)


@njit(cache=True, nogil=True, fastmath=True)
def draw(two_theta_deg, area, fwhm_deg, lorentzian, start_deg, step_deg, out, squares):
    """Draw pseudo-Voigt lines on an even axis.

    Args:
        two_theta_deg, area, fwhm_deg: (k,) of the lines. lorentzian: share of the Lorentzian.
        start_deg, step_deg: of the axis.
        out: (n,) overwritten with the sum of the lines; squares: (n,) with the sum of their squares.
    """
    out[:] = 0.0
    squares[:] = 0.0
    for i in range(len(two_theta_deg)):
        width = fwhm_deg[i]
        first, last = points_of(two_theta_deg[i], width, start_deg, step_deg, len(out))
        height = area[i] * 2 / width
        for k in range(first, last):
            halves = 2 * (start_deg + k * step_deg - two_theta_deg[i]) / width
            value = height * pseudo_voigt(halves * halves, lorentzian)
            out[k] += value
            squares[k] += value * value


@njit(cache=True, nogil=True, fastmath=True)
def draw_slopes(two_theta_deg, slopes, fwhm_deg, lorentzian, start_deg, step_deg, points):
    """Draw many patterns of the same lines at once: (k, m) areas of the lines onto (points, m) float64."""
    out = np.zeros((points, slopes.shape[1]))
    for i in range(len(two_theta_deg)):
        width = fwhm_deg[i]
        first, last = points_of(two_theta_deg[i], width, start_deg, step_deg, points)
        for k in range(first, last):
            halves = 2 * (start_deg + k * step_deg - two_theta_deg[i]) / width
            value = 2 / width * pseudo_voigt(halves * halves, lorentzian)
            for j in range(slopes.shape[1]):
                out[k, j] += value * slopes[i, j]
    return out


@njit(cache=True, nogil=True, fastmath=True)
def draw_changes(
    two_theta_deg, area, fwhm_deg, lorentzian, by_two_theta, by_fwhm, by_lorentzian, by_area, start_deg, step_deg,
    points,
):  # fmt: skip
    """How a pattern changes with coordinates that its lines depend on.

    Args:
        two_theta_deg, area, fwhm_deg, lorentzian, start_deg, step_deg: as in `draw`.
        by_two_theta, by_fwhm, by_area: (k, m) slopes of the lines' angles, widths and areas by each coordinate;
            by_lorentzian: (m,) of the Lorentzian share.
        points: of the axis.

    Returns:
        (points, m) float64.
    """
    columns = by_two_theta.shape[1]
    out = np.zeros((points, columns))
    for i in range(len(two_theta_deg)):
        width = fwhm_deg[i]
        first, last = points_of(two_theta_deg[i], width, start_deg, step_deg, points)
        for k in range(first, last):
            halves = 2 * (start_deg + k * step_deg - two_theta_deg[i]) / width
            square = halves * halves
            pure_lorentzian, pure_gaussian = pseudo_voigt(square, 1.0), pseudo_voigt(square, 0.0)
            value = lorentzian * pure_lorentzian + (1 - lorentzian) * pure_gaussian
            # slope by the square of the distance in half widths
            falling = lorentzian * pure_lorentzian / (1 + square) + (1 - lorentzian) * np.log(2) * pure_gaussian
            place = area[i] * 8 * halves * falling / (width * width)
            spread = area[i] * 2 * (2 * square * falling - value) / (width * width)
            mixed = area[i] * 2 * (pure_lorentzian - pure_gaussian) / width
            value *= 2 / width
            for j in range(columns):
                out[k, j] += (
                    value * by_area[i, j]
                    + place * by_two_theta[i, j]
                    + spread * by_fwhm[i, j]
                    + mixed * by_lorentzian[j]
                )
    return out
