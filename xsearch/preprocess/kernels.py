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


@njit(cache=True, nogil=True)
def snip(counts, reach, passes):
    """Background of a spectrum by iterative clipping on a doubly logarithmic scale.

    Args:
        counts: (n,) not negative.
        reach: (n,) in points; around each point, features narrower than twice this are clipped away.
        passes: (k,) the shares of the reach that are clipped with, falling from 1. Every pass lowers a broad hump a
            little: a dozen passes leave humps in the background, where they belong, a hundred do not.

    Returns:
        (n,) float64.
    """
    n = len(counts)
    now = np.log(np.log(np.sqrt(counts + 1) + 1) + 1)
    clipped = np.empty(n)
    for share in passes:
        for i in range(n):
            # as far to both sides, or a slope at the ends would pass for a line
            reached = min(int(share * reach[i]), i, n - 1 - i)
            mean = 0.5 * (now[i - reached] + now[i + reached])
            clipped[i] = min(now[i], mean)
        now, clipped = clipped, now
    return (np.exp(np.exp(now) - 1) - 1) ** 2 - 1
