"""What the powder network adds to a search: rows whose vectors are near, and a reading of the symmetry."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xsearch.errors import QueryError
from xsearch.indexes import Index
from xsearch.models.powder_encoder import WEIGHTS_FILE, PowderEncoder, Reading, load
from xsearch.preprocess.network_input import network_input
from xsearch.preprocess.powder import NetPattern


class Ranking(StrEnum):
    """What finds and ranks.

    PHYSICS: profiles recall, the match ranks. LEARNED: the network's vectors recall and rank. FUSED: both recall, the
    match ranks.
    """

    PHYSICS = "physics"
    LEARNED = "learned"
    FUSED = "fused"


def parse_ranking(name: str | Ranking | None, index: Index) -> Ranking:
    """The ranking of that name; by default the fused one, where the index has the vectors for it.

    Raises:
        QueryError: where there is none of that name, or the index lacks the vectors.
    """
    ready = index.encoder is not None and WEIGHTS_FILE.is_file() and index.encoder == load().identity
    if name is None:
        return Ranking.FUSED if ready else Ranking.PHYSICS
    try:
        chosen = Ranking(name)
    except ValueError:
        raise QueryError(f"Unknown ranking {name!r}; `physics`, `learned` or `fused`.") from None
    if chosen is not Ranking.PHYSICS and not ready:
        raise QueryError(
            f"Index {index.name!r} has no vectors of this xsearch's network, which ranking `{chosen}` needs; "
            f"`xsearch build embed {index.name}` makes them."
        )
    return chosen


class Neighbours:
    """The vectors of an index in memory, and those near a pattern's."""

    def __init__(self, index: Index, encoder: PowderEncoder | None = None) -> None:
        if index.embedding is None:
            raise QueryError(f"Index {index.name!r} has no vectors; `xsearch build embed {index.name}` makes them.")
        self._encoder = load() if encoder is None else encoder
        self._vectors = index.embedding.array.astype(np.float32)

    def read(self, pattern: NetPattern) -> Reading:
        """What the network reads from a pattern; on one thread, so that it is the same everywhere."""
        with threadpool_limits(1, user_api="blas"):
            return self._encoder.read(network_input(pattern)[None])

    def similarity(self, reading: Reading, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(m,) cosine of rows' vectors with the pattern's."""
        vectors = self._vectors if len(rows) == len(self._vectors) else self._vectors[rows]
        return np.asarray(vectors @ reading.vectors[0], np.float32)


def nearest(similarity: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """Places of the `count` largest, rising."""
    if len(similarity) <= count:
        return np.arange(len(similarity))
    return np.sort(np.argpartition(-similarity, count)[:count])
