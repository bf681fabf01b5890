"""Compiled search for cells that give observed lines: trial cells from a few lines, compared with all.

All searches take the same arguments:
    q, error: (n,) observed 1/d² in 1/Å², rising, and how far off they may be.
    checked, spare: a trial cell explains so many first lines but for so many.
    floor, most_unindexed, refines: see `line_evidence_kernels.offer`.
    largest: volume in Å³.
    cells, figures: (kept, 6) and (kept,), changed: the best cells so far as quadratic forms.
"""

import numpy as np
from numba import njit

from xsearch.chemistry.space_groups import CUBIC, HEXAGONAL, MONOCLINIC, ORTHORHOMBIC, TRICLINIC
from xsearch.indexing.kernels import explains, volume
from xsearch.indexing.line_evidence_kernels import offer

CUBIC_CODE, ORTHORHOMBIC_CODE = np.int64(CUBIC), np.int64(ORTHORHOMBIC)
MONOCLINIC_CODE, TRICLINIC_CODE = np.int64(MONOCLINIC), np.int64(TRICLINIC)
RECTANGULAR, OBLIQUE = np.bool_(True), np.bool_(False)
"""Numpy's numbers, for kernels that take long to compile: given a plain constant they are compiled anew for it."""

ZONE_LINES, THIRD_LINES, FOURTH_LINES = 11, 16, 16
"""From how many first lines planes and their third and fourth vectors are made; the sizes of loops."""

MOST_ZONES = 150
"""Planes that a search goes on with; the size of an array."""

ALMOST = 1.1
"""A numerical margin: the angle between two rows is such that no sum of the two is shorter, but for errors."""


@njit(cache=True, nogil=True)
def search_cubic(q, error, checked, spare, floor, largest, most_unindexed, refines, cells, figures):
    """Cubic cells: each of the first lines as each sum of squares."""
    away, hkl, g = np.empty(len(q)), np.empty((len(q), 3), np.int64), np.zeros(6)
    for i in range(min(6, len(q))):
        for n in range(1, 49):
            g[:3] = q[i] / n
            if (n / q[i]) ** 1.5 <= largest and explains(g, CUBIC, q[:checked], error, spare):
                offer(g, CUBIC_CODE, q, error, floor, most_unindexed, refines, cells, figures, away, hkl)


@njit(cache=True, nogil=True)
def search_uniaxial(lattice, q, error, checked, spare, floor, largest, most_unindexed, refines, cells, figures):
    """Tetragonal or hexagonal cells: each pair of the first lines as each pair of small indices."""
    away, hkl, g = np.empty(len(q)), np.empty((len(q), 3), np.int64), np.zeros(6)
    sums = np.empty(16, np.int64)
    k = 0
    for h in range(5):
        for j in range(h + 1):
            if k < len(sums):
                sums[k] = h * h + j * j + (h * j if lattice == HEXAGONAL else 0)
                k += 1
    sums = np.unique(sums[:k])[:9]
    for i in range(min(8, len(q))):
        for j in range(i):
            for n1 in sums:
                for l1 in range(7):
                    for n2 in sums:
                        for l2 in range(7):
                            determinant = n1 * l2 * l2 - n2 * l1 * l1
                            if determinant == 0:
                                continue
                            a = (q[i] * l2 * l2 - q[j] * l1 * l1) / determinant
                            c = (n1 * q[j] - n2 * q[i]) / determinant
                            if a <= 0 or c <= 0:
                                continue
                            g[0], g[1], g[2] = a, a, c
                            g[5] = a if lattice == HEXAGONAL else 0.0
                            if volume(g) <= largest and explains(g, lattice, q[:checked], error, spare):
                                offer(g, lattice, q, error, floor, most_unindexed, refines, cells, figures, away, hkl)


