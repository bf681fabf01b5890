"""How well a measured edge agrees with library spectra: free energy shift, broadening, several scales at once.

Simulated edges are sharper than measured ones, and their energies are the code's own. So a library spectrum is
broadened and shifted, and what is compared is the shape: the spectrum itself and its derivative at a fine and at a
coarse scale, each by Pearson correlation over the energies that both cover. Correlation does not depend on the edge
step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.indexes.xanes_table import XanesTable
from xsearch.preprocess.xanes import WINDOW_POINTS, WINDOW_GRID_eV, XanesWindow
from xsearch.xas.feff_energy import extra_shift_eV
from xsearch.xas.settings import DEFAULTS, MatchingSettings

STEP_eV = float(WINDOW_GRID_eV[1] - WINDOW_GRID_eV[0])
"""Between two points of a window."""


@dataclass(frozen=True, slots=True, eq=False)
class ShiftPrior:
    """The energy shift that is expected of each of n library spectra.

    Attributes:
        mean_eV, sigma_eV: (n,) float64.
    """

    mean_eV: NDArray[np.float64]
    sigma_eV: NDArray[np.float64]

    def squared_deviation(self, shift_eV: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """(r, s) of shifts (r, s) of some spectra, in standard deviations."""
        return np.asarray(((shift_eV - self.mean_eV[rows, None]) / self.sigma_eV[rows, None]) ** 2)


@dataclass(frozen=True, slots=True, eq=False)
class XanesMatches:
    """One measured edge against n library spectra.

    Attributes:
        score: (n,) float64, mean correlation less the penalty of an unusual shift.
        correlation: (n,) float64, mean correlation.
        shift_eV: (n,) added to the library spectrum's energies.
        broadening_eV: (n,) standard deviation of the Gaussian that the library spectrum was convolved with.
    """

    score: NDArray[np.float64]
    correlation: NDArray[np.float64]
    shift_eV: NDArray[np.float64]
    broadening_eV: NDArray[np.float64]


def match(
    query: XanesWindow, table: XanesTable, settings: MatchingSettings = DEFAULTS.matching, is_simulation: bool = False
) -> XanesMatches:
    """Compare an edge with every spectrum of a table.

    Args:
        query: of the same absorber and edge.
        table: the library.
        settings: of the alignment.
        is_simulation: the query is simulated by the library's kind of code: no shift is more likely than another.
    """
    n = len(table)
    measured = table.kind == "measured"
    scan = _Scan(
        query,
        table,
        shift_prior(table, settings),
        0.0 if is_simulation else settings.shift_penalty,
        settings,
        XanesMatches(*(np.full(n, fill) for fill in (-1.0, -1.0, 0.0, 0.0))),
    )
    for rows, broadenings in (
        (np.flatnonzero(~measured), settings.simulated_broadenings_eV),
        (np.flatnonzero(measured), settings.measured_broadenings_eV),
    ):
        if len(rows):
            scan.coarse_to_fine(rows, broadenings)
    return scan.best


def shift_prior(table: XanesTable, settings: MatchingSettings = DEFAULTS.matching) -> ShiftPrior:
    """The shift that is expected of each library spectrum, by its kind and its compound's bonding."""
    pairs = [
        settings.measured_shift_eV
        if kind == "measured"
        else settings.metal_shift_eV
        if len(elements) == 1
        else settings.oxide_shift_eV
        if "O" in elements
        else settings.other_shift_eV
        for kind, elements in zip(table.kind, table.elements, strict=True)
    ]
    mean, sigma = np.array(pairs, np.float64).reshape(-1, 2).T
    extra = extra_shift_eV(table.absorber, table.edge)
    if extra != 0.0:
        # predictions have the energies of FEFF, which they were learned from
        by_feff = (table.kind == "predicted") | np.array([str(code).startswith("FEFF") for code in table.code], bool)
        by_feff &= table.kind != "measured"
        usual, width = settings.other_edge_shift_eV
        mean, sigma = np.where(by_feff, usual + (extra or 0.0), mean), np.where(by_feff, width, sigma)
    return ShiftPrior(mean, sigma)


