"""Recall by cell: entries whose lattice is one that indexes a pattern, whatever their intensities are.

A cell that indexes the lines is compared with all entries by the seven lengths of `xsearch.indexing.reduction`. It
finds crystals whose intensities are far from those calculated, or whose axes are strained apart; where lines are broad
or few no cell can be trusted, so that profiles come first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.indexes import Index
from xsearch.indexing.reduction import centrings_of, voronoi_lengths
from xsearch.indexing.search import as_cell, trials_of
from xsearch.indexing.settings import DEFAULTS as INDEXING
from xsearch.preprocess.powder import NetPattern
from xsearch.search.settings import DEFAULTS, CellRecallSettings


class CellSearch:
    """The lattices of an index, as measured ones are expected to be."""

    def __init__(self, index: Index) -> None:
        columns = index.columns
        lengths = voronoi_lengths(columns.cell, centrings_of(columns.space_group))
        self._ln_lengths = np.log(lengths) + columns.expected_strain[:, None]

    def nearest(
        self, pattern: NetPattern, rows: NDArray[np.int64], settings: CellRecallSettings = DEFAULTS.cells
    ) -> NDArray[np.intp]:
        """Places among `rows` (m,) of entries whose lattices index the pattern, rising."""
        lines, found_trials = trials_of(pattern)
        trials = sorted(found_trials, key=lambda trial: -trial.rank)[: settings.trials]
        if not trials:
            return np.empty(0, np.intp)
        cells = [as_cell(trial, lines.first(INDEXING.n_lines)) for trial in trials]
        wanted = np.log(voronoi_lengths(np.array([cell.parameters for cell in cells]), [one.centring for one in cells]))
        stored = self._ln_lengths[rows]
        found = []
        for one in wanted:
            away = np.sqrt(((stored - one) ** 2).mean(axis=1))
            near = np.flatnonzero(away < settings.farthest)
            found.append(near[np.argsort(away[near], kind="stable")[: settings.rows]])
        return np.unique(np.concatenate(found))
