"""Compiled pieces of the powder preprocessing."""

import numpy as np
from numba import njit

REACH = 4.0
"""A Gaussian is cut at this many standard deviations."""


@njit(cache=True, nogil=True, fastmath=True)
def broaden(ln_q, area, start, step, bins, width):
    """A sum of Gaussians on an even axis.

    Args:
        ln_q: (n,) centres.
        area: (n,) heights, all of one width, so proportional to areas.
        start, step, bins: of the axis.
        width: standard deviation, in units of ln q.

    Returns:
        (bins,) float64.
    """
    row = np.zeros(bins)
    reach = int(np.ceil(REACH * width / step))
    scale = step / width
    for j in range(len(ln_q)):
        if area[j] <= 0:
            continue
        position = (ln_q[j] - start) / step
        centre = int(np.round(position))
        for k in range(max(0, centre - reach), min(bins, centre + reach + 1)):
            u = (k - position) * scale
            row[k] += area[j] * np.exp(-0.5 * u * u)
    return row


@njit(cache=True, nogil=True, fastmath=True)
def broaden_each(ln_q, area, widths, start, step, bins):
    """The same with a width (n,) for each, of lines with areas (n,) in proportion to heights at the first width."""
    row = np.zeros(bins)
    for j in range(len(ln_q)):
        if area[j] <= 0:
            continue
        position = (ln_q[j] - start) / step
        reach = int(np.ceil(REACH * widths[j] / step))
        scale = step / widths[j]
        height = area[j] * widths[0] / widths[j]
        centre = int(np.round(position))
        for k in range(max(0, centre - reach), min(bins, centre + reach + 1)):
            u = (k - position) * scale
            row[k] += height * np.exp(-0.5 * u * u)
    return row


@njit(cache=True, nogil=True, fastmath=True)
def gaussian_average(values, sigma):
    """(n,) averages under a Gaussian, the ends continued.

    Args:
        values: (n,).
        sigma: its standard deviation, in points.
    """
    reach = int(REACH * sigma + 0.5)
    kernel = np.empty(reach + 1)
    for j in range(reach + 1):
        kernel[j] = np.exp(-0.5 * (j / sigma) ** 2)
    return symmetric_convolution(values, kernel / (2 * kernel.sum() - kernel[0]))


@njit(cache=True, nogil=True, fastmath=True)
def symmetric_convolution(values, kernel):
    """(n,) values under a symmetric kernel given by its right half, the ends continued."""
    n, reach = len(values), len(kernel) - 1
    out = np.empty(n)
    inside = n - 2 * reach
    for i in range(n):
        total = kernel[0] * values[i]
        if inside > 0 and reach <= i < n - reach:
            for j in range(1, reach + 1):
                total += kernel[j] * (values[i - j] + values[i + j])
        else:
            for j in range(1, reach + 1):
                total += kernel[j] * (values[max(i - j, 0)] + values[min(i + j, n - 1)])
        out[i] = total
    return out
