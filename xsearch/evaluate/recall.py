"""Where the right rows of a pattern stand in each recall list: profiles, vectors, both."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.preprocess.powder import net_pattern
from xsearch.search import SearchIndex
from xsearch.search.recall import recall
from xsearch.spectra import PowderPattern

DEPTH = 200
"""Rows that a list recalls, for the figures."""


def recall_places(
    opened: SearchIndex, pattern: PowderPattern, rows: NDArray[np.int64], right: Collection[int]
) -> dict[str, int]:
    """How many rows stand before the first right one, by profiles and, where the index has them, by vectors, of which
    the first `DEPTH` are compared.

    Args:
        opened: the index.
        pattern: the pattern.
        rows: (m,) that are searched.
        right: rows that are right answers; some must be among `rows`.
    """
    net = net_pattern(pattern)
    is_right = np.isin(rows, list(right))
    score = recall(opened.index, opened.profiles(rows), net, rows).score
    found = {"profiles": int((score > score[is_right].max()).sum())}
    if opened.has_vectors:
        nearest = opened.nearest_neighbours(net, rows, DEPTH)
        right_ones = nearest.evidence[is_right[nearest.places]]
        found["vectors"] = int((nearest.evidence > right_ones.max(initial=-np.inf)).sum())
    return found


def recall_figures(places: Sequence[dict[str, int]]) -> dict[str, Any]:
    """Shares of patterns whose right row is among the first `DEPTH` of each list, and of either."""
    names = sorted({name for one in places for name in one})
    if not names:
        return {}
    inside = {name: np.array([one[name] < DEPTH for one in places]) for name in names}
    if len(names) > 1:
        inside["union"] = np.any(list(inside.values()), axis=0)
    return {f"recall{DEPTH}": {name: float(found.mean()) for name, found in inside.items()}}