@njit(cache=True, nogil=True)
def search_orthorhombic(q, error, checked, spare, floor, largest, most_unindexed, refines, cells, figures):
    """Orthorhombic cells: each three of the first lines as each three of small indices."""
    away, hkl, g = np.empty(len(q)), np.empty((len(q), 3), np.int64), np.zeros(6)
    squares = np.empty((26, 3))
    count = 0
    for h in range(3):
        for k in range(3):
            for m in range(3):
                if h + k + m > 0:
                    squares[count, 0], squares[count, 1], squares[count, 2] = h * h, k * k, m * m
                    count += 1
    lines = min(7, len(q))
    for i in range(lines):
        for j in range(i):
            for k in range(j):
                for u in range(count):
                    x = squares[u]
                    for v in range(count):
                        y = squares[v]
                        xy0 = x[1] * y[2] - x[2] * y[1]
                        xy1 = x[2] * y[0] - x[0] * y[2]
                        xy2 = x[0] * y[1] - x[1] * y[0]
                        if xy0 == 0 and xy1 == 0 and xy2 == 0:
                            continue
                        for w in range(count):
                            z = squares[w]
                            determinant = z[0] * xy0 + z[1] * xy1 + z[2] * xy2
                            if determinant == 0:
                                continue
                            # Cramer's rule for x.g = q[i], y.g = q[j], z.g = q[k]
                            g0 = q[i] * (y[1] * z[2] - y[2] * z[1]) + q[j] * (z[1] * x[2] - z[2] * x[1]) + q[k] * xy0
                            g1 = q[i] * (y[2] * z[0] - y[0] * z[2]) + q[j] * (z[2] * x[0] - z[0] * x[2]) + q[k] * xy1
                            g0 /= determinant
                            g1 /= determinant
                            if g0 <= 0 or g1 < g0:
                                continue
                            g2 = q[i] * (y[0] * z[1] - y[1] * z[0]) + q[j] * (z[0] * x[1] - z[1] * x[0]) + q[k] * xy2
                            g2 /= determinant
                            if g2 < g1 or g0 * g1 * g2 * largest * largest < 1:
                                continue
                            g[0], g[1], g[2] = g0, g1, g2
                            if explains(g, ORTHORHOMBIC, q[:checked], error, spare):
                                offer(
                                    g, ORTHORHOMBIC_CODE, q, error, floor, most_unindexed, refines, cells, figures,
                                    away, hkl,
                                )  # fmt: skip


@njit(cache=True, nogil=True)
def zone_score(a, c, e, q, error):
    """How many more observed lines a plane of the reciprocal lattice explains than chance would, in deviations.

    A plane is a h² + c l² + e hl; its points are π / √(4ac - e²) for each unit of 1/d², counted without their inverses.
    """
    found, chance = 0, 0.0
    dense = np.pi / np.sqrt(4 * a * c - e * e)
    shear = 1 - e * e / (4 * a * c)
    for i in range(len(q)):
        chance += min(1.0, 2 * error[i] * dense)
        hit = False
        for h in range(int(np.sqrt((q[i] + error[i]) / (a * shear))) + 1):
            root = (e * h) ** 2 - 4 * c * (a * h * h - q[i])
            if root < -4 * c * error[i]:
                continue
            root = np.sqrt(max(root, 0.0))
            for sign in (-1.0, 1.0):
                m = np.round((-e * h + sign * root) / (2 * c))
                if abs(a * h * h + c * m * m + e * h * m - q[i]) < error[i]:
                    hit = True
                    break
            if hit:
                break
        found += hit
    return (found - chance) / np.sqrt(chance + 1)


@njit(cache=True, nogil=True)
def find_zones(q, error, rectangular, zones):
    """The planes through pairs of the first lines that explain most, as Ito and de Wolff sought them.

    Args:
        q, error: (n,) observed 1/d² and how far off they may be.
        rectangular: whether the two rows are at right angles; else a third line gives their angle.
        zones: (k, 3) changed: the a, c and e of each, the best first.

    Returns:
        How many were found.
    """
    scores = np.full(len(zones), -np.inf)
    between = ((1, 1), (2, 1), (1, 2))
    first, third = min(ZONE_LINES, len(q)), min(THIRD_LINES, len(q))
    for i in range(first):
        for j in range(i):
            a, c = q[j], q[i]
            for k in range(1 if rectangular else third):
                for m, n in between:
                    e = 0.0 if rectangular else (q[k] - a * m * m - c * n * n) / (m * n)
                    if abs(e) > ALMOST * a or (not rectangular and k in (i, j)):
                        continue
                    score = zone_score(a, c, e, q, error)
                    worst = np.argmin(scores)
                    if score <= scores[worst]:
                        continue
                    same = False
                    for o in range(len(zones)):
                        if scores[o] > -np.inf and (
                            abs(zones[o, 0] - a) + abs(zones[o, 1] - c) + abs(abs(zones[o, 2]) - abs(e)) < 2 * error[i]
                        ):
                            same = True
                            if score > scores[o]:
                                scores[o] = score
                                zones[o, 0], zones[o, 1], zones[o, 2] = a, c, e
                            break
                    if not same:
                        scores[worst] = score
                        zones[worst, 0], zones[worst, 1], zones[worst, 2] = a, c, e
                    if rectangular:
                        break
    order = np.argsort(-scores)
    zones[:] = zones[order]
    return int(np.sum(scores > -np.inf))


