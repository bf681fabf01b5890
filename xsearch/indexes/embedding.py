"""The vectors of the powder network beside an index, and how nearest neighbours are found."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.indexes.backends import Shortcut, as_bits
from xsearch.indexes.manifest import Manifest
from xsearch.indexes.scan import device_for
from xsearch.indexes.vectors import Profiles, has_faiss, load_faiss
from xsearch.options import Backend

EMBEDDING = "embedding.faiss"
"""The vectors; an index need not have them."""

SHORTCUT = "embedding_shortcut.faiss"
"""An HNSW graph or IVF lists; where there is no such file, the search is exhaustive."""


class Embedding(Profiles):
    """The vectors of an index version, with `array` (n, d) float16 and `faiss`.

    Attributes:
        encoder: which weights they come from.
        backend: how nearest neighbours are found.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        rows, dimensions = manifest.counts["materials"], int(manifest.extra["encoder_dimensions"])
        super().__init__(folder / EMBEDDING, rows, dimensions)
        self._folder = folder
        self.encoder: str = manifest.extra["encoder"]
        self.backend = Backend(manifest.extra.get("vector_backend", Backend.EXACT))

    @cached_property
    def shortcut(self) -> Shortcut | None:
        """The graph or lists; None where the search is exhaustive."""
        if self.backend is Backend.EXACT:
            return None
        return Shortcut(self._folder / SHORTCUT, self.backend, self.faiss)

    def nearest_rows(
        self, vector: NDArray[np.float32], count: int, rows: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """The `count` rows whose vectors are nearest to a unit vector (d,), rising; all vectors are compared.

        Args:
            vector: to compare with.
            count: how many at most.
            rows: (m,) rows that may be given; all by default.
        """
        faiss = load_faiss()
        total = len(self.array)
        among = total if rows is None else len(rows)
        selected = {} if rows is None else {"sel": faiss.IDSelectorBitmap(as_bits(rows, total))}
        _, found = self.faiss.search(vector[None], min(count, among), params=faiss.SearchParameters(**selected))
        return np.sort(found[0][found[0] >= 0])

    def info(self) -> dict[str, str]:
        """How, and on which device, nearest neighbours are found on this machine."""
        on = device_for(len(self.array)) if self.backend is Backend.EXACT else "cpu"
        library = "torch" if on != "cpu" else "FAISS" if has_faiss() else "NumPy"
        return {"vector_backend": self.backend.value, "vectors_searched_by": library, "vectors_searched_on": on}
