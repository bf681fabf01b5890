"""How many right compounds of measured edges the learned vectors of an index recall, beside what is not learned."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.data.xanes_tables import read_labelled_edges
from xsearch.errors import SpectrumError, XSearchError
from xsearch.evaluate.xanes import left_out
from xsearch.models import xanes_encoder
from xsearch.options import Compared
from xsearch.preprocess.xanes import normalize, window
from xsearch.search import SearchIndex
from xsearch.xas.matching import channels, hold_ends, masked_correlation, match

DEPTHS = (1, 10, 50, 100)
"""Compounds for which shares are given."""


@dataclass(frozen=True, slots=True)
class RecallReport:
    """Shares of measured edges of which a spectrum of their compound is among the nearest.

    Attributes:
        n: edges whose compound has another spectrum in the index; of so many `compounds`.
        library: spectra that they are compared with, on the average.
        vectors, correlation, matching: by depth. Correlation is of the windows and their slopes, as they lie;
            matching aligns and broadens, which is what ranks, and takes longest.
        refused: edges that could not be normalised.
    """

    n: int
    compounds: int
    library: float
    vectors: dict[str, float]
    correlation: dict[str, float]
    matching: dict[str, float]
    refused: int

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def evaluate_recall(path: Path, opened: SearchIndex, compared: Compared = Compared.SIMULATED) -> RecallReport:
    """Compare every usable measured edge with the spectra of its edge; no measurement meets its own source.

    Args:
        path: a table with the columns of `xas_measured.parquet`.
        opened: the index.
        compared: which spectra of it.

    Raises:
        XSearchError: where the encoder's weights are missing.
    """
    encoder = xanes_encoder.load()
    if encoder is None:
        raise XSearchError("The weights of the XANES encoder are missing; `python -m xsearch.training.xanes_encoder`.")
    ranks: list[tuple[int, int, int]] = []
    sizes, compounds, refused = [], set(), 0
    of_edge: dict[tuple[str, str], NDArray[np.float32]] = {}
    for query in read_labelled_edges(path):
        edge = query.absorber, query.edge
        if edge not in opened.libraries.edges:
            continue
        whole = opened.libraries.of(*edge)
        hidden = left_out(whole, query, compared)
        seen = np.array([name not in hidden for name in whole.spectra.spectrum_id], bool)
        table = whole.spectra.take(seen)
        right = table.reduced_formula == query.reduced_formula
        if not right.any():
            continue
        try:
            cut = window(normalize(query.to_xanes()))
        except SpectrumError:
            refused += 1
            continue
        if edge not in of_edge:
            of_edge[edge] = encoder.vectors(whole.spectra.values, whole.spectra.known, *edge)
        vectors = of_edge[edge][seen]
        vector = encoder.vectors(cut.values[None], cut.known[None], cut.absorber, cut.edge)[0]
        pairs = zip(
            channels(hold_ends(table.values, table.known)),
            channels(hold_ends(cut.values[None], cut.known[None])),
            strict=True,
        )
        masks = table.known.astype(np.float32), cut.known[None].astype(np.float32)
        correlation = np.mean([masked_correlation(a, masks[0], b, masks[1])[:, 0] for a, b in pairs], axis=0)
        scores = (vectors @ vector, correlation, match(cut, table).score)
        first, second, third = (_before(score, right, table.reduced_formula) for score in scores)
        ranks.append((first, second, third))
        sizes.append(len(table))
        compounds.add((*edge, query.reduced_formula))
    by = np.array(ranks).reshape(-1, 3)
    vectors_at, correlation_at, matching_at = (
        {f"top{k}": float(np.mean(by[:, i] < k)) if len(by) else np.nan for k in DEPTHS} for i in range(3)
    )
    mean = float(np.mean(sizes)) if sizes else 0.0
    return RecallReport(len(by), len(compounds), mean, vectors_at, correlation_at, matching_at, refused)


def _before(score: NDArray[np.floating], right: NDArray[np.bool_], formula: NDArray[np.object_]) -> int:
    """How many other compounds score at least as well as the right one."""
    return len(set(formula[(score >= score[right].max()) & ~right]))
