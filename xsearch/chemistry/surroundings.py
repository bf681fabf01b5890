"""What surrounds one atom, as numbers that do not change when the crystal is turned, moved or written otherwise."""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal, cell_heights
from xsearch.chemistry.valence import electronegativity
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.errors import CrystalError

REACH_A = 7.0
"""Farthest neighbour in the radial distributions, Å. The learned models were trained on these features: every number
here is part of their weights."""

CLUSTER_A = 8.0
"""Radius of the cluster that is cut out, Å."""

FIRST_SHELL_A, SECOND_SHELL_A = 3.2, 5.0
"""Ends of the shells between whose atoms angles are counted, Å."""

RADIAL_CENTRES_A: NDArray[np.float64] = np.linspace(1.0, REACH_A, 38)
RADIAL_WIDTH_A = 0.14
"""Where the Gaussians of the radial distributions stand, and their standard deviation, Å."""

FINE_CENTRES_A: NDArray[np.float64] = np.linspace(1.4, 3.2, 37)
FINE_WIDTH_A = 0.045
"""The same of the finer distributions of the first shell."""

COSINE_CENTRES: NDArray[np.float64] = np.linspace(-1.0, 1.0, 13)
COSINE_WIDTH = 0.12
"""The same of the cosines of angles."""

NEIGHBOUR_CENTRES_A: NDArray[np.float64] = np.linspace(1.0, 4.5, 22)
"""Distances of the distribution around the nearest neighbours, Å."""

ORDERS = (1, 2, 3, 4, 6)
SHELLS_A = (2.6, 3.2, 4.5)
"""Legendre orders of the orientational order of the shells, and the radii of these, Å."""

SOFTNESS_A = 0.5
"""Width over which a shell ends, Å."""

_OTHER_ANIONS = frozenset("N F S Cl Se Br Te I P As C".split())
"""Elements other than oxygen that form anions."""


@cache
def channels() -> NDArray[np.float64]:
    """(99, 9) float64: what a neighbour counts for in each radial channel, by atomic number.

    One, atomic number, electronegativity, and whether it is oxygen, another anion former, hydrogen, a transition
    metal, an s-block or rare-earth metal, or anything else.
    """
    table = np.zeros((len(SYMBOLS) + 1, 9))
    for symbol, z in ATOMIC_NUMBERS.items():
        transition = 21 <= z <= 30 or 39 <= z <= 48 or 72 <= z <= 80
        electropositive = z in (3, 4, 11, 12, 19, 20, 37, 38, 55, 56, 87, 88) or 57 <= z <= 71 or 89 <= z <= 98
        kinds = [symbol == "O", symbol in _OTHER_ANIONS, symbol == "H", transition, electropositive]
        table[z] = [1.0, z / 40, electronegativity(symbol) / 2, *kinds, not any(kinds)]
    return table


def feature_count() -> int:
    """How many numbers `site_features` gives."""
    radial = channels().shape[1] * len(RADIAL_CENTRES_A) + 3 * len(FINE_CENTRES_A)
    angular = 4 * len(COSINE_CENTRES) + len(ORDERS) * len(SHELLS_A)
    return radial + angular + 3 * len(NEIGHBOUR_CENTRES_A) + 4 + len(SYMBOLS) + 3


