"""Compiled: line intensities of a whole pattern, free ones and calculated ones.

All act on a sum of pseudo-Voigt lines on an even axis of angles. A line has a position, a full width at half maximum
and an area, and the misfit of a point is weighed as counts are, by 1 / (intensity + floor).
"""

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from xsearch.simulate.line_kernels import pseudo_voigt

REACH = 4.0
"""A line is cut at this many full widths."""

NEAR = 1.5
"""Points within so many full widths of a line determine its free intensity."""

TABLE_STEPS = 64
"""Entries of the shape table to a full width."""

LARGEST_CHANGE = 20.0
"""A free intensity changes by this factor at most in one pass."""

LORENTZIAN = 1 / (1 + 1 / np.sqrt(np.pi * np.log(2)))
"""Share of the area that is Lorentzian where half of the height is."""


@cache  # made when first used: compiled code costs half a second to load
def shape_table() -> NDArray[np.float64]:
    """(n, 2) pseudo-Voigt of unit height and its slope by the distance, from the centre outwards in full widths."""
    u = np.arange(int(REACH * TABLE_STEPS) + 3) / TABLE_STEPS
    shape = np.array([pseudo_voigt(4 * at * at, LORENTZIAN) for at in u]) / pseudo_voigt(0.0, LORENTZIAN)
    gauss, lorentz = np.exp(-4 * np.log(2) * u * u), 1 / (1 + 4 * u * u)
    slope = 0.5 * (-8 * np.log(2) * u * gauss - 8 * u * lorentz * lorentz)
    return np.stack([shape, slope], axis=1)


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _window(position, fwhm, reach, start, step, points):
    low = max(0, int((position - reach * fwhm - start) / step) + 1)
    return low, min(points, int((position + reach * fwhm - start) / step) + 1)


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _shape(table, at):
    cell = int(at)
    part = at - cell
    return table[cell, 0] * (1 - part) + table[cell + 1, 0] * part


@njit(cache=True, nogil=True, fastmath=True)
def add_profile(positions, fwhm, areas, start, step, table, out):
    """Overwrite `out` (points,) with the sum of lines."""
    out[:] = 0.0
    for k in range(len(positions)):
        if areas[k] <= 0:
            continue
        height = areas[k] / fwhm[k]
        low, high = _window(positions[k], fwhm[k], REACH, start, step, len(out))
        scale = TABLE_STEPS / fwhm[k]
        for i in range(low, high):
            out[i] += height * _shape(table, abs(start + i * step - positions[k]) * scale)


@njit(cache=True, nogil=True, fastmath=True)
def add_squares(positions, fwhm, areas, start, step, table, out):
    """Overwrite `out` (points,) with the sum of the squares of lines."""
    out[:] = 0.0
    for k in range(len(positions)):
        height = areas[k] / fwhm[k]
        low, high = _window(positions[k], fwhm[k], NEAR, start, step, len(out))
        scale = TABLE_STEPS / fwhm[k]
        for i in range(low, high):
            value = height * _shape(table, abs(start + i * step - positions[k]) * scale)
            out[i] += value * value


