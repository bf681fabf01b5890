"""Compiled: the lines of a cell fitted to a whole pattern with free intensities, and the evidence of that fit.

A line is one pseudo-Voigt, or two where the tube's Kα2 is there. All lines of a fit are sorted by angle, so that the
normal equations of their areas are banded.
"""

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from xsearch.chemistry.space_groups import CUBIC, MONOCLINIC, TETRAGONAL, TRICLINIC
from xsearch.fit.le_bail_kernels import REACH, TABLE_STEPS
from xsearch.indexing.kernels import is_one_of_equals, longest_index
from xsearch.simulate.line_kernels import pseudo_voigt

BAND = 48
"""Neighbours of a line that may overlap with it; the size of an array."""


@cache
def shape_table(lorentzian: float) -> NDArray[np.float64]:
    """(n, 2) pseudo-Voigt of unit area for a full width of one, and its slope, from the centre outwards in full widths.

    Args:
        lorentzian: share of the area that is Lorentzian.
    """
    u = np.arange(int(REACH * TABLE_STEPS) + 3) / TABLE_STEPS
    shape = np.array([2 * pseudo_voigt(4 * at * at, lorentzian) for at in u])
    return np.stack([shape, np.gradient(shape, 1 / TABLE_STEPS)], axis=1)


@njit(cache=True, nogil=True)
def reflections(g, lattice, centring, limit, hkl, q):
    """Different reflections of a cell with 1/d² up to a limit, in no order.

    Args:
        g, lattice, centring: see `kernels.assign`. limit: in 1/Å².
        hkl: (most, 3), q: (most,) changed.

    Returns:
        How many there are; -1 where they are more than the arrays hold.
    """
    top_h, top_k, top_l = longest_index(g, limit)
    count = 0
    for h in range(-top_h if lattice <= MONOCLINIC else 0, top_h + 1):
        for k in range(-top_k if lattice == TRICLINIC else 0, top_k + 1):
            if lattice >= TETRAGONAL and k > h:
                break
            for m in range(top_l + 1):
                if lattice == CUBIC and m > k:
                    break
                if not is_one_of_equals(lattice, centring, h, k, m):
                    continue
                value = g[0] * h * h + g[1] * k * k + g[2] * m * m + g[3] * k * m + g[4] * h * m + g[5] * h * k
                if value > limit:
                    continue
                if count == len(q):
                    return -1
                q[count] = value
                hkl[count, 0], hkl[count, 1], hkl[count, 2] = h, k, m
                count += 1
    return count


@njit(cache=True, nogil=True, fastmath=True)
def draw_lines(at, second_at, share, fwhm, start, step, points, table, low, first, shapes, slopes, widening):
    """Values, slopes by the angle and changes with the logarithm of the width of lines of unit area.

    Args:
        at, second_at: (n,) angles of Kα1 and Kα2. share: of the area that is Kα2's; 0 without.
        fwhm: (n,). start, step, points: of the pattern. table: see `le_bail_kernels.shape_table`.
        low: (n,), first: (n + 1,) changed: where a line begins in the pattern, and in the next three.
        shapes, slopes, widening: (space,) changed.

    Returns:
        Whether there was space enough.
    """
    first[0] = 0
    for k in range(len(at)):
        reach = REACH * fwhm[k]
        end = second_at[k] if share > 0 else at[k]
        low[k] = min(max(0, int((at[k] - reach - start) / step) + 1), points)
        high = max(low[k], min(points, int((end + reach - start) / step) + 1))
        first[k + 1] = first[k] + high - low[k]
        if first[k + 1] > len(shapes):
            return False
        for i in range(low[k], high):
            value = slope = wider = 0.0
            for part in range(2 if share > 0 else 1):
                centre, weight = (at[k], 1 - share) if part == 0 else (second_at[k], share)
                away = start + i * step - centre
                place = abs(away) * TABLE_STEPS / fwhm[k]
                cell = int(place)
                if cell >= len(table) - 2:
                    continue
                rest = place - cell
                height = table[cell, 0] * (1 - rest) + table[cell + 1, 0] * rest
                steep = table[cell, 1] * (1 - rest) + table[cell + 1, 1] * rest
                if away < 0:
                    steep = -steep
                weight /= fwhm[k]
                value += weight * height
                slope -= weight * steep / fwhm[k]
                wider -= weight * (height + away / fwhm[k] * steep)
            j = first[k] + i - low[k]
            shapes[j], slopes[j], widening[j] = value, slope, wider
    return True


@njit(cache=True, nogil=True, fastmath=True)
def normal_equations(low, first, shapes, counts, weights, band, right):
    """Band matrix (n, BAND) and right side (n,) of the least squares of the areas; changes both.

    Returns:
        Whether the band was wide enough.
    """
    n = len(low)
    for k in range(n):
        high = low[k] + first[k + 1] - first[k]
        total = 0.0
        for i in range(low[k], high):
            total += weights[i] * shapes[first[k] + i - low[k]] * counts[i]
        right[k] = total
        band[k, :] = 0.0
        for j in range(k, n):
            if low[j] >= high:
                break
            if j - k >= BAND:
                break
            total = 0.0
            for i in range(low[j], min(high, low[j] + first[j + 1] - first[j])):
                total += weights[i] * shapes[first[k] + i - low[k]] * shapes[first[j] + i - low[j]]
            band[k, j - k] = total