@dataclass(frozen=True, slots=True, eq=False)
class _Scan:
    """An edge tried at many shifts and broadenings of library spectra; `best` keeps the best of each."""

    query: XanesWindow
    table: XanesTable
    prior: ShiftPrior
    penalty: float
    settings: MatchingSettings
    best: XanesMatches

    def coarse_to_fine(self, rows: NDArray[np.int64], broadenings_eV: tuple[float, ...]) -> None:
        """Compare some rows, all of them at coarse steps of the shift and the best of them at fine ones.

        The coarse steps take every second broadening: the leaders are the same.
        """
        coarse, widest = self.settings.coarse_step_eV, self.settings.widest_shift_eV
        self.compare(rows, broadenings_eV[1::2], np.arange(-widest, widest + 1e-9, coarse))
        leaders = rows[np.argsort(-self.best.score[rows], kind="stable")[: self.settings.refined]]
        # a window is centred on its own edge: its shift is what the two centres leave of the energy shift
        left = self.best.shift_eV[leaders] - (self.query.offset_eV - self.table.offset_eV[leaders])
        for place in np.unique(np.round(left / coarse)):
            group = leaders[np.round(left / coarse) == place]
            fine = place * coarse + np.arange(-coarse, coarse + 1e-9, self.settings.fine_step_eV)
            self.compare(group, broadenings_eV, fine)

    def compare(
        self, rows: NDArray[np.int64], broadenings_eV: tuple[float, ...], shifts_eV: NDArray[np.float64]
    ) -> None:
        """Compare some rows at every shift and broadening."""
        query, table, best = self.query, self.table, self.best
        moved, moved_known = shifted(hold_ends(query.values[None], query.known[None])[0], query.known, shifts_eV)
        measured = channels(moved, self.settings)
        held = hold_ends(table.values[rows], table.known[rows])
        known = table.known[rows].astype(np.float32)
        shift = query.offset_eV + shifts_eV[None] - table.offset_eV[rows, None]  # (r, s)
        penalty = self.penalty * self.prior.squared_deviation(shift, rows)
        for broadening in broadenings_eV:
            correlation = np.zeros((len(rows), len(shifts_eV)))
            for library, wanted in zip(channels(broadened(held, broadening), self.settings), measured, strict=True):
                correlation += masked_correlation(library, known, wanted, moved_known, self.settings.least_overlap)
            correlation /= len(measured)
            score = correlation - penalty
            place = score.argmax(1)
            here = np.arange(len(rows))
            better = score[here, place] > best.score[rows]
            kept, at = rows[better], (here[better], place[better])
            best.score[kept] = score[at]
            best.correlation[kept] = correlation[at]
            best.shift_eV[kept] = shift[at]
            best.broadening_eV[kept] = broadening


def channels(values: NDArray[np.float32], settings: MatchingSettings = DEFAULTS.matching) -> list[NDArray[np.float32]]:
    """What is compared of (..., 200) windows: the windows, and their derivative at each scale."""
    return [values, *(broadened(values, scale, order=1) for scale in settings.derivative_scales_eV)]


def masked_correlation(
    a: NDArray[np.float32],
    a_known: NDArray[np.float32],
    b: NDArray[np.float32],
    b_known: NDArray[np.float32],
    least_overlap: int = DEFAULTS.matching.least_overlap,
) -> NDArray[np.float64]:
    """(n, m) Pearson correlation of n with m rows over the points that both know; -1 where they are too few."""
    a, b = a * a_known, b * b_known
    count = np.maximum(a_known @ b_known.T, 1.0).astype(np.float64)
    sum_a, sum_b = a @ b_known.T, a_known @ b.T
    covariance = a @ b.T - sum_a * sum_b / count
    variance_a = (a * a) @ b_known.T - sum_a**2 / count
    variance_b = a_known @ (b * b).T - sum_b**2 / count
    found = covariance / np.sqrt(np.maximum(variance_a * variance_b, 1e-12))
    return np.asarray(np.where(count >= least_overlap, found, -1.0), np.float64)


def shifted(
    values: NDArray[np.float32], known: NDArray[np.bool_], shifts_eV: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(s, 200) a window read at energies moved by each shift, and (s, 200) where it is known there."""
    places = np.arange(WINDOW_POINTS) + shifts_eV[:, None] / STEP_eV
    grid = np.arange(WINDOW_POINTS)
    moved = np.interp(places, grid, values).astype(np.float32)
    here = np.interp(places, grid, known.astype(float), left=0.0, right=0.0) > 0.999
    return moved, here.astype(np.float32)


def hold_ends(values: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(n, 200) windows with the first and last known value held outside."""
    first = known.argmax(1)[:, None]
    last = WINDOW_POINTS - 1 - known[:, ::-1].argmax(1)[:, None]
    place = np.clip(np.arange(WINDOW_POINTS)[None], first, last)
    return np.take_along_axis(values, place, axis=1)


def broadened(values: NDArray[np.float32], broadening_eV: float, order: int = 0) -> NDArray[np.float32]:
    """(..., 200) windows convolved with a Gaussian, or with a derivative of one."""
    if not broadening_eV:
        return values
    return np.asarray(
        scipy.ndimage.gaussian_filter1d(values, broadening_eV / STEP_eV, order=order, mode="nearest"), np.float32
    )
