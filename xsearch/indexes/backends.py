"""How nearest neighbours are found: by exhaustive search, an HNSW graph, or IVF lists.

The vectors themselves are always stored whole (`xsearch.indexes.vectors`). A graph or lists are kept in a second file
and only select candidates; cosines are always those of the stored vectors.

HNSW: Malkov and Yashunin, IEEE PAMI 42 (2020) 824. IVF: Jégou, Douze and Schmid, IEEE PAMI 33 (2011) 117. Both as in
FAISS.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xsearch.errors import BrokenIndex, BuildError
from xsearch.indexes.settings import NEIGHBOURS
from xsearch.indexes.vectors import load_faiss, write_faiss
from xsearch.options import Backend


def backend_for(rows: int) -> Backend:
    """The backend that suits so many rows: exhaustive while that is quick, then lists, which are built faster."""
    return Backend.EXACT if rows < NEIGHBOURS.approximate_from else Backend.IVF


def write_shortcut(vectors: NDArray[np.float16], backend: Backend, path: Path) -> None:
    """Write the graph or the lists of vectors, on one thread so that the same vectors give the same file.

    Args:
        vectors: (n, d) unit rows, zeros for rows without one.
        backend: `HNSW` or `IVF`; for an exhaustive search there is nothing to write.
        path: the file.

    Raises:
        BuildError: where there are too few vectors for lists.
    """
    faiss = load_faiss()
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            if backend is Backend.HNSW:
                write_faiss(_graph(vectors.astype(np.float32)), path, faiss.IO_FLAG_SKIP_STORAGE)
            else:
                write_faiss(_lists(vectors.astype(np.float32)), path)
    finally:
        faiss.omp_set_num_threads(threads)


def _graph(vectors: NDArray[np.float32]) -> Any:
    faiss = load_faiss()
    half = faiss.ScalarQuantizer.QT_fp16
    graph = faiss.IndexHNSWSQ(vectors.shape[1], half, NEIGHBOURS.links, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = NEIGHBOURS.links_tried
    graph.add(vectors)
    return graph


def _lists(vectors: NDArray[np.float32]) -> Any:
    faiss = load_faiss()
    n, d = vectors.shape
    count = min(int(NEIGHBOURS.lists_per_root * n**0.5), n // NEIGHBOURS.least_per_list)
    if count < 1:
        raise BuildError(f"{n:,} rows are too few for lists; use backend `exact`, or 'hnsw' to try a graph.")
    centres = faiss.IndexFlat(d, faiss.METRIC_INNER_PRODUCT)
    half = faiss.ScalarQuantizer.QT_fp16
    lists = faiss.IndexIVFScalarQuantizer(centres, d, count, half, faiss.METRIC_INNER_PRODUCT, False)
    centres.this.disown()  # the lists take them over, and free them
    lists.own_fields = True
    lists.cp.min_points_per_centroid = NEIGHBOURS.least_per_list
    lists.cp.max_points_per_centroid = NEIGHBOURS.most_per_list
    lists.cp.niter = NEIGHBOURS.placing_rounds
    lists.cp.spherical = True
    lists.train(vectors)
    lists.add(vectors)
    return lists


class Shortcut:
    """The graph or the lists of an index version.

    Args:
        path: their file.
        backend: which it holds.
        stored: the FAISS index over the stored vectors, whose cosines a graph needs.
    """

    def __init__(self, path: Path, backend: Backend, stored: Any) -> None:
        faiss = load_faiss()
        self.backend = backend
        flags = faiss.IO_FLAG_SKIP_STORAGE if backend is Backend.HNSW else 0
        try:
            with path.open("rb") as file:  # FAISS itself opens no file whose name is beyond the system's code page
                self._index: Any = faiss.read_index(faiss.PyCallbackIOReader(file.read, 1 << 22), flags)
            found = (self._index.ntotal, self._index.d)
        except (OSError, RuntimeError, AttributeError) as error:
            raise BrokenIndex(f"{path} is altered: FAISS cannot read it; embed the index again.") from error
        if found != (stored.ntotal, stored.d):
            raise BrokenIndex(f"{path} is altered: {stored.ntotal:,} vectors expected, {found[0]:,} found.")
        if backend is Backend.HNSW:
            self._index.storage, self._index.own_fields = stored, False
            self._index.referenced_objects = (stored,)  # it must outlive the graph

    def nearest_rows(
        self, vector: NDArray[np.float32], count: int, allowed: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Rows that are probably the `count` nearest to a vector, rising; fewer where fewer are reached.

        Args:
            vector: (d,) unit length.
            count: how many.
            allowed: (m,) rows that may be given; all by default.
        """
        faiss = load_faiss()
        total = self._index.ntotal
        selected = {} if allowed is None else {"sel": faiss.IDSelectorBitmap(as_bits(allowed, total))}
        more = 1.0 if allowed is None else total / max(len(allowed), 1)
        if self.backend is Backend.HNSW:
            followed = more * max(NEIGHBOURS.least_followed, NEIGHBOURS.followed_per_hit * count)
            effort = faiss.SearchParametersHNSW(efSearch=min(int(followed), total), **selected)
        else:
            read = more * max(NEIGHBOURS.least_read, NEIGHBOURS.share_read * self._index.nlist)
            effort = faiss.SearchParametersIVF(nprobe=min(int(read), self._index.nlist), **selected)
        _, rows = self._index.search(vector[None], count, params=effort)
        return np.sort(rows[0][rows[0] >= 0])


def as_bits(rows: NDArray[np.int64], total: int) -> NDArray[np.uint8]:
    """Rows as a bitmap of all, by which FAISS passes over the others."""
    allowed = np.zeros(total, bool)
    allowed[rows] = True
    return np.packbits(allowed, bitorder="little")
