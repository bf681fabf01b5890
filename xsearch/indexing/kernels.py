"""Compiled comparison of cells with observed lines.

A cell is its quadratic form, six numbers in 1/Å²: 1/d² = g0 h² + g1 k² + g2 l² + g3 kl + g4 hl + g5 hk.
A lattice has the code of its crystal system; the hexagonal one carries trigonal crystals too.
"""

import numpy as np
from numba import njit

from xsearch.chemistry.space_groups import CUBIC, MONOCLINIC, ORTHORHOMBIC, TETRAGONAL, TRICLINIC

CENTRINGS = "PABCIFR"
P, A, B, C, I, F, R = range(len(CENTRINGS))
"""Centrings; R in its hexagonal setting."""


@njit(cache=True, nogil=True, inline="always")
def is_allowed(centring, h, k, m):
    """Whether a centring leaves a reflection."""
    if centring == P:
        return True
    if centring == A:
        return (k + m) % 2 == 0
    if centring == B:
        return (h + m) % 2 == 0
    if centring == C:
        return (h + k) % 2 == 0
    if centring == I:
        return (h + k + m) % 2 == 0
    if centring == F:
        return (h + k) % 2 == 0 and (k + m) % 2 == 0
    return (k + m - h) % 3 == 0


@njit(cache=True, nogil=True)
def volume(g):
    """Volume of the cell in Å³; 0 where the form is that of no cell."""
    a, b, c = g[0], g[1], g[2]
    d, e, f = 0.5 * g[3], 0.5 * g[4], 0.5 * g[5]
    determinant = a * (b * c - d * d) - f * (f * c - d * e) + e * (f * d - b * e)
    if a <= 0 or b <= 0 or c <= 0 or a * b - f * f <= 0 or determinant <= 0:
        return 0.0
    return determinant**-0.5


@njit(cache=True, nogil=True)
def longest_index(g, limit):
    """The largest h, k and l of reflections with 1/d² up to a limit."""
    v_sq = volume(g) ** 2
    a_sq = (g[1] * g[2] - 0.25 * g[3] * g[3]) * v_sq
    b_sq = (g[0] * g[2] - 0.25 * g[4] * g[4]) * v_sq
    c_sq = (g[0] * g[1] - 0.25 * g[5] * g[5]) * v_sq
    return int(np.sqrt(a_sq * limit)), int(np.sqrt(b_sq * limit)), int(np.sqrt(c_sq * limit))


@njit(cache=True, nogil=True)
def is_one_of_equals(lattice, centring, h, k, m):
    """Whether a cell has a reflection, and its opposite is not counted in its place."""
    if m == 0 and lattice <= MONOCLINIC and (h < 0 or (h == 0 and k < 0)):
        return False
    if h == 0 and k == 0 and m == 0:
        return False
    return is_allowed(centring, h, k, m) or (centring == R and is_allowed(centring, k, h, m))


@njit(cache=True, nogil=True)
def assign(g, lattice, centring, q, away, hkl):
    """The calculated reflection nearest to each observed one.

    Args:
        g: (6,) the cell. lattice, centring: codes.
        q: (n,) observed 1/d², rising.
        away: (n,) changed: calculated less observed of the nearest, `inf` where there is none.
        hkl: (n, 3) changed.

    Returns:
        How many different reflections lie at or below the last observed one.
    """
    n = len(q)
    away[:] = np.inf
    limit = q[n - 1]
    above = limit * 1.02
    top_h, top_k, top_l = longest_index(g, above)
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
                if value > above:
                    continue
                if value <= limit * 1.0005:
                    count += 1
                place = np.searchsorted(q, value)
                for i in (place - 1, place):
                    if 0 <= i < n and abs(value - q[i]) < abs(away[i]):
                        away[i] = value - q[i]
                        hkl[i, 0], hkl[i, 1], hkl[i, 2] = h, k, m
    return count


@njit(cache=True, nogil=True)
def is_explained(g, lattice, q, error):
    """Whether some reflection of a cell without centring lies at an observed 1/d²; error is allowed.

    The last index follows from the others, so that two loops are enough.
    """
    top = q + error
    if lattice == CUBIC:
        n = np.round(q / g[0])
        if abs(n * g[0] - q) > error or n < 1:
            return False
        n = int(n)
        while n % 4 == 0:
            n //= 4
        return n % 8 != 7  # a sum of three squares, by Legendre
    if lattice == TRICLINIC:
        top_h, top_k, _ = longest_index(g, top)
        for h in range(top_h + 1):
            for k in range(-top_k if h > 0 else 0, top_k + 1):
                # g2 l² + (g3 k + g4 h) l + rest = 0
                rest = g[0] * h * h + g[1] * k * k + g[5] * h * k - q
                slope = g[3] * k + g[4] * h
                root = slope * slope - 4 * g[2] * rest
                if root < -4 * g[2] * error:
                    continue
                root = np.sqrt(max(root, 0.0))
                for sign in (-1.0, 1.0):
                    m = np.round((sign * root - slope) / (2 * g[2]))
                    if abs(rest + slope * m + g[2] * m * m) < error:
                        return True
        return False
    if lattice == MONOCLINIC:
        top_h, _, top_l = longest_index(g, top)
        for h in range(top_h + 1):
            for m in range(-top_l if h > 0 else 0, top_l + 1):
                rest = q - g[0] * h * h - g[2] * m * m - g[4] * h * m
                if rest < -error:
                    continue
                k = np.round(np.sqrt(max(rest, 0.0) / g[1]))
                if abs(rest - g[1] * k * k) < error:
                    return True
        return False
    for h in range(int(np.sqrt(top / g[0])) + 1):
        for k in range(h + 1 if lattice != ORTHORHOMBIC else int(np.sqrt(top / g[1])) + 1):
            rest = q - g[0] * h * h - g[1] * k * k - g[5] * h * k
            if rest < -error:
                break
            m = np.round(np.sqrt(max(rest, 0.0) / g[2]))
            if abs(rest - g[2] * m * m) < error:
                return True
    return False


@njit(cache=True, nogil=True)
def explains(g, lattice, q, error, spare):
    """Whether a cell explains the observed lines but `spare` of them."""
    left = spare
    for i in range(len(q)):
        if not is_explained(g, lattice, q[i], error[i]):
            left -= 1
            if left < 0:
                return False
    return True


@njit(cache=True, nogil=True)
def figure_of_merit(away, q, error, floor, count):
    """Figure of merit M_N of de Wolff (J. Appl. Cryst. 1 (1968) 108), and the number of unindexed lines.

    Args:
        away: (n,) calculated less observed 1/d². q, error: (n,) observed, and how far off they may be.
        floor: the least mean deviation that counts, in units of `error`.
        count: of different calculated reflections up to the last line.
    """
    indexed, total, allowed = 0, 0.0, 0.0
    for i in range(len(q)):
        if abs(away[i]) <= error[i]:
            indexed += 1
            total += abs(away[i])
            allowed += error[i]
    if indexed == 0 or count == 0:
        return 0.0, len(q)
    mean = max(total, floor * allowed) / indexed
    return q[-1] / (2 * mean * count) * indexed / len(q), len(q) - indexed