@njit(cache=True, nogil=True, fastmath=True)
def free_areas(positions, fwhm, areas, counts, floor, passes, start, step, table, out):
    """Let each line take the intensity of the pattern about it, in proportion where lines overlap.

    These are the iterations of Le Bail, Duroy and Fourquet (Mater. Res. Bull. 23 (1988) 447).

    Args:
        positions, fwhm: (n,) in degrees. areas: (n,) above 0, changed in place.
        counts: (points,) net. floor: of the weights.
        out: (points,) the sum of lines in the end.
    """
    n, points = len(positions), len(counts)
    low, near_low, near_high = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    first = np.zeros(n + 1, np.int64)
    for k in range(n):
        low[k], high = _window(positions[k], fwhm[k], REACH, start, step, points)
        near_low[k], near_high[k] = _window(positions[k], fwhm[k], NEAR, start, step, points)
        first[k + 1] = first[k] + max(high - low[k], 0)
    shapes = np.empty(first[n])  # of unit area; lines stay where they are while their areas change
    for k in range(n):
        scale = TABLE_STEPS / fwhm[k]
        for at in range(first[k + 1] - first[k]):
            away = abs(start + (low[k] + at) * step - positions[k])
            shapes[first[k] + at] = _shape(table, away * scale) / fwhm[k]
    there, calculated = np.empty(points), np.empty(points)
    for turn in range(passes + 1):
        out[:] = 0.0
        for k in range(n):
            line, area, begin = shapes[first[k] : first[k + 1]], areas[k], low[k]
            for at in range(len(line)):
                out[begin + at] += area * line[at]
        if turn == passes:
            break
        for i in range(points):
            weight = 1 / (out[i] + floor)
            there[i], calculated[i] = max(counts[i], 0.0) * weight, out[i] * weight
        for k in range(n):
            away = first[k] - low[k]
            taken = held = 0.0
            for i in range(near_low[k], near_high[k]):
                taken += shapes[away + i] * there[i]
                held += shapes[away + i] * calculated[i]
            if held > 0:
                areas[k] *= min(max(taken / held, 1 / LARGEST_CHANGE), LARGEST_CHANGE)


@njit(cache=True, nogil=True, fastmath=True)
def position_step(positions, fwhm, areas, moves, growth, counts, sums, floor, stiffness, so_far, start, step, table):
    """One Gauss-Newton step of what moves and widens the lines, their areas held.

    Args:
        positions, fwhm, areas: (n,). moves: (n, p) degrees that a unit of each parameter moves a line.
        growth: (n,) how much of the last parameter the logarithm of a line's width takes.
        counts, sums: (points,) net pattern and sum of the lines.
        stiffness: (p + 2,) of the parameters, the last two the logarithm of the width and its growth.
        so_far: (p + 2,) what the parameters were changed by already.

    Returns:
        (p + 2,) the step.
    """
    p = moves.shape[1]
    slopes = np.zeros((len(counts), p + 2))
    for k in range(len(positions)):
        if areas[k] <= 0:
            continue
        height = areas[k] / fwhm[k]
        low, high = _window(positions[k], fwhm[k], 2 * NEAR, start, step, len(counts))
        scale = TABLE_STEPS / fwhm[k]
        for i in range(low, high):
            away = start + i * step - positions[k]
            cell = int(abs(away) * scale)
            slope = table[cell, 1] if away > 0 else -table[cell, 1]
            by_position = -height * slope / fwhm[k]
            for c in range(p):
                slopes[i, c] += by_position * moves[k, c]
            by_width = -height * (table[cell, 0] + away / fwhm[k] * slope)
            slopes[i, p] += by_width
            slopes[i, p + 1] += by_width * growth[k]
    weights = np.empty(len(counts))
    for i in range(len(counts)):
        weights[i] = 1 / (max(sums[i], 0.0) + floor)
    return _newton(slopes, counts, sums, weights, stiffness, so_far)


@njit(cache=True, nogil=True, fastmath=True)
def _newton(slopes, counts, sums, weights, stiffness, so_far):
    p = slopes.shape[1]
    curvature, gradient = np.zeros((p, p)), np.zeros(p)
    for i in range(len(counts)):
        left = counts[i] - sums[i]
        for c in range(p):
            if slopes[i, c] == 0.0:
                continue
            weighed = weights[i] * slopes[i, c]
            gradient[c] += weighed * left
            for e in range(c + 1):
                curvature[c, e] += weighed * slopes[i, e]
    for c in range(p):
        for e in range(c):
            curvature[e, c] = curvature[c, e]
        curvature[c, c] += stiffness[c] + 1e-9
        gradient[c] -= stiffness[c] * so_far[c]
    return np.linalg.solve(curvature, gradient)
