"""Compiled: lattices from planes of the reciprocal lattice that share a row, as de Wolff and Ito found them.

J. W. Visser, J. Appl. Cryst. 2 (1969) 89. A plane is found from three lines; its reduced basis need not be lines of the
pattern. Two planes that share a row leave one angle free, which one more line gives.
"""

import numpy as np
from numba import njit

from xsearch.chemistry.space_groups import TRICLINIC
from xsearch.indexing.kernels import explains, volume
from xsearch.indexing.line_evidence_kernels import offer
from xsearch.indexing.search_kernels import TRICLINIC_CODE, zone_score

FIRST_LINES, THIRD_LINES, LAST_LINES = 12, 18, 16
"""From how many first lines planes, their third vectors, and the last angle are made; the sizes of loops."""

MOST_PLANES = 60
"""Planes that are joined in pairs; the size of an array."""

FLATTEST = 0.02
"""Least squared sine of the angle between two lines' vectors; a numerical margin."""

ROWS = (
    (1, 0, 0, 1),
    (0, 1, -1, 0),
    (1, 1, 0, 1),
    (1, -1, 0, 1),
    (2, 1, 1, 1),
    (2, -1, 1, 0),
    (1, 2, 0, 1),
    (1, -2, 0, 1),
)
"""Short vectors of a plane in terms of its basis, each with one that makes a basis with it."""


@njit(cache=True, nogil=True)
def reduced_plane(a, c, e):
    """The plane a h² + c l² + e hl with a reduced basis: a <= c and |e| <= a (Gauss)."""
    for _ in range(20):
        n = np.round(e / (2 * a))
        c, e = c - n * e + n * n * a, e - 2 * n * a
        if c >= a:
            break
        a, c = c, a
    return a, c, abs(e)


@njit(cache=True, nogil=True)
def find_planes(q, error, planes):
    """Planes through pairs of the first lines, with a third line for their angle, that explain more than chance would.

    Args:
        q, error: (n,) observed 1/d² and how far off they may be.
        planes: (k, 3) changed: reduced a, c and e of each, the best first.

    Returns:
        How many were found.
    """
    scores = np.full(len(planes), -np.inf)
    first, third = min(FIRST_LINES, len(q)), min(THIRD_LINES, len(q))
    between = ((1, 1), (2, 1), (1, 2), (3, 1), (1, 3))
    for i in range(first):
        for j in range(i):
            for k in range(third):
                if k in (i, j):
                    continue
                for m, n in between:
                    if m + n > 3 and (j > 4 or i > 7):
                        continue
                    e = (q[k] - q[j] * m * m - q[i] * n * n) / (m * n)
                    if e * e > 4 * q[i] * q[j] * (1 - FLATTEST):
                        continue
                    a, c, e = reduced_plane(q[j], q[i], e)
                    if a < 0.04 * q[0] or 4 * a * c - e * e <= 0:
                        continue
                    score = zone_score(a, c, e, q, error)
                    worst = np.argmin(scores)
                    if score <= scores[worst]:
                        continue
                    same = int(worst)
                    for o in range(len(planes)):
                        if scores[o] > -np.inf and (
                            abs(planes[o, 0] - a) + abs(planes[o, 1] - c) + abs(planes[o, 2] - e) < 2 * error[i]
                        ):
                            same = o
                            break
                    if score <= scores[same]:
                        continue
                    scores[same] = score
                    planes[same, 0], planes[same, 1], planes[same, 2] = a, c, e
    order = np.argsort(-scores)
    planes[:] = planes[order]
    return int(np.sum(scores > -np.inf))


@njit(cache=True, nogil=True)
def search_zones(q, error, checked, spare, floor, largest, most_unindexed, refines, cells, figures):
    """Triclinic cells from pairs of planes; arguments as in `search_kernels`."""
    away, hkl, g = np.empty(len(q)), np.empty((len(q), 3), np.int64), np.zeros(6)
    planes = np.zeros((MOST_PLANES, 3))
    count = find_planes(q, error, planes)
    last = min(LAST_LINES, len(q))
    for one in range(count):
        a1, c1, e1 = planes[one]
        for h1, l1, u1, v1 in ROWS:
            row = a1 * h1 * h1 + c1 * l1 * l1 + e1 * h1 * l1
            for two in range(one):
                a2, c2, e2 = planes[two]
                for h2, l2, u2, v2 in ROWS:
                    within = error[min(np.searchsorted(q, row), len(q) - 1)]
                    if abs(a2 * h2 * h2 + c2 * l2 * l2 + e2 * h2 * l2 - row) > within:
                        continue
                    side1 = a1 * u1 * u1 + c1 * v1 * v1 + e1 * u1 * v1
                    cross1 = 2 * (a1 * h1 * u1 + c1 * l1 * v1) + e1 * (h1 * v1 + l1 * u1)
                    side2 = a2 * u2 * u2 + c2 * v2 * v2 + e2 * u2 * v2
                    cross2 = 2 * (a2 * h2 * u2 + c2 * l2 * v2) + e2 * (h2 * v2 + l2 * u2)
                    n = np.round(cross1 / (2 * row))
                    side1, cross1 = side1 - n * cross1 + n * n * row, cross1 - 2 * n * row
                    n = np.round(cross2 / (2 * row))
                    side2, cross2 = side2 - n * cross2 + n * n * row, cross2 - 2 * n * row
                    g[0], g[1], g[2] = row, side1, side2
                    g[5], g[4] = cross1, cross2
                    for w in range(last):
                        for n in range(-1, 2):
                            for sign in (1.0, -1.0):
                                # |n R1 + R2 + sign R3|² = q[w]
                                base = side1 + side2 + n * n * row + n * cross1 + sign * n * cross2
                                g[3] = sign * (q[w] - base)
                                if g[3] * g[3] >= 4 * side1 * side2:
                                    continue
                                size = volume(g)
                                if 0 < size <= largest and explains(g, TRICLINIC, q[:checked], error, spare):
                                    offer(
                                        g, TRICLINIC_CODE, q, error, floor, most_unindexed, refines, cells, figures,
                                        away, hkl,
                                    )  # fmt: skip
