"""Retrieval among simulated spectra of one element: a spectrum with added errors must find its material."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from xsearch.data.xanes_tables import make_tables
from xsearch.errors import SpectrumError
from xsearch.indexes.xanes_table import XanesTable
from xsearch.preprocess.xanes import XanesWindow, normalize, window
from xsearch.spectra.xanes import Xanes
from xsearch.spectra.xas import XasSpectrum
from xsearch.xas.matching import match

GRID_eV = 0.25
"""Step on which spectra are distorted."""


@dataclass(frozen=True, slots=True)
class EdgeErrors:
    """Errors added to a query: a shift of up to `shift_eV`, Gaussian broadening of up to `broadening_eV`, noise."""

    shift_eV: float = 3.0
    broadening_eV: float = 1.0
    noise: float = 0.02

    def __call__(self, xanes: Xanes, chance: np.random.Generator) -> Xanes:
        """The spectrum with errors; noise is in units of the spectrum's later half."""
        energy = np.arange(xanes.energy_eV[0], xanes.energy_eV[-1], GRID_eV)
        mu = np.interp(energy, xanes.energy_eV, xanes.mu)
        mu = gaussian_filter1d(mu, chance.uniform(0, self.broadening_eV) / GRID_eV, mode="nearest")
        mu = mu + chance.normal(0, self.noise * float(np.median(mu[len(mu) // 2 :])), len(mu))
        return Xanes(energy + chance.uniform(-self.shift_eV, self.shift_eV), mu, xanes.absorber, xanes.edge)


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """Share of queries whose material is first, or among the first ten materials; `cosine_*` is plain cosine."""

    absorber: str
    n: int
    library: int
    top1: float
    top10: float
    cosine_top1: float
    cosine_top10: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def evaluate_retrieval(
    spectra: Sequence[XasSpectrum], queries: int = 200, seed: int = 0, errors: EdgeErrors | None = None
) -> list[RetrievalReport]:
    """Search for copies with errors of random spectra of each element; what cannot be normalised counts as missed.

    Args:
        spectra: the library, of one level.
        queries: for each element.
        seed: of the choice and the errors.
        errors: the usual ones if None.
    """
    errors = errors or EdgeErrors()
    originals = {s.spectrum_id: s for s in spectra}
    tables, _ = make_tables(spectra)
    reports = []
    for table in tables:
        chance = np.random.default_rng(seed)
        chosen = chance.choice(len(table), min(queries, len(table)), replace=False)
        ranks, plain = [], []
        for row in chosen:
            right = table.material_id == table.material_id[row]
            try:
                query = window(normalize(errors(originals[table.spectrum_id[row]].to_xanes(), chance)))
            except SpectrumError:
                ranks.append(len(table))
                plain.append(len(table))
                continue
            ranks.append(_rank(match(query, table, is_simulation=True).score, right, table))
            plain.append(_rank(_cosine(query, table), right, table))
        best, simple = np.array(ranks), np.array(plain)
        reports.append(
            RetrievalReport(
                absorber=table.absorber,
                n=len(best),
                library=len(table),
                top1=float((best < 1).mean()),
                top10=float((best < 10).mean()),
                cosine_top1=float((simple < 1).mean()),
                cosine_top10=float((simple < 10).mean()),
            )
        )
    return reports


def _rank(score: NDArray[np.float64], right: NDArray[np.bool_], table: XanesTable) -> int:
    """How many other materials score at least as well as the right one."""
    return len(set(table.material_id[(score >= score[right].max()) & ~right]))


def _cosine(query: XanesWindow, table: XanesTable) -> NDArray[np.float64]:
    """(n,) cosine at the tabulated energies: no shift is fitted, as in a plain search."""
    moved = np.arange(len(query.values)) + 0.0
    step = 56.0 / (len(query.values) - 1)
    scores = np.empty(len(table))
    for row in range(len(table)):
        places = moved + (table.offset_eV[row] - query.offset_eV) / step
        there = np.interp(places, moved, query.values, left=0.0, right=0.0)
        both = table.known[row] & (np.interp(places, moved, query.known, left=0.0, right=0.0) > 0.99)
        a, b = there[both], table.values[row, both]
        scores[row] = a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-9) if both.sum() > 20 else 0.0
    return scores
