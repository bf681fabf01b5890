"""Indexing: the cells of a powder pattern, whatever the compound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.indexing import kernels
from xsearch.indexing.cell import IndexedCell, IndexedCells
from xsearch.indexing.comparison import is_multiple
from xsearch.indexing.line_evidence_kernels import FREE_COUNTS
from xsearch.indexing.lines import Lines, find_lines
from xsearch.indexing.search import Trial, as_cell
from xsearch.indexing.settings import THOROUGH, ThoroughSettings
from xsearch.indexing.thorough import RankedCell, probabilities, ranked_cells
from xsearch.preprocess.powder import net_pattern
from xsearch.reading import AS_THE_FILE_SAYS, Reading
from xsearch.spectra import PowderPattern, read

MULTIPLES = (2, 3, 4)
"""Ratios of volumes that are stated."""

SAME_SHARE, SAME_DEG = 0.006, 0.5
"""By how much axes and angles of a multiple may differ."""


OTHER_VOLUME = 0.5
"""Share of the likelihood of the best volume that cells which were not found have in the mean; set by hand."""


def cells_of(
    pxrd: PowderPattern,
    top: int = 10,
    settings: ThoroughSettings = THOROUGH,
    formula: Mapping[str, float] | None = None,
) -> IndexedCells:
    """Find the cells of a powder pattern.

    Args:
        pxrd: the pattern, of a single phase; some lines may be another's.
        top: how many cells to give at most.
        formula: atoms of each element in a unit, where it is known; cells that hold no whole number of
            units are left out.
        settings: of the indexing.

    Raises:
        SpectrumError: where the pattern shows no line.
    """
    begin = perf_counter()
    net = net_pattern(pxrd)
    lines = find_lines(net, settings.search.lines)
    shown = clear_lines(lines, settings)
    ranked = ranked_cells(net, settings)
    chances = probabilities(ranked, settings)
    if formula is not None:
        ranked, chances = holding_units(ranked, chances, formula)
    cells = [
        replace(described(one, shown, settings), probability=float(chance), relation=relation(ranked, place))
        for place, (one, chance) in enumerate(zip(ranked[:top], chances[:top], strict=True))
    ]
    return IndexedCells(pxrd, shown.two_theta_deg, tuple(cells), (perf_counter() - begin) * 1e3, settings)


def cells_of_file(
    path: str | Path,
    wavelength: str | float | None = None,
    top: int = 10,
    reading: Reading = AS_THE_FILE_SAYS,
    formula: Mapping[str, float] | None = None,
) -> IndexedCells:
    """The cells of a measured file, see `cells_of`.

    Raises:
        SpectrumError: where the file is no powder pattern, or shows no line.
        WavelengthError: where neither the file nor the caller states the wavelength.
    """
    pxrd = read(path, wavelength=wavelength, kind="pxrd", reading=reading)
    if not isinstance(pxrd, PowderPattern):
        raise SpectrumError(f"{path}: no powder pattern; a cell is found from lines alone.")
    return cells_of(pxrd, top, formula=formula)


def holding_units(
    ranked: Sequence[RankedCell], chances: NDArray[np.float64], formula: Mapping[str, float]
) -> tuple[list[RankedCell], NDArray[np.float64]]:
    """The cells that hold whole units of a formula, and their probabilities with what their volumes say."""
    worth = np.exp([one.log_odds_of_units(formula) for one in ranked])
    weighed = worth * chances
    weighed = weighed / max(weighed.sum() + OTHER_VOLUME * max(1 - chances.sum(), 0.0), 1e-300)
    order = [int(place) for place in np.argsort(-weighed, kind="stable") if worth[place] > 0]
    return [ranked[place] for place in order], weighed[order]


def clear_lines(lines: Lines, settings: ThoroughSettings) -> Lines:
    """The first lines that figures of merit are taken from: without the faintest, which are often another phase's."""
    clear = lines.height >= settings.evidence.least_height
    some = Lines(lines.two_theta_deg[clear], lines.height[clear], lines.error_deg, lines.wavelength_A)
    return some.first(settings.search.n_lines)


def described(one: RankedCell, lines: Lines, settings: ThoroughSettings) -> IndexedCell:
    """A ranked cell in its usual setting with its figures of merit."""
    fit, search = one.fit, settings.search
    moved = fit.zero_deg + fit.displacement_deg * np.cos(np.radians(lines.two_theta_deg / 2))
    straight = Lines(lines.two_theta_deg - moved, lines.height, lines.error_deg, one.wavelength_A)
    q, error = straight.inverse_d_sq, straight.inverse_d_sq_error
    away, hkl = np.empty(len(q)), np.zeros((len(q), 3), np.int64)
    count = kernels.assign(fit.form, one.lattice, one.centring, q, away, hkl)
    m_n, unindexed = kernels.figure_of_merit(away, q, error, search.deviation_floor, count)
    good = np.abs(away) <= error
    deviation = float(np.abs(away / error * lines.error_deg)[good].mean()) if good.any() else np.inf
    rank = m_n * search.unindexed_cost**unindexed * search.parameter_cost ** int(FREE_COUNTS[one.lattice])
    trial = Trial(one.lattice, one.centring, fit.form, m_n, unindexed, count, fit.zero_deg, deviation, rank)
    return replace(
        as_cell(trial, straight, search),
        displacement_deg=fit.displacement_deg,
        wavelength_A=one.wavelength_A,
        log_evidence=one.log_evidence,
        foreign=fit.foreign,
    )


def relation(ranked: Sequence[RankedCell], place: int) -> str:
    """Of which better cell one is a multiple or a part; empty where of none."""
    this = ranked[place].reduced
    for number, other in enumerate(ranked[:place], 1):
        cell = other.reduced
        for times in MULTIPLES:
            if is_multiple(this, cell, times, SAME_SHARE, SAME_DEG):
                return f"{times} × cell {number}"
            if is_multiple(cell, this, times, SAME_SHARE, SAME_DEG):
                return f"1/{times} of cell {number}"
    return ""
