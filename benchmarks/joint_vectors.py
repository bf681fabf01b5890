"""Recall of materials by the learned vectors of a pattern, of an edge, and of both, over all absorbers.

    python -m benchmarks.joint_vectors [--index mp] [--pairs N] [--json]

A pair is a simulated measurement of a pattern and of a computed edge of one material of the index. It is compared with
all materials of which the index holds a computed spectrum of that edge. The vector of both is the two vectors side by
side, so that its cosine is a weighted mean; the weight is chosen on half of the formulas and judged on the other half.
No formula of a query was trained on by the powder network; those of `both_unseen` by neither network.
"""

import argparse
import json

import numpy as np
from numpy.typing import NDArray

from benchmarks.results import flat
from xsearch.data.simulated_measurements import drawn_conditions, measured_row
from xsearch.data.splits import split_rows
from xsearch.data.xanes_sites import fold_of
from xsearch.errors import SpectrumError, XSearchError
from xsearch.evaluate.retrieval import EdgeErrors
from xsearch.indexes.views import clean_views
from xsearch.models import powder_vectors, xanes_encoder
from xsearch.preprocess.powder import net_pattern
from xsearch.preprocess.xanes import normalize, window
from xsearch.search import SearchIndex, open_index

DEPTHS = (1, 3, 10, 50)
WEIGHTS = tuple(np.round(np.linspace(0, 1, 11), 2).tolist())
"""Of the pattern's cosine; the edge's has the rest."""

LEAST = 10
"""Materials of an edge, below which nothing is recalled from it."""

ENCODER_FOLDS = 8
"""The XANES encoder holds out the first of so many folds of formulas."""


def cosines(
    opened: SearchIndex, pairs: int, seed: int = 0
) -> list[tuple[str, bool, NDArray[np.floating], NDArray[np.floating]]]:
    """Of each pair its formula, whether the XANES encoder had not seen it, and cosines (n,) of pattern and edge.

    The right material stands first.
    """
    index, chance = opened.index, np.random.default_rng(seed)
    pattern_vectors, edge_vectors = powder_vectors.load(), xanes_encoder.load()
    if edge_vectors is None:
        raise XSearchError("The weights of the XANES encoder are missing.")
    unseen = set(split_rows(index).formulas.tolist())
    found = []
    queries: list[tuple[tuple[str, str], int]] = []
    for edge in opened.libraries.edges:
        library = opened.libraries.of(*edge)
        computed = (library.row >= 0) & (library.spectra.kind == "simulated") & (library.spectra.level == "material")
        if computed.sum() >= LEAST:
            queries += [(edge, place) for place in np.flatnonzero(computed) if int(library.row[place]) in unseen]
    order = chance.permutation(len(queries))[:pairs]
    stored: dict[tuple[str, str], tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]] = {}
    for edge, place in (queries[i] for i in order):
        library = opened.libraries.of(*edge)
        if edge not in stored:
            computed = np.flatnonzero(
                (library.row >= 0) & (library.spectra.kind == "simulated") & (library.spectra.level == "material")
            )
            rows = library.row[computed].astype(np.int64)
            strain = index.columns.expected_strain[rows]
            of_patterns = pattern_vectors.of_rows(clean_views(index, rows), index.profiles[rows], strain)
            table = library.spectra.take(computed)
            stored[edge] = rows, of_patterns, edge_vectors.vectors(table.values, table.known, *edge)
        rows, of_patterns, of_edges = stored[edge]
        row = int(library.row[place])
        spectrum = next(s for s in index.spectra(row) if s.spectrum_id == library.spectra.spectrum_id[place])
        try:
            cut = window(normalize(EdgeErrors()(spectrum.to_xanes(), chance)))
            pattern = net_pattern(measured_row(index, row, drawn_conditions(index, row, chance), chance))
        except SpectrumError:
            continue
        by_pattern = of_patterns @ pattern_vectors.of_pattern(pattern)
        by_edge = of_edges @ edge_vectors.vectors(cut.values[None], cut.known[None], *edge)[0]
        best = {one: (by_pattern[rows == one].max(), by_edge[rows == one].max()) for one in np.unique(rows)}
        ranked = [best.pop(row), *best.values()]
        formula = str(library.spectra.reduced_formula[place])
        new = fold_of(f"vectors {formula}", ENCODER_FOLDS) == 0
        found.append((formula, new, *(np.array(column) for column in zip(*ranked, strict=True))))
    return found


def places(found: list, weight: float) -> NDArray[np.int64]:
    """(n,) how many materials stand before the right one."""
    scores = [weight * by_pattern + (1 - weight) * by_edge for _, _, by_pattern, by_edge in found]
    return np.array([int((score[1:] >= score[0]).sum()) for score in scores])


def shares(found: list, weight: float) -> dict[str, float]:
    """Shares of pairs whose material is among the first."""
    before = places(found, weight)
    return {f"top{k}": float(np.mean(before < k)) for k in DEPTHS}


def main() -> None:
    """Print shares of pairs whose material is among the first ones."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="mp")
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = cosines(open_index(arguments.index), arguments.pairs)
    half = [fold_of(formula, 2) == 0 for formula, *_ in found]
    chosen_on = [one for one, first in zip(found, half, strict=True) if first]
    judged = [one for one, first in zip(found, half, strict=True) if not first]
    weight = max(WEIGHTS, key=lambda one: (-float(np.log1p(places(chosen_on, one)).mean()), -abs(one - 0.5)))
    unseen = [one for one in judged if one[1]]
    figures = {
        "n": len(judged),
        "library": float(np.mean([len(one[2]) for one in judged])),
        "weight": weight,
        "edge": shares(judged, 0.0),
        "pattern": shares(judged, 1.0),
        "both": shares(judged, weight),
        "both_even": shares(judged, 0.5),
        "both_unseen": {"n": len(unseen), "edge": shares(unseen, 0.0), "both": shares(unseen, weight)}
        if unseen
        else {},
    }
    if arguments.json:
        print(json.dumps(figures, indent=1))
        return
    for name, value in flat(figures).items():
        print(f"{name:24s} {value:.3f}")


if __name__ == "__main__":
    main()
