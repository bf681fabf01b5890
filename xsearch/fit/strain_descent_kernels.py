"""The compiled descent of the strain fit: BFGS steps within bounds (Nocedal and Wright 2006, ch. 6)."""

import numpy as np
from numba import njit

from xsearch.fit.strain_fit_kernels import correlate

SUFFICIENT = 1e-3
"""Share of the decrease that a slope promises which a step must bring (Armijo)."""
FLATTER = 0.9
"""Share of the slope that may be left after a step (Wolfe)."""


@njit(cache=True, nogil=True)
def state_of(first, directions, changes, zero_sigma_deg, out):
    """Cell, zero shift and width after changes in standard deviations.

    Args:
        first: (8,) the state that is changed; directions: (p, 6); changes: (p + 2,).
        zero_sigma_deg: standard deviation of the zero shift.
        out: (8,) overwritten.
    """
    out[:] = first
    for i in range(3):
        length = angle = 0.0
        for p in range(len(directions)):
            length += changes[p] * directions[p, i]
            angle += changes[p] * directions[p, 3 + i]
        out[i] *= np.exp(length)
        out[3 + i] += angle
    out[6] = zero_sigma_deg * changes[-2]


@njit(cache=True, nogil=True)
def correlation_at(
    x, hkl, intensity, s_sq, first, directions, row, taps, reaches, low, high, total, cut, smoothing, wavelength,
    zero_sigma_deg, b_sigma_A2, slopes,
):  # fmt: skip
    """Pearson's r of a crystal with a pattern after some changes.

    Args:
        x: (p + 2,) changes along the directions, of zero shift and of B, in standard deviations.
        intensity: (m,) of lines where B is as expected; s_sq: (m,) 1 / (4 d²).
        the others: as in `correlate` and `StrainFitSettings`.
        slopes: (p + 2,), overwritten with the derivatives.
    """
    state, log_q, sigma, out = np.empty(8), np.empty(len(hkl)), np.empty(len(hkl)), np.empty(len(row))
    state_of(first, directions, x, zero_sigma_deg, state)
    damped = intensity * np.exp(-2 * b_sigma_A2 * x[-1] * s_sq)
    r = correlate(
        hkl, damped, state, directions, row, taps, reaches, low, high, total, cut, smoothing, wavelength,
        zero_sigma_deg, log_q, sigma, out, slopes,
    )  # fmt: skip
    slopes[-1] *= b_sigma_A2
    return r


@njit(cache=True, nogil=True)
def loss(x, problem, misfit_weight, least_misfit, slopes):
    """`misfit_weight` times ln misfit and half the squared changes; `slopes` is overwritten.

    Args:
        x: (p + 2,) changes in standard deviations.
        problem: the arguments of `correlation_at` between these two.
        misfit_weight, least_misfit: see `StrainFitSettings`.
    """
    misfit = 1 - correlation_at(x, *problem, slopes) + least_misfit
    half = 0.0
    for i in range(len(x)):
        half += 0.5 * x[i] * x[i]
        slopes[i] = x[i] - misfit_weight / misfit * slopes[i]
    return misfit_weight * np.log(misfit) + half


@njit(cache=True, nogil=True)
def descend(
    start, problem, misfit_weight, least_misfit, farthest, steps, line_steps, tolerance, slope_tolerance
):  # fmt: skip
    """The changes at which `loss` is least, from a start.

    Args:
        start: (p + 2,). problem, misfit_weight, least_misfit: see `loss`.
        farthest: bound of each change, either way.
        steps, line_steps: most of them. tolerance, slope_tolerance: relative decrease, and slope, that end the descent.

    Returns:
        (p + 2,) float64.
    """
    n = len(start)
    x, new = np.clip(start, -farthest, farthest), np.empty(n)
    slopes, new_slopes = np.empty(n), np.empty(n)
    value = loss(x, problem, misfit_weight, least_misfit, slopes)
    inverse = np.eye(n)
    for step in range(steps):
        steepest = 0.0
        for i in range(n):
            bound = x[i] - slopes[i]
            steepest = max(steepest, abs(min(max(bound, -farthest), farthest) - x[i]))
        if steepest <= slope_tolerance:
            break
        direction = -(inverse @ slopes)
        along = 0.0
        for i in range(n):
            if (x[i] >= farthest and direction[i] > 0) or (x[i] <= -farthest and direction[i] < 0):
                direction[i] = 0.0
            along += direction[i] * slopes[i]
        if along >= 0:
            inverse, direction = np.eye(n), -slopes
            along = -np.sum(slopes * slopes)
        length = min(1.0, 1 / np.sqrt(np.sum(slopes * slopes))) if step == 0 else 1.0
        # between a length that is too short and one that is too long, the next is where a parabola has its least
        short, at_short, slope_short, long, at_long = 0.0, value, along, np.inf, value
        found = value
        for _ in range(line_steps):
            for i in range(n):
                new[i] = min(max(x[i] + length * direction[i], -farthest), farthest)
            found = loss(new, problem, misfit_weight, least_misfit, new_slopes)
            here = np.sum(new_slopes * direction)
            if not found <= value + SUFFICIENT * length * along or found > at_short:
                long, at_long = length, found
            elif here < FLATTER * along:
                short, at_short, slope_short = length, found, here
            else:
                break
            if np.isinf(long):
                length *= 2
            else:
                width = long - short
                bend = (at_long - at_short) / width - slope_short
                part = -0.5 * slope_short / bend if bend > 0 else 0.5
                length = short + min(max(part, 0.05), 0.9) * width
        if not found < value:
            break
        moved, turned = new - x, new_slopes - slopes
        curvature = np.sum(moved * turned)
        if curvature > 1e-10:
            if step == 0:
                inverse *= curvature / np.sum(turned * turned)
            image = inverse @ turned
            stretch = 1 + np.sum(turned * image) / curvature
            for i in range(n):
                for j in range(n):
                    inverse[i, j] += (
                        stretch * moved[i] * moved[j] - image[i] * moved[j] - moved[i] * image[j]
                    ) / curvature
        gain = (value - found) / max(abs(value), abs(found), 1.0)
        x[:], slopes[:], value = new, new_slopes, found
        if gain <= tolerance:
            break
    return x
