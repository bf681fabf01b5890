"""The compiled loop over reciprocal space."""

import numpy as np
from numba import njit

from xsearch.chemistry.space_groups import CUBIC, MONOCLINIC, ORTHORHOMBIC, TETRAGONAL, TRICLINIC
from xsearch.simulate.form_factors import TABLE_STEP_INV_A

PLACE_BITS = 28
"""Room for the place of a reflection beside its key, which takes 33 bits."""


@njit(cache=True, nogil=True, inline="always")
def _line_key(h, k, l, system):
    """One integer for all reflections that coincide under every strain the crystal system allows."""
    if system == CUBIC:
        return h * h + k * k + l * l
    if system == TETRAGONAL:
        return ((h * h + k * k) << 11) | abs(l)
    if system == ORTHORHOMBIC:
        return (abs(h) << 22) | (abs(k) << 11) | abs(l)
    if system == MONOCLINIC:
        return (abs(h) << 23) | (abs(k) << 12) | (abs(l) << 1) | (1 if h * l < 0 else 0)
    if system == TRICLINIC:
        if h < 0 or (h == 0 and (k < 0 or (k == 0 and l < 0))):
            h, k, l = -h, -k, -l
        return ((h + 1024) << 22) | ((k + 1024) << 11) | (l + 1024)
    return ((h * h + h * k + k * k) << 11) | abs(l)  # trigonal crystals have hexagonal cells


@njit(cache=True, nogil=True)
def _phase_table(fractions, limit):
    """cos and sin of 2π h x for h = 0..limit of every atom, by recurrence from h = 1."""
    n = len(fractions)
    cosines = np.empty((limit + 1, n))
    sines = np.empty((limit + 1, n))
    for j in range(n):
        c1 = np.cos(2 * np.pi * fractions[j])
        s1 = np.sin(2 * np.pi * fractions[j])
        cosines[0, j], sines[0, j] = 1.0, 0.0
        for h in range(1, limit + 1):
            cosines[h, j] = cosines[h - 1, j] * c1 - sines[h - 1, j] * s1
            sines[h, j] = sines[h - 1, j] * c1 + cosines[h - 1, j] * s1
    return cosines, sines


