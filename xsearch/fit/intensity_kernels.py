"""Compiled: calculated intensities of a crystal brought to a pattern whose lines already stand where they belong.

The least-squares misfit of a sum of lines is quadratic in their areas, so that the pattern is needed but once: for the
products of lines with it and with one another. Scale, thermal motion and texture are then fitted among a few hundred
lines instead of thousands of points. Rows of the products are kept from the diagonal onwards, lines by rising angle.
"""

import numpy as np
from numba import njit

from xsearch.fit.le_bail_kernels import TABLE_STEPS, _shape, _window

REACH = 3.0
"""Lines further apart than so many full widths, each, do not overlap."""


@njit(cache=True, nogil=True, fastmath=True)
def line_products(positions, fwhm, counts, weights, start, step, table):
    """Weighed products of lines of unit area with a pattern and with one another.

    Args:
        positions, fwhm: (n,) in degrees, positions rising.
        counts, weights: (points,) net pattern and the weights of its points.
        start, step: of the points' angles. table: shape table.

    Returns:
        (n,) with the pattern; (n + 1,) where rows of the products begin; and the products of a line with itself and
        with those after it that it overlaps.
    """
    n, points = len(positions), len(counts)
    low, high = np.empty(n, np.int64), np.empty(n, np.int64)
    first = np.zeros(n + 1, np.int64)
    width = 0
    for k in range(n):
        low[k], high[k] = _window(positions[k], fwhm[k], REACH, start, step, points)
        high[k] = max(high[k], low[k])
        width = max(width, high[k] - low[k])
    for k in range(n):
        j = k + 1
        while j < n and low[j] < high[k]:
            j += 1
        first[k + 1] = first[k] + j - k
    shapes = np.zeros((n, width))
    with_pattern, products = np.zeros(n), np.zeros(first[n])
    for k in range(n):
        scale = TABLE_STEPS / fwhm[k]
        for i in range(low[k], high[k]):
            value = _shape(table, abs(start + i * step - positions[k]) * scale) / fwhm[k]
            shapes[k, i - low[k]] = value
            with_pattern[k] += weights[i] * value * counts[i]
    for k in range(n):
        for place in range(first[k + 1] - first[k]):
            j = k + place
            total = 0.0
            for i in range(max(low[j], low[k]), min(high[k], high[j])):
                total += weights[i] * shapes[k, i - low[k]] * shapes[j, i - low[j]]
            products[first[k] + place] = total
    return with_pattern, first, products


@njit(cache=True, nogil=True, fastmath=True)
def _through(first, products, areas, out):
    """The symmetric product with areas, into `out` (n,)."""
    out[:] = 0.0
    for k in range(len(areas)):
        out[k] += products[first[k]] * areas[k]
        for place in range(first[k] + 1, first[k + 1]):
            j = k + place - first[k]
            out[k] += products[place] * areas[j]
            out[j] += products[place] * areas[k]


@njit(cache=True, nogil=True, fastmath=True)
def _texture(cosines_sq, axes, log_r, factor, slope):
    """March and Dollase's factor averaged over equivalent axes, and its slope by ln r, into (n,) each."""
    r_sq, inverse = np.exp(2 * log_r), np.exp(-log_r)
    for k in range(len(factor)):
        total = change = 0.0
        for m in range(axes):
            square = cosines_sq[k, m]
            u = r_sq * square + (1 - square) * inverse
            power = 1 / (u * np.sqrt(u))
            total += power
            change += -1.5 * power / u * (2 * r_sq * square - (1 - square) * inverse)
        factor[k], slope[k] = total / axes, change / axes


@njit(cache=True, nogil=True, fastmath=True)
def fit_intensities(
    areas, half_s_sq, cosines_sq, axes, tried, with_pattern, first, products, b_stiffness, r_stiffness, steps, largest
):
    """Scale, difference in B, and the March parameter about the axis that suits best.

    Args:
        areas: (n,) calculated. half_s_sq: (n,) a line falls by exp(-B · this).
        cosines_sq: (axes, n, m) of the lines with each axis' equivalents. axes: (axes,) how many each has.
        tried: (t,) ln r that each axis starts from; the best goes on.
        with_pattern, first, products: as `line_products` gives them.
        b_stiffness, r_stiffness: cost of the squares of B and ln r, in units of the misfit.
        steps, largest: Gauss-Newton steps at most, and how far B and ln r go in one.

    Returns:
        ln scale, B, ln r, the number of the axis, and (n,) the fitted areas.
    """
    n = len(areas)
    factor, slope, through = np.ones(n), np.zeros(n), np.empty(n)
    _through(first, products, areas, through)
    pattern, self_product = max(areas @ with_pattern, 1e-30), max(areas @ through, 1e-30)
    best, log_r, axis = pattern * pattern / self_product, 0.0, 0
    for one in range(len(axes)):
        for start in tried:
            _texture(cosines_sq[one], axes[one], start, factor, slope)
            new = areas * factor
            _through(first, products, new, through)
            explained = max(new @ with_pattern, 0.0) ** 2 / max(new @ through, 1e-30) - r_stiffness * start * start
            if explained > best:
                best, log_r, axis = explained, start, one
    _texture(cosines_sq[axis], axes[axis], log_r, factor, slope)
    new = areas * factor
    _through(first, products, new, through)
    log_scale, b = np.log(max(new @ with_pattern, 1e-30) / max(new @ through, 1e-30)), 0.0
    fitted, least = new * np.exp(log_scale), np.inf
    kept_scale, kept_b, kept_r = log_scale, b, log_r
    slopes, each = np.empty((3, n)), np.empty(n)
    for _ in range(steps):
        _texture(cosines_sq[axis], axes[axis], log_r, factor, slope)
        for k in range(n):
            slopes[0, k] = areas[k] * factor[k] * np.exp(log_scale - b * half_s_sq[k])
            slopes[1, k] = -half_s_sq[k] * slopes[0, k]
            slopes[2, k] = slopes[0, k] * slope[k] / factor[k]
        _through(first, products, slopes[0], through)
        misfit = slopes[0] @ through - 2 * (slopes[0] @ with_pattern) + b_stiffness * b * b + r_stiffness * log_r**2
        if misfit < least:
            least, kept_scale, kept_b, kept_r = misfit, log_scale, b, log_r
            fitted[:] = slopes[0]
        curvature, gradient = np.zeros((3, 3)), np.zeros(3)
        left = with_pattern - through
        for p in range(3):
            gradient[p] = slopes[p] @ left
            _through(first, products, slopes[p], each)
            for q in range(3):
                curvature[p, q] = slopes[q] @ each
        curvature[0, 0] += 1e-9 * curvature[0, 0] + 1e-30
        curvature[1, 1] += b_stiffness + 1e-9
        curvature[2, 2] += r_stiffness + 1e-9
        gradient[1] -= b_stiffness * b
        gradient[2] -= r_stiffness * log_r
        change = np.linalg.solve(curvature, gradient)
        log_scale += min(max(change[0], -largest), largest)
        b += min(max(change[1], -largest), largest)
        log_r += min(max(change[2], -largest), largest)
    return kept_scale, kept_b, kept_r, axis, fitted
