"""Rows of an index against a pattern: what the fits take as arrays, taken from the index."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.correlation import Matches, ReflectionTable, correlate
from xsearch.fit.settings import CORRELATION, CorrelationSettings
from xsearch.indexes import Index
from xsearch.preprocess.powder import NetPattern


def match(
    index: Index,
    pattern: NetPattern,
    rows: NDArray[np.int64],
    threads: int = 2,
    expected: NDArray[np.float64] | None = None,
    settings: CorrelationSettings = CORRELATION,
    *,
    isotropic: bool = False,
) -> Matches:
    """Strain rows of an index to a pattern and correlate their profiles with it.

    Args:
        index: the index.
        pattern: the net pattern.
        rows: (k,) candidates.
        threads: the rows are shared out among so many.
        expected: (k,) mean strains to start from; those that the index expects by default.
        settings: of the correlation.
        isotropic: whether rows are fitted with the shapes of their cells kept too.
    """
    offsets, hkl, squares, _ = index.reflection_arrays
    columns = index.columns
    table = ReflectionTable(offsets, hkl, squares, columns.cell, columns.crystal_system)
    starts = columns.expected_strain[rows].astype(np.float64) if expected is None else expected
    return correlate(table, pattern, rows, starts, threads, settings, isotropic=isotropic)
