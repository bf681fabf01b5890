"""The learned vectors of an index's near edges in one FAISS file, a row a stored spectrum."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xsearch.indexes.spectra import edge_rows, edges_of, xanes_table
from xsearch.indexes.tables import row_numbers
from xsearch.indexes.vectors import Profiles, load_faiss, write_vectors
from xsearch.models.xanes_encoder import XanesEncoder

XANES_VECTORS = "xanes_vectors.faiss"
"""The file; an index without spectra has none."""


def write_xanes_vectors(stored: pa.Table, path: Path, encoder: XanesEncoder) -> None:
    """Write the vectors of stored spectra; those without a window get zeros, which match nothing."""
    vectors = np.zeros((stored.num_rows, encoder.dimensions), np.float16)
    with threadpool_limits(1, user_api="blas"):  # so that a file is the same everywhere
        for absorber, edge in edges_of(stored):
            rows = edge_rows(stored, absorber, edge)
            table = xanes_table(stored.take(row_numbers(rows)), absorber, edge)
            vectors[rows] = encoder.vectors(table.values, table.known, absorber, edge)
    write_vectors(vectors, path)


class XanesVectors(Profiles):
    """The vectors of an index version, `array` (n, d) float16."""

    def nearest(self, vector: NDArray[np.float32], rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """The `count` of some rows whose vectors are nearest to a unit vector (d,), nearest first."""
        faiss = load_faiss()
        among = faiss.SearchParameters(sel=faiss.IDSelectorBatch(rows))
        _, found = self.faiss.search(np.ascontiguousarray(vector[None]), min(count, len(rows)), params=among)
        return np.asarray(found[0][found[0] >= 0], np.int64)