def site_features(crystal: Crystal, sites: list[int]) -> NDArray[np.float32]:
    """Surroundings of some atoms of one crystal.

    Radial distributions of the neighbours in nine channels (all, by atomic number, by electronegativity, by kind),
    finer ones of the first shell, distributions of angles within the first shell and between the first and the
    second, orientational order of the shells by Legendre polynomials (odd orders show a missing inversion centre,
    which allows the pre-edge transition), the surroundings of the nearest neighbours, bond sums, and the composition.

    Args:
        crystal: fully or partly occupied; partly occupied neighbours count with their occupancy.
        sites: which entries of the crystal.

    Returns:
        (len(sites), feature_count()) float32.

    Raises:
        CrystalError: for a site that is not there or stands alone within `REACH_A`.
    """
    if bad := [s for s in sites if not 0 <= s < len(crystal)]:
        raise CrystalError(f"The crystal has {len(crystal)} atoms; site {bad[0]} is not among them.")
    numbers = np.array([ATOMIC_NUMBERS[e] for e in crystal.elements])
    lattice = crystal.lattice_A
    images = np.ceil(CLUSTER_A / cell_heights(lattice)).astype(np.int64) + 1
    frac = crystal.frac_coords % 1.0
    composition = np.zeros(len(SYMBOLS))
    np.add.at(composition, numbers - 1, crystal.occupancies)
    composition /= composition.sum()
    per_atom = crystal.volume_A3 / crystal.occupancies.sum()
    whole = np.array([np.log(per_atom), composition @ channels()[1:, 1], composition @ channels()[1:, 2]])
    rows = np.zeros((len(sites), feature_count()), np.float32)
    for row, site in zip(rows, sites, strict=True):
        vectors, kinds, weights = _cluster(lattice, frac, numbers, crystal.occupancies, frac[site], images, CLUSTER_A)
        if not (np.linalg.norm(vectors, axis=1) < REACH_A).any():
            raise CrystalError(f"Site {site} has no neighbour within {REACH_A:g} Å.")
        local = _features(
            vectors, kinds, weights, channels(), RADIAL_CENTRES_A, FINE_CENTRES_A, COSINE_CENTRES, NEIGHBOUR_CENTRES_A,
            np.array(ORDERS), np.array(SHELLS_A),
        )  # fmt: skip
        row[:] = np.concatenate([local, composition, whole])
    return rows


@njit(cache=True, nogil=True)
def _cluster(lattice, frac, numbers, occupancies, centre, images, reach):  # type: ignore[no-untyped-def]
    """Neighbours within `reach` of one atom: vectors to them, atomic numbers and occupancies, nearest first."""
    count = 0
    for turn in range(2):
        if turn == 1:
            vectors = np.empty((count, 3))
            kinds = np.empty(count, np.int64)
            weights = np.empty(count)
            count = 0
        for i in range(-images[0], images[0] + 1):
            for j in range(-images[1], images[1] + 1):
                for k in range(-images[2], images[2] + 1):
                    for a in range(len(frac)):
                        u = frac[a, 0] + i - centre[0]
                        v = frac[a, 1] + j - centre[1]
                        w = frac[a, 2] + k - centre[2]
                        x = u * lattice[0, 0] + v * lattice[1, 0] + w * lattice[2, 0]
                        y = u * lattice[0, 1] + v * lattice[1, 1] + w * lattice[2, 1]
                        z = u * lattice[0, 2] + v * lattice[1, 2] + w * lattice[2, 2]
                        square = x * x + y * y + z * z
                        if 0.16 < square < reach * reach:
                            if turn == 1:
                                vectors[count, 0], vectors[count, 1], vectors[count, 2] = x, y, z
                                kinds[count] = numbers[a]
                                weights[count] = occupancies[a]
                            count += 1
    return vectors, kinds, weights


@njit(cache=True, nogil=True, fastmath=True)
def _fade(r, end):  # type: ignore[no-untyped-def]
    """1 inside, falling smoothly to 0 over the last half ångström."""
    if r >= end:
        return 0.0
    if r <= end - SOFTNESS_A:
        return 1.0
    return 0.5 * (1 + np.cos(np.pi * (r - end + SOFTNESS_A) / SOFTNESS_A))


@njit(cache=True, nogil=True, fastmath=True)
def _legendre(order, x):  # type: ignore[no-untyped-def]
    before, now = 1.0, x
    if order == 0:
        return before
    for n in range(2, order + 1):
        before, now = now, ((2 * n - 1) * x * now - (n - 1) * before) / n
    return now


