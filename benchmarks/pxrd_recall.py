"""Whether nearest neighbours of vectors recall what profiles miss, on simulated measurements.

    python -m benchmarks.pxrd_recall [--index mp] [--patterns 400] [--json]

Half of the patterns are simulated from measured cells that the index links to computed entries, whose entry must be
recalled; half from reported computed entries, strained as real crystals are. Nothing is given. What profiles recall is
what a search matches; neighbours are added to it by the number that are taken.
"""

import argparse
import json
from collections.abc import Iterator

import numpy as np

from xsearch.data.simulated_measurements import measured_row
from xsearch.errors import SpectrumError
from xsearch.indexes import Index
from xsearch.options import ANY, Prior
from xsearch.preprocess.powder import NetPattern, net_pattern
from xsearch.search import SearchIndex, open_index
from xsearch.search.selection import Selection, rows_with
from xsearch.simulate.conditions import MEAN_STRAIN, conditions_of, draw_many

NEIGHBOURS = (20, 50, 100, 200, 500)
"""Numbers of nearest neighbours that are added."""


def patterns(index: Index, count: int) -> Iterator[tuple[str, int, NetPattern]]:
    """Kinds of cells, the entries that must be recalled, and their patterns."""
    random = np.random.default_rng(5)
    columns = index.columns
    pools = {
        "measured cells": random.permutation(np.flatnonzero(columns.cell_of >= 0)),
        "computed entries": random.permutation(np.flatnonzero((columns.cell_of < 0) & (columns.is_theoretical != 1))),
    }
    for kind, pool in pools.items():
        for row in pool[: count // len(pools)].tolist():
            drawn = draw_many(1, random)
            if kind == "measured cells":
                drawn["mean_strain"], drawn["shape_strain"] = 0.0, 0.0
            else:
                drawn["mean_strain"] += columns.expected_strain[row] - MEAN_STRAIN
            try:
                net = net_pattern(measured_row(index, row, conditions_of(drawn[0]), random))
            except SpectrumError:  # no line is left
                continue
            yield kind, int(columns.cell_of[row]) if kind == "measured cells" else row, net


def recalled(opened: SearchIndex, count: int) -> dict[str, dict[str, float]]:
    """Shares of patterns whose entry, or one of its formula and space group, is recalled; by kind of cell."""
    index, columns = opened.index, opened.index.columns
    rows = rows_with(index, ANY, measured_cells=False)
    selected = Selection(index, rows, opened.profiles(rows), Prior.KNOWN, opened.threads, opened.settings)
    found: dict[str, list[list[bool]]] = {}
    for kind, row, net in patterns(index, count):
        right = rows[
            (columns.formula_group[rows] == columns.formula_group[row])
            & (columns.space_group[rows] == columns.space_group[row])
        ]
        nearest = opened.nearest_neighbours(net, rows, NEIGHBOURS[-1])
        order = rows[nearest.places[np.argsort(-nearest.evidence, kind="stable")]]
        by_profile = bool(np.isin(right, rows[selected.recall(net)]).any())
        by_vector = [bool(np.isin(right, order[:most]).any()) for most in NEIGHBOURS]
        found.setdefault(kind, []).append([by_profile, *by_vector, *(by_profile or one for one in by_vector)])
    names = ["profiles", *(f"{n} neighbours" for n in NEIGHBOURS), *(f"profiles and {n}" for n in NEIGHBOURS)]
    found["all"] = [one for kind in list(found) for one in found[kind]]
    return {
        kind: {"n": len(ones), **dict(zip(names, np.mean(ones, axis=0).round(4).tolist(), strict=True))}
        for kind, ones in found.items()
    }


def main() -> None:
    """Print a line a kind of cell, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="mp")
    parser.add_argument("--patterns", type=int, default=400)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = recalled(open_index(arguments.index), arguments.patterns)
    if arguments.json:
        print(json.dumps(found, indent=1))
        return
    for kind, figures in found.items():
        print(f"{kind}:", "  ".join(f"{name} {value:g}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
