"""How close two elements come in crystals: nothing is solved whose atoms stand closer."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.paths import WEIGHTS_FOLDER

Array = NDArray[np.float64]

TABLE = WEIGHTS_FOLDER / "shortest_distances.csv"
"""Counted in the Materials Project by `python -m xsearch.training.wyckoff_use`."""

PERCENTILE = 2.0
"""Of the shortest distances of a pair in all crystals, the one that counts as the limit."""

FEWEST = 8
"""Pairs seen in fewer crystals take their limit from the elements' own. Set by hand."""

UNKNOWN_SHARE = 0.8
"""Of the mean of two elements' typical limits, for pairs hardly seen. Set by hand."""


@cache
def shortest_distances() -> Array:
    """(99, 99) limits in Å by atomic numbers, symmetric; row 0 is not used."""
    size = len(SYMBOLS) + 1
    known = np.full((size, size), np.nan)
    with TABLE.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if int(row["crystals"]) >= FEWEST:
                a, b = ATOMIC_NUMBERS[row["element"]], ATOMIC_NUMBERS[row["other"]]
                known[a, b] = known[b, a] = float(row["shortest_A"])
    some = np.isfinite(known).any(axis=1)
    half = np.full(size, 1.2)
    half[some] = np.nanmedian(known[some], axis=1) / 2
    return np.where(np.isfinite(known), known, UNKNOWN_SHARE * (half[:, None] + half[None]))


def write_shortest_distances(distances: dict[tuple[int, int], list[float]], path: Path = TABLE) -> None:
    """Write the limits of pairs, from the shortest distance of each pair in every crystal that holds it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["element", "other", "crystals", "shortest_A"])
        for (a, b), values in sorted(distances.items()):
            writer.writerow([SYMBOLS[a - 1], SYMBOLS[b - 1], len(values), f"{np.percentile(values, PERCENTILE):.3f}"])