@njit(cache=True, nogil=True, fastmath=True)
def least_squares(band, right, areas, sweeps):
    """Areas (n,) not below zero, changed in place: coordinate descent on the normal equations."""
    n, width = band.shape
    for _ in range(sweeps):
        for k in range(n):
            if band[k, 0] <= 0:
                areas[k] = 0.0
                continue
            pull = right[k]
            for j in range(1, min(width, n - k)):
                pull -= band[k, j] * areas[k + j]
            for j in range(1, min(width, k + 1)):
                pull -= band[k - j, j] * areas[k - j]
            areas[k] = max(pull / band[k, 0], 0.0)


@njit(cache=True, nogil=True, fastmath=True)
def sum_of_lines(low, first, shapes, areas, out):
    """Overwrite `out` (points,) with the sum of lines."""
    out[:] = 0.0
    for k in range(len(low)):
        if areas[k] > 0:
            for j in range(first[k], first[k + 1]):
                out[low[k] + j - first[k]] += areas[k] * shapes[j]


@njit(cache=True, nogil=True, fastmath=True)
def parameter_step(low, first, slopes, widening, areas, moves, growth, counts, sums, weights, stiffness, so_far):
    """One Gauss-Newton step of what moves and widens the lines, their areas held.

    Args:
        moves: (n, p) degrees that a unit of each parameter moves a line. growth: (n,) how much of the last parameter
            the logarithm of a line's width takes.
        stiffness, so_far: (p + 2,) of the parameters, and what they were changed by already.

    Returns:
        (p + 2,) the step.
    """
    p = moves.shape[1]
    steep = np.zeros((len(counts), p + 2))
    for k in range(len(low)):
        if areas[k] <= 0:
            continue
        for j in range(first[k], first[k + 1]):
            i = low[k] + j - first[k]
            by_angle, by_width = areas[k] * slopes[j], areas[k] * widening[j]
            for c in range(p):
                steep[i, c] += by_angle * moves[k, c]
            steep[i, p] += by_width
            steep[i, p + 1] += by_width * growth[k]
    curvature, gradient = np.zeros((p + 2, p + 2)), np.zeros(p + 2)
    for i in range(len(counts)):
        left = counts[i] - sums[i]
        for c in range(p + 2):
            weighed = weights[i] * steep[i, c]
            if weighed == 0.0:
                continue
            gradient[c] += weighed * left
            for e in range(c + 1):
                curvature[c, e] += weighed * steep[i, e]
    for c in range(p + 2):
        for e in range(c):
            curvature[e, c] = curvature[c, e]
        curvature[c, c] += stiffness[c]
        gradient[c] -= stiffness[c] * so_far[c]
    return np.linalg.solve(curvature, gradient)


@njit(cache=True, nogil=True, fastmath=True)
def pivots(band, ridge, out):
    """(n,) squares of the pivots of a band matrix with a ridge (n,) on its diagonal: curvatures of areas, each with
    the earlier lines free; overwrites `out`."""
    n, width = band.shape
    work = band.copy()
    for k in range(n):
        work[k, 0] += ridge[k]
    for k in range(n):
        head = work[k, 0]
        out[k] = head
        for j in range(1, min(width, n - k)):
            if work[k, j] == 0.0:
                continue
            factor = work[k, j] / head
            for i in range(j, min(width, n - k)):
                work[k + j, i - j] -= factor * work[k, i]


@njit(cache=True, nogil=True, fastmath=True)
def relax_lines(low, first, shapes, slopes, widening, areas, weights, left, at_sigma, width_sigma, sweeps):
    """Let each line move and widen a little by itself, and take that off what is left.

    Real lines are displaced by axial divergence and strain, and widened by the shape of crystals and by faults, each in
    its own way; so a cell is not charged for what its lines could be excused for.

    Args:
        areas: (n,) of the lines; changed a little too.
        left: (points,) counts less the sum of lines; changed.
        at_sigma: (n,) degrees that a line may be displaced by. width_sigma: of the logarithm of its width.
        sweeps: over all lines.

    Returns:
        What the excuses cost: the sum of their squares in standard deviations, and of the logarithms of how much
        narrower the data make them, twice the half of it.
    """
    n = len(low)
    moved, widened = np.zeros(n), np.zeros(n)
    cost = 0.0
    for turn in range(sweeps):
        for k in range(n):
            if areas[k] <= 0:
                continue
            for part in range(3):
                curvature = pull = 0.0
                for j in range(first[k], first[k + 1]):
                    i = low[k] + j - first[k]
                    one = areas[k] * slopes[j] if part == 0 else (areas[k] * widening[j] if part == 1 else shapes[j])
                    curvature += weights[i] * one * one
                    pull += weights[i] * one * left[i]
                if curvature <= 0:
                    continue
                if part == 0:
                    ridge = 1 / (at_sigma[k] * at_sigma[k])
                    step = (pull - ridge * moved[k]) / (curvature + ridge)
                    moved[k] += step
                elif part == 1:
                    ridge = 1 / (width_sigma * width_sigma)
                    step = (pull - ridge * widened[k]) / (curvature + ridge)
                    widened[k] += step
                else:
                    step = max(pull / curvature, -areas[k])
                    areas[k] += step
                    ridge = 0.0
                for j in range(first[k], first[k + 1]):
                    i = low[k] + j - first[k]
                    one = areas[k] * slopes[j] if part == 0 else (areas[k] * widening[j] if part == 1 else shapes[j])
                    left[i] -= step * one
                if turn == sweeps - 1 and part < 2:
                    cost += np.log1p(curvature / ridge)
    for k in range(n):
        if areas[k] > 0:
            cost += (moved[k] / at_sigma[k]) ** 2 + (widened[k] / width_sigma) ** 2
    return cost
