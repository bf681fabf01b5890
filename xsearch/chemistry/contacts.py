"""Nearest neighbours: which elements touch each other in crystals, and at what distance."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import majority
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.paths import WEIGHTS_FOLDER

REACH_A = 4.5
"""Farthest neighbour that is searched for, Å; a site without any counts as its own neighbour at this distance."""

TABLE = WEIGHTS_FOLDER / "contacts.csv"
"""Nearest neighbours counted in the Materials Project."""

LEAST_SPREAD = 0.03
"""Smallest standard deviation of ln d: substituted crystals are not relaxed. Set by hand."""

UNKNOWN_SPREAD = 0.08
"""Standard deviation of ln d of pairs that were hardly seen. Set by hand."""

FEWEST = 3
"""Pairs seen less often take their distance from the mean radii of the elements. Set by hand."""

MOST_DEVIATIONS = 4.0
"""Standard deviations at which a distance's deviation is cut off. Set by hand."""


@dataclass(frozen=True, slots=True, eq=False)
class ContactTable:
    """Nearest neighbours counted in crystals.

    Attributes:
        counts: (99, 99) how many crystals have a site of the first element whose nearest neighbour is the second.
        log_distance: (99, 99) mean of ln d, d in Å; symmetric.
        spread: (99, 99) standard deviation of the same.
    """

    counts: NDArray[np.float64]
    log_distance: NDArray[np.float64]
    spread: NDArray[np.float64]


def contacts(crystal: Crystal) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Nearest neighbour of every site.

    Returns:
        atomic number of the neighbour (n,), its distance in Å (n,), and the atomic numbers of the sites (n,).
    """
    numbers = np.array([ATOMIC_NUMBERS[element] for element in crystal.elements])
    neighbour, distance = _nearest(crystal.lattice_A, crystal.frac_coords, REACH_A)
    return numbers[neighbour], distance, numbers


def contact_scores(crystal: Crystal, table: ContactTable | None = None) -> tuple[float, float]:
    """How usual the nearest neighbours of a crystal are; on shared sites, those of the element that holds most of them.

    Returns:
        Mean square deviation of the distances in standard deviations, and mean logarithm of the share that the
        neighbour's element has among the neighbours that the site's element has elsewhere, the elements being given.
    """
    known = contact_table() if table is None else table
    neighbour, distance, site = contacts(crystal if crystal.is_ordered else majority(crystal))
    deviation = (np.log(distance) - known.log_distance[site, neighbour]) / known.spread[site, neighbour]
    present = np.unique(site)
    share = (known.counts[site, neighbour] + 0.5) / (known.counts[site][:, present] + 0.5).sum(axis=1)
    return float((np.clip(deviation, -MOST_DEVIATIONS, MOST_DEVIATIONS) ** 2).mean()), float(np.log(share).mean())


@njit(cache=True, nogil=True)
def _nearest(lattice, frac, reach):  # type: ignore[no-untyped-def]
    n = len(frac)
    reciprocal = np.linalg.inv(lattice)
    spans = np.empty(3, np.int64)
    for i in range(3):
        # the height of the cell along an axis is one over the length of its reciprocal vector
        height = 1 / np.sqrt(reciprocal[0, i] ** 2 + reciprocal[1, i] ** 2 + reciprocal[2, i] ** 2)
        spans[i] = int(np.ceil(reach / height))
    distance, neighbour = np.full(n, reach * reach), np.arange(n)
    for i in range(n):
        for j in range(i, n):
            delta = np.empty(3)
            for axis in range(3):
                delta[axis] = frac[j, axis] - frac[i, axis]
                delta[axis] -= np.round(delta[axis])
            for a in range(-spans[0], spans[0] + 1):
                for b in range(-spans[1], spans[1] + 1):
                    for c in range(-spans[2], spans[2] + 1):
                        square = 0.0
                        for axis in range(3):
                            x = (
                                (delta[0] + a) * lattice[0, axis]
                                + (delta[1] + b) * lattice[1, axis]
                                + (delta[2] + c) * lattice[2, axis]
                            )
                            square += x * x
                        if square < 1e-4:
                            continue
                        if square < distance[i]:
                            distance[i], neighbour[i] = square, j
                        if square < distance[j]:
                            distance[j], neighbour[j] = square, i
    return neighbour, np.sqrt(distance)


def count_contacts(crystals: list[Crystal]) -> ContactTable:
    """Count the nearest neighbours of crystals; each crystal counts once for each pair that it holds."""
    size = len(SYMBOLS) + 1
    counts, sums, squares = (np.zeros((size, size)) for _ in range(3))
    for crystal in crystals:
        neighbour, distance, site = contacts(crystal)
        pairs, place = np.unique(np.stack([site, neighbour]), axis=1, return_inverse=True)
        weight = np.bincount(place.ravel())
        mean = np.bincount(place.ravel(), np.log(distance)) / weight
        counts[pairs[0], pairs[1]] += 1
        sums[pairs[0], pairs[1]] += mean
        squares[pairs[0], pairs[1]] += mean**2
    return _table(counts, sums, squares)


def _table(counts: NDArray[np.float64], sums: NDArray[np.float64], squares: NDArray[np.float64]) -> ContactTable:
    both, total, square = counts + counts.T, sums + sums.T, squares + squares.T
    known = both >= FEWEST
    mean = np.where(known, total / np.maximum(both, 1), 0.0)
    spread = np.where(known, np.sqrt(np.maximum(square / np.maximum(both, 1) - mean**2, 0)), UNKNOWN_SPREAD)
    # half the mean bond length of an element stands for its radius where a pair was hardly seen
    weight = np.where(known, both, 0.0)
    radius = (weight * np.exp(mean)).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9) / 2
    radius[weight.sum(axis=1) == 0] = 1.4
    mean = np.where(known, mean, np.log(radius[:, None] + radius[None]))
    return ContactTable(counts, mean, np.maximum(spread, LEAST_SPREAD))


def write_contact_table(table: ContactTable, path: Path = TABLE) -> None:
    """Write the pairs that were seen as CSV, one row each."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["element", "neighbour", "count", "log_distance", "spread"])
        for a, b in np.argwhere(table.counts > 0).tolist():
            values = (f"{table.log_distance[a, b]:.4f}", f"{table.spread[a, b]:.4f}")
            writer.writerow([SYMBOLS[a - 1], SYMBOLS[b - 1], int(table.counts[a, b]), *values])


@cache
def contact_table() -> ContactTable:
    """The table counted in the Materials Project that comes with the package."""
    size = len(SYMBOLS) + 1
    counts, sums, squares = (np.zeros((size, size)) for _ in range(3))
    with TABLE.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            a, b, count = ATOMIC_NUMBERS[row["element"]], ATOMIC_NUMBERS[row["neighbour"]], int(row["count"])
            mean, spread = float(row["log_distance"]), float(row["spread"])
            counts[a, b] = count
            sums[a, b], squares[a, b] = count * mean, count * (mean**2 + spread**2)
    return _table(counts, sums, squares)