@njit(cache=True, nogil=True, fastmath=True)
def _features(vectors, kinds, weights, table, radial, fine, cosines, around, orders, shells):  # type: ignore[no-untyped-def]
    n = len(vectors)
    n_channels = table.shape[1]
    distance = np.sqrt((vectors**2).sum(axis=1))
    size = n_channels * len(radial) + 3 * len(fine) + 4 * len(cosines) + len(orders) * len(shells)
    out = np.zeros(size + 3 * len(around) + 4)
    place = 0
    for i in range(n):
        r = distance[i]
        if r >= 7.0:
            continue
        # the wave comes back weaker with the square of the distance
        fall = _fade(r, 7.0) * weights[i] * 4 / (r * r)
        for c in range(len(radial)):
            x = (r - radial[c]) / RADIAL_WIDTH_A
            if abs(x) < 3.5:
                g = fall * np.exp(-0.5 * x * x)
                for k in range(n_channels):
                    out[place + k * len(radial) + c] += g * table[kinds[i], k]
    place += n_channels * len(radial)
    for i in range(n):
        r = distance[i]
        for c in range(len(fine)):
            x = (r - fine[c]) / FINE_WIDTH_A
            if abs(x) < 3.5:
                g = weights[i] * np.exp(-0.5 * x * x)
                out[place + c] += g
                out[place + len(fine) + c] += g * (table[kinds[i], 3] + table[kinds[i], 4])
                out[place + 2 * len(fine) + c] += g * table[kinds[i], 2]
    place += 3 * len(fine)
    for i in range(n):
        near = _fade(distance[i], FIRST_SHELL_A) * weights[i]
        if near == 0.0:
            continue
        for j in range(n):
            if i == j:
                continue
            first = _fade(distance[j], FIRST_SHELL_A) * weights[j]
            second = _fade(distance[j], SECOND_SHELL_A) * weights[j] - first
            if first == 0.0 and second <= 0.0:
                continue
            cosine = (vectors[i] * vectors[j]).sum() / (distance[i] * distance[j])
            anions = (table[kinds[i], 3] + table[kinds[i], 4]) * (table[kinds[j], 3] + table[kinds[j], 4])
            heavy = table[kinds[j], 1]
            for c in range(len(cosines)):
                x = (cosine - cosines[c]) / COSINE_WIDTH
                if abs(x) < 3.5:
                    g = near * np.exp(-0.5 * x * x)
                    out[place + c] += g * first
                    out[place + len(cosines) + c] += g * first * anions
                    out[place + 2 * len(cosines) + c] += g * second
                    out[place + 3 * len(cosines) + c] += g * second * heavy
    place += 4 * len(cosines)
    for s in range(len(shells)):
        total = 0.0
        for i in range(n):
            total += _fade(distance[i], shells[s]) * weights[i]
        for i in range(n):
            wi = _fade(distance[i], shells[s]) * weights[i]
            if wi == 0.0:
                continue
            for j in range(n):
                wj = _fade(distance[j], shells[s]) * weights[j]
                if wj == 0.0:
                    continue
                cosine = (vectors[i] * vectors[j]).sum() / (distance[i] * distance[j])
                for o in range(len(orders)):
                    out[place + s * len(orders) + o] += wi * wj * _legendre(orders[o], cosine) / (total * total)
    place += len(shells) * len(orders)
    total = 1e-9
    for i in range(n):
        near = _fade(distance[i], 3.5) * weights[i]
        if near == 0.0:
            continue
        total += near
        for j in range(n):
            if i == j:
                continue
            x0 = vectors[i, 0] - vectors[j, 0]
            y0 = vectors[i, 1] - vectors[j, 1]
            z0 = vectors[i, 2] - vectors[j, 2]
            r = np.sqrt(x0 * x0 + y0 * y0 + z0 * z0)
            if r >= 4.5 or r < 0.3:
                continue
            fall = near * _fade(r, 4.5) * weights[j] * 4 / (r * r)
            for c in range(len(around)):
                x = (r - around[c]) / 0.16
                if abs(x) < 3.5:
                    g = fall * np.exp(-0.5 * x * x)
                    out[place + c] += g
                    out[place + len(around) + c] += g * table[kinds[j], 2]
                    out[place + 2 * len(around) + c] += g * table[kinds[j], 6]
    for c in range(3 * len(around)):
        out[place + c] /= total
    place += 3 * len(around)
    nearest = 9.0
    for i in range(n):
        nearest = min(nearest, distance[i])
    for i in range(n):
        r = distance[i]
        anion = table[kinds[i], 3] + table[kinds[i], 4]
        # bond valence with a common bond length (Brown): strong bonds count exponentially more
        out[place] += weights[i] * anion * np.exp((1.8 - r) / 0.37)
        out[place + 1] += weights[i] * np.exp((2.0 - r) / 0.37)
        out[place + 2] += weights[i] * anion * _fade(r, FIRST_SHELL_A)
    out[place + 3] = nearest
    return out
