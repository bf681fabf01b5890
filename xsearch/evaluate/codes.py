"""Retrieval across simulation codes: spectra of one code searched in a library of another, with and without bridge."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from xsearch.data.xanes_sites import fold_of
from xsearch.indexes.xanes_table import XanesTable, concatenate
from xsearch.models.code_bridge import bridge_vectors, fit_bridge
from xsearch.preprocess.xanes import XanesWindow
from xsearch.xas.matching import match

FOLDS = 5
"""Of the cross-validation, grouped by formula."""
SHAPE_WEIGHT = 20.0
"""What one unit of correlation is worth beside the bridge's logarithmic odds."""


@dataclass(frozen=True, slots=True)
class CodesReport:
    """Share of queries whose material is first, or among the first ten, of the library's materials.

    Attributes:
        n: queries; each is scored by a bridge fitted without any compound of its formula's fold.
        library: spectra; `materials` of them distinct.
        top1, top10: with bridge and shape combined.
        bridge_top1, bridge_top10: with the bridge alone.
        shape_top1, shape_top10: with the ordinary match.
    """

    absorber: str
    n: int
    library: int
    materials: int
    top1: float
    top10: float
    bridge_top1: float
    bridge_top10: float
    shape_top1: float
    shape_top10: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def evaluate_codes(queries: XanesTable, library: XanesTable, further: XanesTable | None = None) -> CodesReport:
    """Search for every query whose material the library holds, in folds grouped by formula.

    Args:
        queries: one code's site spectra.
        library: another code's, of the same absorber and edge.
        further: spectra like the library's that only help to fit the bridge.
    """
    pool = library if further is None else concatenate([library, further])
    queries = queries.take(np.isin(queries.material_id, pool.material_id))
    source = bridge_vectors(queries.values, queries.known, queries.offset_eV)
    target = bridge_vectors(library.values, library.known, library.offset_eV)
    partners = bridge_vectors(pool.values, pool.known, pool.offset_eV)
    right = [np.flatnonzero(library.material_id == m) for m in queries.material_id]
    paired = [np.flatnonzero(pool.material_id == m) for m in queries.material_id]
    fold = np.array([fold_of(f, FOLDS) for f in queries.reduced_formula])
    bridged, shaped, combined = [], [], []
    for number in range(FOLDS):
        fitted = np.flatnonzero(fold != number)
        bridge = fit_bridge(source[fitted], [partners[paired[row]] for row in fitted])
        for row in np.flatnonzero(fold == number):
            if not len(right[row]):
                continue
            window = XanesWindow(
                queries.values[row], queries.known[row], float(queries.offset_eV[row]), queries.absorber, queries.edge
            )
            odds = bridge.score(source[row][None], target)[0]
            shape = match(window, library, is_simulation=True).correlation
            bridged.append(_rank(odds, library, right[row]))
            shaped.append(_rank(shape, library, right[row]))
            combined.append(_rank(odds + SHAPE_WEIGHT * shape, library, right[row]))
    ranks, plain, both = np.array(bridged), np.array(shaped), np.array(combined)
    return CodesReport(
        absorber=queries.absorber,
        n=len(ranks),
        library=len(library),
        materials=len(set(library.material_id)),
        top1=float((both < 1).mean()),
        top10=float((both < 10).mean()),
        bridge_top1=float((ranks < 1).mean()),
        bridge_top10=float((ranks < 10).mean()),
        shape_top1=float((plain < 1).mean()),
        shape_top10=float((plain < 10).mean()),
    )


def _rank(score: np.ndarray, library: XanesTable, right: np.ndarray) -> int:
    """How many other materials score at least as well as the right one."""
    better = score >= score[right].max()
    better[right] = False
    return len(set(library.material_id[better]))
