"""Learned models in a search: nearest neighbours of a pattern's vector, and the network's symmetry logits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xsearch.errors import QueryError
from xsearch.indexes import Index
from xsearch.indexes.scan import Scan, device_for
from xsearch.indexes.vectors import has_faiss
from xsearch.models import powder_vectors
from xsearch.models.powder_symmetry import WEIGHTS_FILE, load
from xsearch.models.powder_vectors import PowderVectors
from xsearch.options import Ranking, parse_choice
from xsearch.preprocess.network_input import network_input
from xsearch.preprocess.powder import NetPattern
from xsearch.search.settings import DEFAULTS, VectorSettings

SCAN_BELOW = 0.1
"""Where conditions leave less than this share of the rows, all of those are compared: a graph or lists would lead past
most of them, and reading so few is as quick."""


def has_vectors(index: Index) -> bool:
    """Whether an index holds the vectors that this xsearch makes."""
    return index.encoder is not None and powder_vectors.are_there() and index.encoder == powder_vectors.load().identity


def parse_ranking(name: str | Ranking | None, index: Index) -> Ranking:
    """The ranking of that name; by default the fused one, where the index has the vectors for it.

    Raises:
        QueryError: where there is none of that name, or the index lacks the vectors.
    """
    ready = has_vectors(index)
    if name is None:
        return Ranking.FUSED if ready else Ranking.PHYSICS
    chosen = parse_choice(Ranking, name, "ranking")
    if chosen is not Ranking.PHYSICS and not ready:
        raise QueryError(
            f"Index {index.name!r} has no vectors as this xsearch makes them, which ranking `{chosen}` needs; "
            f"`xsearch build embed {index.name}` makes them."
        )
    return chosen


@dataclass(frozen=True, slots=True, eq=False)
class NearestNeighbours:
    """The nearest neighbours of a pattern among the rows searched.

    Attributes:
        places: (k,) of the rows nearest, rising.
        evidence: (k,) of these, rising with the cosine of the row's vector and the pattern's.
    """

    places: NDArray[np.intp]
    evidence: NDArray[np.float64]

    def of(self, rows: NDArray[np.int64], found: NDArray[np.int64]) -> NDArray[np.float64]:
        """(n,) evidence of `found` (n,), each one of the nearest among the `rows` searched."""
        return self.evidence[np.searchsorted(rows[self.places], found)]


class VectorSearch:
    """The vectors of an index, searched for the nearest neighbours of a pattern: by FAISS, where a GPU does not.

    Without FAISS, an extra, all of them are compared by NumPy, which takes longer.
    """

    def __init__(self, index: Index, encoder: PowderVectors | None = None) -> None:
        if index.embedding is None:
            raise QueryError(f"Index {index.name!r} has no vectors; `xsearch build embed {index.name}` makes them.")
        self._encoder = powder_vectors.load() if encoder is None else encoder
        self._embedding = index.embedding
        self._stored = index.embedding.array
        self._shortcut = index.embedding.shortcut if has_faiss() else None
        on_gpu = self._shortcut is None and device_for(len(self._stored)) != "cpu"
        self._scan = Scan(self._stored) if on_gpu or not has_faiss() else None

    def nearest(
        self,
        pattern: NetPattern,
        rows: NDArray[np.int64],
        count: int,
        settings: VectorSettings = DEFAULTS.vectors,
    ) -> NearestNeighbours:
        """The rows whose vectors are nearest to a pattern's.

        Args:
            pattern: the net pattern.
            rows: (m,) to search, rising.
            count: how many are to be found.
            settings: of the evidence.
        """
        with threadpool_limits(1, user_api="blas"):  # so that the answer is the same everywhere
            vector = self._encoder.of_pattern(pattern)
        found = self._nearest_rows(vector, rows, count)
        cosine = self._stored[found].astype(np.float32) @ vector
        return NearestNeighbours(np.searchsorted(rows, found), cosine.astype(np.float64) / settings.temperature)

    def _nearest_rows(self, vector: NDArray[np.float32], rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """The rows whose vectors are nearest to one, rising; a shortcut may miss some."""
        allowed = None if len(rows) == len(self._stored) else rows
        if self._scan is not None:
            cosine = self._scan.cosines(vector, allowed)
            return rows if len(rows) <= count else np.sort(rows[np.argpartition(-cosine, count)[:count]])
        if self._shortcut is None or len(rows) < SCAN_BELOW * len(self._stored):
            return self._embedding.nearest_rows(vector, count, allowed)
        return self._shortcut.nearest_rows(vector, count, allowed)


def network_logits(pattern: NetPattern) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Logits of a pattern's crystal system (7,) and space group (230,) by the CNN-Transformer; None without weights."""
    if not WEIGHTS_FILE.is_file():
        return None
    with threadpool_limits(1, user_api="blas"):
        reading = load().read(network_input(pattern)[None])
    return reading.system_logits[0].astype(np.float64), reading.group_logits[0].astype(np.float64)
