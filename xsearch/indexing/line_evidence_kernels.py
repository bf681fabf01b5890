"""Compiled: how much likelier lines are with a cell than by chance, and the refinement of cells by that."""

import numpy as np
from numba import njit

from xsearch.chemistry.space_groups import CUBIC, HEXAGONAL, MONOCLINIC, ORTHORHOMBIC, TETRAGONAL, TRICLINIC
from xsearch.indexing.kernels import P, assign, figure_of_merit, volume

FREE_FORMS = np.zeros((CUBIC + 1, 6, 6))
"""By the code of a lattice, the quadratic forms that its cells are sums of."""
FREE_FORMS[TRICLINIC] = np.eye(6)
FREE_FORMS[MONOCLINIC, :4] = np.eye(6)[[0, 1, 2, 4]]
FREE_FORMS[ORTHORHOMBIC, :3] = np.eye(6)[:3]
FREE_FORMS[TETRAGONAL, :2] = ((1, 1, 0, 0, 0, 0), (0, 0, 1, 0, 0, 0))
FREE_FORMS[HEXAGONAL, :2] = ((1, 1, 0, 0, 0, 1), (0, 0, 1, 0, 0, 0))
FREE_FORMS[CUBIC, 0] = (1, 1, 1, 0, 0, 0)

FREE_COUNTS = np.array([6, 4, 3, 2, 0, 2, 1])
"""How many they are."""

SEARCH_SIGMA, SEARCH_FOREIGN = 0.4, 0.1
FIRST_ROUNDS, SEARCH_ROUNDS = np.int64(1), np.int64(2)
"""While cells are searched for: standard deviation of a line in units of its allowed error, the probability that a line
is foreign, and rounds of refinement by the first lines and by all; set by hand."""

PRIMITIVE = np.int64(P)
"""One of numpy's integers, as the rounds above: a kernel that is given a plain constant is compiled anew for it."""


@njit(cache=True, nogil=True)
def line_evidence(away, q, sigma, foreign, count, belongs):
    """Natural logarithm of how much likelier lines are with a cell than anywhere.

    A line is a reflection of the cell, one of `count` up to the last, off by a normal deviate, or it is a foreign one
    and lies anywhere. The density of reflections grows as the square root of 1/d².

    Args:
        away: (n,) calculated less observed 1/d² of the nearest reflection. q: (n,) observed, rising.
        sigma: (n,) standard deviations. foreign: (n,) probability that a line is no reflection.
        count: of reflections up to the last line.
        belongs: (n,) changed: the probability that a line is the reflection.
    """
    last, total = q[-1], 0.0
    for i in range(len(q)):
        dense = 1.5 * max(count, 1) * np.sqrt(q[i] / last) / last
        ratio = away[i] / sigma[i]
        there = 0.0
        if abs(ratio) < 8:
            there = (1 - foreign[i]) * np.exp(-0.5 * ratio * ratio) / (sigma[i] * np.sqrt(2 * np.pi) * dense)
        total += np.log(foreign[i] + there)
        belongs[i] = there / (foreign[i] + there)
    return total


@njit(cache=True, nogil=True)
def refine(form, lattice, centring, free, q, per_degree, sigma, foreign, zero_deg, zero_sigma_deg, rounds, best):
    """Refine a cell and a zero shift by the lines that belong to it, and keep the best round.

    Args:
        form: (6,) the cell. lattice, centring: codes. free: (p, 6) forms that it is a sum of.
        q: (n,) observed 1/d². per_degree: (n,) what a degree makes of them.
        sigma, foreign: see `line_evidence`.
        zero_deg: to start from. zero_sigma_deg: expected.
        rounds: of least squares.
        best: (8,) changed: the form, the zero shift, and the evidence.

    Returns:
        Different reflections up to the last line, and how many lines belong to them.
    """
    n, p = len(q), len(free)
    away, hkl, belongs = np.empty(n), np.zeros((n, 3), np.int64), np.empty(n)
    now, zero, start = form.copy(), zero_deg, volume(form)
    best[7] = -np.inf
    reflections, indexed = 0, 0
    design = np.empty(p + 1)
    for turn in range(rounds + 1):
        shifted = q - per_degree * zero
        count = assign(now, lattice, centring, shifted, away, hkl)
        value = line_evidence(away, shifted, sigma, foreign, count, belongs)
        value -= 0.5 * (zero / zero_sigma_deg) ** 2
        if value > best[7]:
            best[:6], best[6], best[7] = now, zero, value
            reflections, indexed = count, int(np.sum(belongs > 0.5))
        if turn == rounds or np.sum(belongs) < p + 1:
            break
        left, right = np.zeros((p + 1, p + 1)), np.zeros(p + 1)
        left[p, p] = 1 / zero_sigma_deg**2
        for i in range(n):
            weight = belongs[i] / sigma[i] ** 2
            if belongs[i] < 0.01:
                continue
            h, k, m = hkl[i, 0], hkl[i, 1], hkl[i, 2]
            for c in range(p):
                f = free[c]
                design[c] = f[0] * h * h + f[1] * k * k + f[2] * m * m + f[3] * k * m + f[4] * h * m + f[5] * h * k
            design[p] = per_degree[i]
            for c in range(p + 1):
                right[c] += weight * design[c] * q[i]
                for e in range(p + 1):
                    left[c, e] += weight * design[c] * design[e]
        for c in range(p):
            left[c, c] *= 1 + 1e-9
            left[c, c] += 1e-12
        solution = np.linalg.solve(left, right)
        now = np.zeros(6)
        for c in range(p):
            now += solution[c] * free[c]
        zero = solution[p]
        size = volume(now)
        if not 0.8 * start < size < 1.25 * start:
            break
    return reflections, indexed


