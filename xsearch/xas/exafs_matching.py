"""How well a measured χ(k) agrees with library spectra: in k²χ(k) and in |χ(R)|, with E0 and disorder left free.

The scale is free, since both are correlations: amplitude reduction and a wrong edge step cancel. E0 moves k; the
Debye-Waller factor differs with temperature, and computed spectra may have none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.preprocess.exafs import EXAFS, K_WEIGHT, R_GRID_A, Exafs, INV_A2_PER_eV, K_GRID_invA, fourier, hanning
from xsearch.xas.settings import DEFAULTS, ExafsMatchingSettings

RANGE_STEP_invA = 0.5
"""Library spectra are compared up to a multiple of this, so that many have one range."""


@dataclass(frozen=True, slots=True, eq=False)
class ExafsTable:
    """χ(k) of n library spectra of one absorber and edge.

    Attributes:
        k2_chi: (n, 321) float32 on `K_GRID_invA`, zero where unknown.
        k_end_invA: (n,) how far each is known.
        is_measured: (n,) bool; computed ones have no disorder.
    """

    k2_chi: NDArray[np.float32]
    k_end_invA: NDArray[np.float64]
    is_measured: NDArray[np.bool_]

    def take(self, rows: NDArray[np.generic]) -> ExafsTable:
        """Some of the spectra, by index or mask."""
        return ExafsTable(self.k2_chi[rows], self.k_end_invA[rows], self.is_measured[rows])


@dataclass(frozen=True, slots=True, eq=False)
class ExafsMatches:
    """One measured χ(k) against n library spectra.

    Attributes:
        score: (n,) float64, mean correlation less the penalty of an unusual shift.
        correlation: (n,) float64, mean of those of k²χ(k) and |χ(R)|.
        shift_eV: (n,) by which E0 of the query lies higher than where the library's k begins.
        debye_waller_A2: (n,) mean squared displacement that was added to the library spectrum.
    """

    score: NDArray[np.float64]
    correlation: NDArray[np.float64]
    shift_eV: NDArray[np.float64]
    debye_waller_A2: NDArray[np.float64]


def match_exafs(query: Exafs, table: ExafsTable, settings: ExafsMatchingSettings = DEFAULTS.exafs) -> ExafsMatches:
    """Compare χ(k) with every spectrum of a table, over the range that both cover."""
    n = len(table.k2_chi)
    best = ExafsMatches(*(np.full(n, fill) for fill in (-1.0, -1.0, 0.0, 0.0)))
    low, high = EXAFS.transform_invA
    end = np.minimum(np.minimum(table.k_end_invA, query.k_end_invA), high)
    end = np.floor(end / RANGE_STEP_invA + 1e-9) * RANGE_STEP_invA
    widest, step = settings.widest_shift_eV, settings.shift_step_eV
    shifts = np.arange(-widest, widest + 1e-9, step)
    for is_measured, added in ((True, settings.measured_debye_waller_A2), (False, settings.computed_debye_waller_A2)):
        for reach in np.unique(end[table.is_measured == is_measured]):
            rows = np.flatnonzero((end == reach) & (table.is_measured == is_measured))
            _compare(query, table, rows, (low, float(reach)), shifts, added, best, settings)
    return best


def shifted_k2_chi(query: Exafs, shifts_eV: NDArray[np.float64]) -> NDArray[np.float64]:
    """(s, 321) k²χ(k) where E0 lies lower by each shift: what was at k is now at a larger k."""
    square = K_GRID_invA[None] ** 2 - INV_A2_PER_eV * shifts_eV[:, None]
    at = np.sqrt(np.maximum(square, 0.0))
    found = np.interp(at, K_GRID_invA, query.chi)
    return np.where(square > 0, found * K_GRID_invA**K_WEIGHT, 0.0)


def _compare(
    query: Exafs,
    table: ExafsTable,
    rows: NDArray[np.int64],
    range_invA: tuple[float, float],
    shifts_eV: NDArray[np.float64],
    added_A2: tuple[float, ...],
    best: ExafsMatches,
    settings: ExafsMatchingSettings,
) -> None:
    """Compare some rows over one range at every shift and disorder; `best` keeps the best of each."""
    window = hanning(K_GRID_invA, *range_invA, EXAFS.window_invA)
    shells = (settings.shells_A[0] <= R_GRID_A) & (settings.shells_A[1] >= R_GRID_A)
    measured = shifted_k2_chi(query, shifts_eV)
    wanted = _unit(measured * window)
    wanted_r = _unit(_centred(np.abs(fourier(measured, *range_invA))[:, shells]))
    penalty = settings.shift_penalty * (shifts_eV / settings.shift_sigma_eV) ** 2
    for added in added_A2:
        library = table.k2_chi[rows] * np.exp(-2 * added * K_GRID_invA**2)
        in_k = _unit(library * window) @ wanted.T
        in_r = _unit(_centred(np.abs(fourier(library, *range_invA))[:, shells])) @ wanted_r.T
        correlation = 0.5 * (in_k + in_r)
        score = correlation - penalty
        place = score.argmax(axis=1)
        here = np.arange(len(rows))
        better = score[here, place] > best.score[rows]
        kept, at = rows[better], (here[better], place[better])
        best.score[kept] = score[at]
        best.correlation[kept] = correlation[at]
        best.shift_eV[kept] = shifts_eV[place[better]]
        best.debye_waller_A2[kept] = added


def _unit(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)


def _centred(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    return rows - rows.mean(axis=-1, keepdims=True)