@njit(cache=True, nogil=True)
def search_monoclinic(q, error, checked, spare, floor, largest, most_unindexed, refines, cells, figures):
    """Monoclinic cells: the plane of h0l and a line beside it, or that of hk0 and two lines beside it."""
    away, hkl, g = np.empty(len(q)), np.empty((len(q), 3), np.int64), np.zeros(6)
    zones = np.zeros((MOST_ZONES, 3))
    beside = ((0, 0), (1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2), (2, 1), (1, 2), (2, -1), (1, -2))
    fourth = min(THIRD_LINES, len(q))
    for zone in range(find_zones(q, error, OBLIQUE, zones)):
        a0, c0, e0 = zones[zone]
        for part in range(5):
            # centrings and glides leave out points of a plane: none, odd h, odd l, odd h + l, or all but both even
            if part == 0:
                a, c, e = a0, c0, e0
            elif part == 1:
                a, c, e = a0 / 4, c0, e0 / 2
            elif part == 2:
                a, c, e = a0, c0 / 4, e0 / 2
            elif part == 3:
                a, c, e = (a0 + c0 + e0) / 4, (a0 + c0 - e0) / 4, (a0 - c0) / 2
            else:
                a, c, e = a0 / 4, c0 / 4, e0 / 4
            g[0], g[2], g[4] = a, c, e
            for o in range(fourth):
                for h, m in beside:
                    for axis in (1.0, 4.0):
                        g[1] = (q[o] - a * h * h - c * m * m - e * h * m) / axis
                        size = volume(g)
                        if 0 < size <= largest and explains(g, MONOCLINIC, q[:checked], error, spare):
                            offer(
                                g, MONOCLINIC_CODE, q, error, floor, most_unindexed, refines, cells, figures, away, hkl
                            )
    for zone in range(find_zones(q, error, RECTANGULAR, zones)):
        for turned in range(2):
            for part in range(4):
                a = zones[zone, turned] / (4.0 if part % 2 else 1.0)
                b = zones[zone, 1 - turned] / (4.0 if part // 2 else 1.0)
                g[0], g[1] = a, b
                for o in range(fourth):
                    for k in range(2):
                        for axis in (1.0, 4.0):
                            c = (q[o] - b * k * k) / axis
                            if c <= 0:
                                continue
                            for u in range(fourth):
                                for n in range(2):
                                    e = q[u] - a - b * n * n - c
                                    if u == o or abs(e) > ALMOST * a:
                                        continue
                                    g[2], g[4] = c, e
                                    size = volume(g)
                                    if 0 < size <= largest and explains(g, MONOCLINIC, q[:checked], error, spare):
                                        offer(
                                            g, MONOCLINIC_CODE, q, error, floor, most_unindexed, refines, cells,
                                            figures, away, hkl,
                                        )  # fmt: skip


@njit(cache=True, nogil=True)
def search_triclinic(q, error, checked, spare, floor, largest, most_unindexed, refines, cells, figures):
    """Triclinic cells: a plane of h0l, and three lines beside it."""
    away, hkl, g = np.empty(len(q)), np.empty((len(q), 3), np.int64), np.zeros(6)
    zones = np.zeros((MOST_ZONES, 3))
    fourth = min(FOURTH_LINES, len(q))
    for zone in range(find_zones(q, error, OBLIQUE, zones)):
        g[0], g[2], g[4] = zones[zone]
        for o in range(fourth):
            b = q[o]
            g[1] = b
            for u in range(fourth):
                f = q[u] - g[0] - b
                if u == o or abs(f) > ALMOST * min(g[0], b):
                    continue
                g[5] = f
                for w in range(fourth):
                    d = q[w] - g[2] - b
                    if w in (u, o) or abs(d) > ALMOST * min(g[2], b):
                        continue
                    for sign in (1.0, -1.0):
                        g[3] = sign * d
                        size = volume(g)
                        if 0 < size <= largest and explains(g, TRICLINIC, q[:checked], error, spare):
                            offer(
                                g, TRICLINIC_CODE, q, error, floor, most_unindexed, refines, cells, figures, away, hkl
                            )
