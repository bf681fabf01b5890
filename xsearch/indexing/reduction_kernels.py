"""Compiled: Selling's reduction of lattices."""

import numpy as np
from numba import njit

from xsearch.simulate.lattice_kernels import LEAST_UNIT_VOLUME_SQ, unit_volume_sq

MOST_STEPS = 200
"""Steps of a reduction; ten are enough for any cell that is not absurdly oblique."""


@njit(cache=True, nogil=True)
def lengths(cells, primitive, codes):
    """(n, 7) of cells (n, 6) whose primitive vectors are `primitive[codes]`."""
    found = np.empty((len(cells), 7))
    conventional, vectors, products = np.zeros((3, 3)), np.empty((4, 3)), np.empty((4, 4))
    for i in range(len(cells)):
        length_a, length_b, length_c = cells[i, 0], cells[i, 1], cells[i, 2]
        ca, cb, cg = np.cos(np.radians(cells[i, 3])), np.cos(np.radians(cells[i, 4])), np.cos(np.radians(cells[i, 5]))
        sg = np.sqrt(1 - cg * cg)
        conventional[0, 0] = length_a
        conventional[1, 0], conventional[1, 1] = length_b * cg, length_b * sg
        conventional[2, 0], conventional[2, 1] = length_c * cb, length_c * (ca - cb * cg) / sg
        conventional[2, 2] = length_c * np.sqrt(max(unit_volume_sq(cells[i]), LEAST_UNIT_VOLUME_SQ)) / sg
        vectors[:3] = 0.0
        for a in range(3):
            for b in range(3):
                vectors[a] += primitive[codes[i], a, b] * conventional[b]
        vectors[3] = -(vectors[0] + vectors[1] + vectors[2])
        for _ in range(MOST_STEPS):
            first, second, most = 0, 0, 1e-9
            for a in range(4):
                for b in range(a):
                    products[a, b] = (vectors[a] * vectors[b]).sum()
                    if products[a, b] > most:
                        first, second, most = a, b, products[a, b]
            if first == second:
                break
            for c in range(4):  # the two others take up what one turns round
                if c != first and c != second:
                    vectors[c] += vectors[first]
            vectors[first] *= -1.0
        for a in range(4):
            found[i, a] = np.sqrt((vectors[a] ** 2).sum())
        for a in range(3):
            found[i, 4 + a] = np.sqrt(((vectors[a] + vectors[3]) ** 2).sum())
        found[i].sort()
    return found