@njit(cache=True, nogil=True)
def refine_all(forms, lattices, centrings, zeros, q, per_degree, sigma, foreign, zero_sigma_deg, rounds, out, counts):
    """`refine` for many cells: forms (m, 6), codes (m,); fills `out` (m, 8) and `counts` (m, 2)."""
    for i in range(len(forms)):
        free = FREE_FORMS[lattices[i], : FREE_COUNTS[lattices[i]]]
        counts[i, 0], counts[i, 1] = refine(
            forms[i], lattices[i], centrings[i], free, q, per_degree, sigma, foreign, zeros[i], zero_sigma_deg, rounds,
            out[i],
        )  # fmt: skip


@njit(cache=True, nogil=True)
def offer(g, lattice, q, error, floor, most_unindexed, refines, cells, figures, away, hkl):
    """Compare a trial cell without centring with the lines, and keep it where it is among the best.

    Args:
        g, lattice: the cell. q, error: the lines.
        floor, most_unindexed: see `kernels.figure_of_merit`; a cell leaves no more lines than that.
        refines: whether the cell is refined first and compared by `line_evidence`, whose tenth the logarithm of its
            figure then is; else by the figure of merit M_N, as it stands.
        cells: (kept, 6), figures: (kept,): the best so far, changed.
        away, hkl: room, see `kernels.assign`.
    """
    now = g.copy()
    if refines:
        for i in range(len(figures)):
            if figures[i] > 0 and _are_same(cells[i], now, 0.0005):
                return
        per_degree, best = np.zeros(len(q)), np.empty(8)
        n = min(len(q), 12)
        sigma, foreign = SEARCH_SIGMA * error, np.full(len(q), SEARCH_FOREIGN)
        free = FREE_FORMS[lattice, : FREE_COUNTS[lattice]]
        refine(
            now, lattice, PRIMITIVE, free, q[:n], per_degree[:n], sigma[:n], foreign[:n], 0.0, 1.0, FIRST_ROUNDS, best
        )
        now[:] = best[:6]
        refine(now, lattice, PRIMITIVE, free, q, per_degree, sigma, foreign, 0.0, 1.0, SEARCH_ROUNDS, best)
        now[:] = best[:6]
        value = np.exp(0.1 * best[7])
    else:
        count = assign(now, lattice, PRIMITIVE, q, away, hkl)
        value, missing = figure_of_merit(away, q, error, floor, count)
        if missing > most_unindexed:
            return
        value *= 0.5**missing
    for i in range(len(figures)):
        if figures[i] > 0 and _are_same(cells[i], now, 0.004):
            if value > figures[i]:
                figures[i] = value
                cells[i] = now
            return
    worst = np.argmin(figures)
    if value > figures[worst]:
        figures[worst] = value
        cells[worst] = now


@njit(cache=True, nogil=True, inline="always")
def _are_same(one, other, share):
    """Whether two quadratic forms are one, within a share of the squares of their axes."""
    within = share * (other[0] + other[1] + other[2])
    apart = 0.0
    for j in range(6):
        apart = max(apart, abs(one[j] - other[j]))
    return apart <= within
