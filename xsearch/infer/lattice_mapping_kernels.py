"""Compiled mapping of one lattice onto another by integer matrices."""

from itertools import product

import numpy as np
from numba import njit

UNIMODULAR = np.array(
    [m for m in (np.array(n).reshape(3, 3) for n in product((-1, 0, 1), repeat=9)) if round(np.linalg.det(m)) == 1],
    np.float64,
)
"""Matrices that make a basis of a lattice from another one; the inverse ones give the same lines."""

ALIKE = 0.01
"""Relative difference of metrics below which two mappings are the same but for a symmetry of the lattice."""


@njit(cache=True, nogil=True)
def reduce(lattice, steps):
    """Bring a basis to its shortest vectors; `steps` becomes the integer matrix that does.

    Args:
        lattice: (3, 3) rows, changed. steps: (3, 3), overwritten.
    """
    steps[:] = np.eye(3)
    for _ in range(200):
        changed = False
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            best = (lattice[i] ** 2).sum() * (1 - 1e-9)
            m_best = n_best = 0
            for m in range(-1, 2):
                for n in range(-1, 2):
                    square = ((lattice[i] + m * lattice[j] + n * lattice[k]) ** 2).sum()
                    if square < best:
                        best, m_best, n_best = square, m, n
            if m_best != 0 or n_best != 0:
                lattice[i] += m_best * lattice[j] + n_best * lattice[k]
                steps[i] += m_best * steps[j] + n_best * steps[k]
                changed = True
        if not changed:
            break


@njit(cache=True, nogil=True)
def map_metric(metric, goal, bases, limit, found, strains):
    """The bases of a lattice that come nearest to a goal, one of each kind.

    Args:
        metric: (3, 3) of a reduced basis. goal: (3, 3) of the lattice that it is mapped onto.
        bases: (m, 3, 3) matrices tried. limit: largest strain considered.
        found: (k,) int64, changed: which of the matrices, the nearest first. strains: (k,), changed.

    Returns:
        How many were found.
    """
    inverse = np.linalg.inv(goal)
    count = 0
    kinds = np.empty((len(found), 3, 3))
    for b in range(len(bases)):
        m = bases[b]
        fits = True
        for i in range(3):
            square = 0.0
            for j in range(3):
                for k in range(3):
                    square += m[i, j] * metric[j, k] * m[i, k]
            if abs(square / goal[i, i] - 1) > 2 * limit:
                fits = False
                break
        if not fits:
            continue
        e = inverse @ (m @ metric @ m.T)
        total = 0.0
        for i in range(3):
            e[i, i] -= 1
        for i in range(3):
            for j in range(3):
                total += e[i, j] * e[j, i]
        strain = np.sqrt(max(total, 0.0)) / 2
        if strain > limit or (count == len(found) and strain >= strains[count - 1]):
            continue
        back = np.linalg.inv(m)
        kind = back @ goal @ back.T
        same = False
        for o in range(count):
            worst = 0.0
            for i in range(3):
                for j in range(3):
                    worst = max(worst, abs(kinds[o, i, j] - kind[i, j]) / np.sqrt(metric[i, i] * metric[j, j]))
            if worst < ALIKE:
                same = True
                break
        if same:
            continue
        if count < len(found):
            count += 1
        o = count - 1
        while o > 0 and strains[o - 1] > strain:
            strains[o], found[o], kinds[o] = strains[o - 1], found[o - 1], kinds[o - 1]
            o -= 1
        strains[o], found[o], kinds[o] = strain, b, kind
    return count