@njit(cache=True, nogil=True, fastmath=True)
def powder_lines(lattice, frac, numbers, table, occupancies, to_conventional, system, d_min_A):
    """All powder lines of one crystal down to `d_min_A`.

    Args:
        lattice: (3, 3) rows a, b, c of the given cell in Å.
        frac: (n, 3) positions, atoms of one element together.
        numbers: (n,) atomic number of every atom, rising.
        table: (98, k) form factors of the elements on the grid of s.
        occupancies: (n,).
        to_conventional: (3, 3) int64, hkl_conventional = hkl @ to_conventional.
        system: code of the crystal system, which says what reflections coincide.
        d_min_A: smallest spacing.

    Returns:
        hkl (m, 3) int64 in the conventional cell, d_A (m,) mean over the merged, intensity (m,) sum of |F|² of the
        conventional cell, multiplicity (m,) int64; in no particular order.
    """
    n = len(frac)
    kind_of, starts = np.empty(n, np.int64), np.empty(n + 1, np.int64)
    kinds = 0
    for j in range(n):
        if j == 0 or numbers[j] != numbers[j - 1]:
            kind_of[kinds], starts[kinds] = numbers[j] - 1, j
            kinds += 1
    starts[kinds] = n
    reciprocal = np.ascontiguousarray(np.linalg.inv(lattice).T)
    g_max = 1.0 / d_min_A
    # |h| <= |a| / d_min: the rows of the lattice bound the indices
    limits = np.empty(3, np.int64)
    for i in range(3):
        length = np.sqrt(lattice[i, 0] ** 2 + lattice[i, 1] ** 2 + lattice[i, 2] ** 2)
        limits[i] = int(length * g_max)
    cos_h, sin_h = _phase_table(frac[:, 0], limits[0])
    cos_k, sin_k = _phase_table(frac[:, 1], limits[1])
    cos_l, sin_l = _phase_table(frac[:, 2], limits[2])
    volume_star = abs(np.linalg.det(reciprocal))
    capacity = int(2.5 * g_max**3 / volume_star) + 64
    keys = np.empty(capacity, np.int64)
    hkls = np.empty((capacity, 3), np.int64)
    ds = np.empty(capacity)
    squares = np.empty(capacity)
    count = 0
    factors = np.empty(kinds)
    cos_hk = np.empty(n)
    sin_hk = np.empty(n)
    top = table.shape[1] - 2
    c00 = reciprocal[2, 0] ** 2 + reciprocal[2, 1] ** 2 + reciprocal[2, 2] ** 2
    for h in range(limits[0] + 1):
        for k in range(-limits[1] if h > 0 else 0, limits[1] + 1):
            gx = h * reciprocal[0, 0] + k * reciprocal[1, 0]
            gy = h * reciprocal[0, 1] + k * reciprocal[1, 1]
            gz = h * reciprocal[0, 2] + k * reciprocal[1, 2]
            # the l that stay inside the sphere: a quadratic in l
            b = gx * reciprocal[2, 0] + gy * reciprocal[2, 1] + gz * reciprocal[2, 2]
            root = b * b - c00 * (gx * gx + gy * gy + gz * gz - g_max * g_max)
            if root < 0:
                continue
            root = np.sqrt(root)
            first = int(np.ceil((-b - root) / c00))
            last = int(np.floor((-b + root) / c00))
            if h == 0 and k == 0:
                first = 1
            first = max(first, -limits[2])
            last = min(last, limits[2])
            if first > last:
                continue
            ka = abs(k)
            sign_k = 1.0 if k >= 0 else -1.0
            for j in range(n):
                sk = sign_k * sin_k[ka, j]
                cos_hk[j] = (cos_h[h, j] * cos_k[ka, j] - sin_h[h, j] * sk) * occupancies[j]
                sin_hk[j] = (sin_h[h, j] * cos_k[ka, j] + cos_h[h, j] * sk) * occupancies[j]
            for l in range(first, last + 1):
                x = gx + l * reciprocal[2, 0]
                y = gy + l * reciprocal[2, 1]
                z = gz + l * reciprocal[2, 2]
                g = np.sqrt(x * x + y * y + z * z)
                if g > g_max or g < 1e-9:
                    continue
                position = 0.5 * g / TABLE_STEP_INV_A
                cell = min(int(position), top)
                weight = position - cell
                for e in range(kinds):
                    low = table[kind_of[e], cell]
                    factors[e] = low + weight * (table[kind_of[e], cell + 1] - low)
                la = abs(l)
                sign_l = 1.0 if l >= 0 else -1.0
                real = 0.0
                imaginary = 0.0
                for e in range(kinds):
                    part_real = 0.0
                    part_imaginary = 0.0
                    for j in range(starts[e], starts[e + 1]):
                        sl = sign_l * sin_l[la, j]
                        part_real += cos_hk[j] * cos_l[la, j] - sin_hk[j] * sl
                        part_imaginary += sin_hk[j] * cos_l[la, j] + cos_hk[j] * sl
                    real += factors[e] * part_real
                    imaginary += factors[e] * part_imaginary
                hc = h * to_conventional[0, 0] + k * to_conventional[1, 0] + l * to_conventional[2, 0]
                kc = h * to_conventional[0, 1] + k * to_conventional[1, 1] + l * to_conventional[2, 1]
                lc = h * to_conventional[0, 2] + k * to_conventional[1, 2] + l * to_conventional[2, 2]
                keys[count] = _line_key(hc, kc, lc, system)
                if hc < 0 or (hc == 0 and (kc < 0 or (kc == 0 and lc < 0))):
                    hc, kc, lc = -hc, -kc, -lc
                hkls[count, 0], hkls[count, 1], hkls[count, 2] = hc, kc, lc
                ds[count] = 1.0 / g
                squares[count] = real * real + imaginary * imaginary
                count += 1
    # key and place in one integer: sorting numbers is faster than sorting places by them, and ties are settled
    order = np.sort((keys[:count] << PLACE_BITS) | np.arange(count))
    out_hkl = np.empty((count, 3), np.int64)
    out_d = np.empty(count)
    out_sum = np.empty(count)
    out_multiplicity = np.empty(count, np.int64)
    m = -1
    previous = np.int64(-1)
    for position in range(count):
        i = order[position] & ((1 << PLACE_BITS) - 1)
        if keys[i] != previous:
            m += 1
            previous = keys[i]
            out_hkl[m] = hkls[i]
            out_d[m] = 0.0
            out_sum[m] = 0.0
            out_multiplicity[m] = 0
        elif (hkls[i, 0], hkls[i, 1], hkls[i, 2]) > (out_hkl[m, 0], out_hkl[m, 1], out_hkl[m, 2]):
            out_hkl[m] = hkls[i]
        out_d[m] += ds[i]
        out_sum[m] += 2 * squares[i]
        out_multiplicity[m] += 2
    m += 1
    # the conventional cell holds det(P) lattice points, whose waves add in phase
    out_sum *= np.linalg.det(to_conventional.astype(np.float64)) ** 2
    return out_hkl[:m], 2 * out_d[:m] / out_multiplicity[:m], out_sum[:m], out_multiplicity[:m]
