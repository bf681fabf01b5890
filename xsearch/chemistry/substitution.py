"""How readily one element takes the place of another in a crystal."""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.paths import WEIGHTS_FOLDER

SIZE = len(SYMBOLS) + 1
"""Rows of the element tables: atomic numbers count from 1, row 0 stays empty."""

TABLE = WEIGHTS_FOLDER / "substitution.csv"
"""Log lift of element pairs, mined from the Materials Project."""

PSEUDO_COUNTS = 12.0
"""Weight of the tabulated probabilities beside pairs counted in an index. Set by hand."""


@cache
def tabulated_substitution() -> NDArray[np.float64]:
    """Log lift of element pairs from the ionic substitution table of Hautier et al.

    The table holds λ of ion pairs with p(a, b) = exp(λ_ab) / Z (Hautier, Fischer, Ehrlacher, Jain, Ceder, Inorg. Chem.
    50, 656, 2011), as shipped with SMACT. For each pair of elements the sum over ions is taken, and divided by the
    product of the elements' own probabilities.

    Returns:
        (SIZE, SIZE) float64, symmetric: log p(a, b) / (p(a) p(b)); the least seen value for pairs without an entry.
    """
    from smact import data_directory

    joint = np.zeros((SIZE, SIZE))
    for first, second, weight in json.loads((Path(data_directory) / "lambda.json").read_text(encoding="utf-8")):
        a, b = (ATOMIC_NUMBERS.get(ion.rstrip("+-0123456789."), 0) for ion in (first, second))
        if a and b:
            joint[a, b] += np.exp(weight)
            if a != b:
                joint[b, a] += np.exp(weight)
    return _log_lift(joint, floor=1e-4)


@cache
def substitution_table() -> NDArray[np.float64]:
    """(SIZE, SIZE) float64 log lift of element pairs, mined from the Materials Project by `mine_substitution`."""
    table = np.full((SIZE, SIZE), -np.inf)
    with TABLE.open(newline="", encoding="utf-8") as file:
        for z, row in enumerate(csv.DictReader(file), start=1):
            table[z, 1:] = [float(row[symbol]) for symbol in SYMBOLS]
    return table


def write_substitution_table(table: NDArray[np.float64], path: Path = TABLE) -> None:
    """Write a table as CSV, one row an element."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["element", *SYMBOLS])
        for symbol, row in zip(SYMBOLS, table[1:, 1:], strict=True):
            writer.writerow([symbol, *(f"{value:.2f}" for value in row)])


def mine_substitution(
    atomic_numbers: NDArray[np.integer], templates: NDArray[np.integer], prior: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Log lift of element pairs counted in an index: which elements stand on the same slot of the same template.

    A template with many members counts for the square root of their number, so that no large family decides alone.

    Args:
        atomic_numbers: (m, k) of the members' slots, in the template's own order of slots, 0 beyond the last slot.
        templates: (m,) number of each member's template.
        prior: (SIZE, SIZE) log lift to fall back on where little was counted; the tabulated one by default.

    Returns:
        (SIZE, SIZE) float64, symmetric.
    """
    joint = np.zeros((SIZE, SIZE))
    order = np.argsort(templates, kind="stable")
    numbers, sorted_templates = atomic_numbers[order], templates[order]
    starts = np.flatnonzero(np.r_[True, np.diff(sorted_templates) > 0])
    for start, stop in zip(starts, np.r_[starts[1:], len(order)], strict=True):
        members = stop - start
        if members < 2:
            continue
        weight = np.sqrt(members) / (members * (members - 1))
        for slot in range(numbers.shape[1]):
            column = numbers[start:stop, slot]
            if column[0] == 0:
                break
            found, counts = np.unique(column, return_counts=True)
            pairs = np.outer(counts, counts).astype(np.float64)
            pairs[np.diag_indices(len(found))] -= counts
            joint[np.ix_(found, found)] += weight * pairs
    counted = joint.sum()
    if counted == 0:
        return tabulated_substitution() if prior is None else prior
    fallback = tabulated_substitution() if prior is None else prior
    own = joint.sum(axis=1) / counted
    expected = np.outer(own, own)
    # each pair borrows as many counts from the table as `PSEUDO_COUNTS` expected co-occurrences would give
    share = PSEUDO_COUNTS / np.maximum(expected * counted + PSEUDO_COUNTS, 1e-12)
    lift = joint / np.maximum(expected * counted, 1e-12)
    mixed = (1 - share) * lift + share * np.exp(fallback)
    table = np.log(np.maximum(mixed, 1e-3))
    table[0] = table[:, 0] = -np.inf
    return (table + table.T) / 2


def _log_lift(joint: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    total = joint.sum()
    own = joint.sum(axis=1) / total
    lift = (joint / total) / np.maximum(np.outer(own, own), 1e-12)
    known = own > 0
    lift[~known] = lift[:, ~known] = 1.0
    return np.log(np.maximum(lift, floor))
