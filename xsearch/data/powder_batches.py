"""Training patterns for the powder network: rows of an index, split by formula, measured under drawn conditions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.indexes import Index

REPORTED_SHARE = 0.6
"""Share of training entries that are experimentally reported."""

GROUP, NEAREST, AMONG = 4, 8, 12_000
"""Crystals of a batch come in groups of so many, drawn from the nearest profiles among so many."""

SKETCH_DIMENSIONS = 64
"""Leading principal axes of the profiles, by which similar crystals are found. Set by hand."""


class Batches:
    """Rows to train on, in groups of crystals with like profiles."""

    def __init__(self, index: Index, rows: NDArray[np.int64]) -> None:
        self.rows = rows
        self._reported = np.flatnonzero(index.columns.is_theoretical[rows] == 0)
        self._sketch = sketches(index, rows)

    def draw(self, count: int, random: np.random.Generator) -> NDArray[np.int64]:
        """(count,) rows: seeds, each with some of its nearest neighbours."""
        seeds = count // GROUP
        reported = random.random(seeds) < REPORTED_SHARE if len(self._reported) else np.zeros(seeds, bool)
        first = random.integers(len(self.rows), size=seeds)
        if reported.any():
            first[reported] = random.choice(self._reported, int(reported.sum()))
        among = random.integers(len(self.rows), size=min(AMONG, len(self.rows)))
        similarity = self._sketch[first] @ self._sketch[among].T
        nearest = min(NEAREST, len(among) - 1)
        close = among[np.argpartition(-similarity, nearest, axis=1)[:, :nearest]]
        others = np.take_along_axis(close, random.integers(nearest, size=(seeds, GROUP - 1)), axis=1)
        return self.rows[np.unique(np.concatenate([first, others.ravel()]))]


def sketches(index: Index, rows: NDArray[np.int64], dimensions: int = SKETCH_DIMENSIONS) -> NDArray[np.float32]:
    """(n, dimensions) unit vectors of rows: their stored profiles on the leading principal axes."""
    sample = index.profiles[rows[:: max(1, len(rows) // 4000)]].astype(np.float32)
    mean = sample.mean(axis=0)
    _, _, axes = np.linalg.svd(sample - mean, full_matrices=False)
    axes = axes[:dimensions].T
    parts = [(index.profiles[rows[i : i + 8192]].astype(np.float32) - mean) @ axes for i in range(0, len(rows), 8192)]
    out = np.concatenate(parts)
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9), np.float32)
