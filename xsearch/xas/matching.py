"""How well a measured edge agrees with library spectra: free energy shift, broadening, several scales at once.

Simulated edges are sharper than measured ones, and their energies are the code's own. So a library spectrum is
broadened and moved, and what is compared is the shape: the spectrum itself, its derivative, and its derivative at a
coarser scale, each by Pearson correlation over the energies that both cover. Correlation forgives a wrong edge step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.indexes.xanes_table import XanesTable
from xsearch.preprocess.xanes import WINDOW_POINTS, WINDOW_GRID_eV, XanesWindow

STEP_eV = float(WINDOW_GRID_eV[1] - WINDOW_GRID_eV[0])
WIDEST_SHIFT_eV = 10.0
COARSE_eV, FINE_eV = 0.5, 0.125
REFINED = 300
LEAST_OVERLAP = 45
"""Points that both spectra must cover, about 12 eV."""

FINE_SCALE_eV, COARSE_SCALE_eV = 0.7, 2.0
CHANNEL_WEIGHTS = (1.0, 1.0, 1.0)
"""Of the spectrum, its derivative, and its derivative at the coarser scale."""

SIMULATED_BROADENINGS_eV = (0.0, 0.5, 1.0, 1.6)
MEASURED_BROADENINGS_eV = (0.0, 0.4)

METAL_SHIFT_eV, OXIDE_SHIFT_eV, OTHER_SHIFT_eV = (-9.5, 2.0), (-2.4, 2.3), (-3.5, 3.4)
"""Mean and standard deviation of measured less simulated energy, by bonding; measured on FEFF spectra."""
MEASURED_SHIFT_eV = (0.0, 1.5)
PRIOR_WEIGHT = 0.02
"""What a shift that is one standard deviation off costs, in units of the mean correlation."""


@dataclass(frozen=True, slots=True, eq=False)
class XanesMatches:
    """One query against n library spectra.

    Attributes:
        score: (n,) float64, mean correlation less what an unusual shift costs.
        correlation: (n,) float64, mean correlation alone.
        shift_eV: (n,) query energy less library energy at the best alignment.
        broadening_eV: (n,) what the library spectrum was broadened by.
    """

    score: NDArray[np.float64]
    correlation: NDArray[np.float64]
    shift_eV: NDArray[np.float64]
    broadening_eV: NDArray[np.float64]


def match(query: XanesWindow, table: XanesTable, is_simulation: bool = False) -> XanesMatches:
    """Compare a query with every spectrum of a table.

    Args:
        query: of the same absorber and edge.
        table: the library.
        is_simulation: the query itself is simulated by the library's kind of code: no shift is more likely than
            another.
    """
    n = len(table)
    measured = table.kind == "measured"
    centre, width = shift_prior(table)
    weight = np.where(np.full(n, is_simulation), 0.0, PRIOR_WEIGHT)
    best = XanesMatches(*(np.full(n, fill) for fill in (-1.0, -1.0, 0.0, 0.0)))
    for rows, broadenings in (
        (np.flatnonzero(~measured), SIMULATED_BROADENINGS_eV),
        (np.flatnonzero(measured), MEASURED_BROADENINGS_eV),
    ):
        if len(rows):
            _match_rows(query, table, rows, broadenings, (centre, width, weight), best)
    return best


def shift_prior(table: XanesTable) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) mean and (n,) standard deviation of the shift that is expected of each library spectrum."""
    pairs = [
        MEASURED_SHIFT_eV
        if kind == "measured"
        else METAL_SHIFT_eV
        if len(elements) == 1
        else OXIDE_SHIFT_eV
        if "O" in elements
        else OTHER_SHIFT_eV
        for kind, elements in zip(table.kind, table.elements, strict=True)
    ]
    found = np.array(pairs, np.float64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _match_rows(
    query: XanesWindow,
    table: XanesTable,
    rows: NDArray[np.int64],
    broadenings: tuple[float, ...],
    prior: tuple[NDArray[np.float64], ...],
    best: XanesMatches,
) -> None:
    """Fill `best` for some rows: all of them on a coarse grid of shifts, the best of them on a fine one.

    The coarse scan takes every second broadening: the leaders are the same.
    """
    coarse = np.arange(-WIDEST_SHIFT_eV, WIDEST_SHIFT_eV + 1e-9, COARSE_eV)
    _scan(query, table, rows, broadenings[1::2], coarse, prior, best)
    leaders = rows[np.argsort(-best.score[rows], kind="stable")[:REFINED]]
    # The window's own shift is what the E0 of both leave over of the energy shift.
    left_over = best.shift_eV[leaders] - (query.offset_eV - table.offset_eV[leaders])
    for place in np.unique(np.round(left_over / COARSE_eV)):
        group = leaders[np.round(left_over / COARSE_eV) == place]
        fine = place * COARSE_eV + np.arange(-COARSE_eV, COARSE_eV + 1e-9, FINE_eV)
        _scan(query, table, group, broadenings, fine, prior, best)


def _scan(
    query: XanesWindow,
    table: XanesTable,
    rows: NDArray[np.int64],
    broadenings: tuple[float, ...],
    shifts_eV: NDArray[np.float64],
    prior: tuple[NDArray[np.float64], ...],
    best: XanesMatches,
) -> None:
    moved, moved_known = shifted(hold_ends(query.values[None], query.known[None])[0], query.known, shifts_eV)
    asked = [(channel(moved), w) for channel, w in CHANNELS]
    held = hold_ends(table.values[rows], table.known[rows])
    known = table.known[rows].astype(np.float32)
    shift = query.offset_eV + shifts_eV[None] - table.offset_eV[rows, None]  # (r, s)
    centre, width, weight = (p[rows, None] for p in prior)
    cost = weight * ((shift - centre) / width) ** 2
    for broadening in broadenings:
        library = broadened(held, broadening)
        total = np.zeros((len(rows), len(shifts_eV)))
        for (channel, w), (wanted, _) in zip(CHANNELS, asked, strict=True):
            total += w * masked_correlation(channel(library), known, wanted, moved_known)
        total /= sum(CHANNEL_WEIGHTS)
        score = total - cost
        place = score.argmax(1)
        here = np.arange(len(rows))
        better = score[here, place] > best.score[rows]
        kept, at = rows[better], (here[better], place[better])
        best.score[kept] = score[at]
        best.correlation[kept] = total[at]
        best.shift_eV[kept] = shift[at]
        best.broadening_eV[kept] = broadening


def masked_correlation(
    a: NDArray[np.float32], a_known: NDArray[np.float32], b: NDArray[np.float32], b_known: NDArray[np.float32]
) -> NDArray[np.float64]:
    """(n, m) Pearson correlation of each of n rows with each of m rows over the points that both know."""
    a, b = a * a_known, b * b_known
    count = np.maximum(a_known @ b_known.T, 1.0).astype(np.float64)
    sum_a, sum_b = a @ b_known.T, a_known @ b.T
    covariance = a @ b.T - sum_a * sum_b / count
    variance_a = (a * a) @ b_known.T - sum_a**2 / count
    variance_b = a_known @ (b * b).T - sum_b**2 / count
    found = covariance / np.sqrt(np.maximum(variance_a * variance_b, 1e-12))
    return np.asarray(np.where(count >= LEAST_OVERLAP, found, -1.0), np.float64)


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
    """(..., 200) windows with a Gaussian laid over them, or a derivative of that."""
    if not broadening_eV:
        return values
    return np.asarray(
        scipy.ndimage.gaussian_filter1d(values, broadening_eV / STEP_eV, order=order, mode="nearest"), np.float32
    )


def _itself(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return x


_SHAPES: tuple[Callable[[NDArray[np.float32]], NDArray[np.float32]], ...] = (
    _itself,
    partial(broadened, broadening_eV=FINE_SCALE_eV, order=1),
    partial(broadened, broadening_eV=COARSE_SCALE_eV, order=1),
)
CHANNELS = tuple(zip(_SHAPES, CHANNEL_WEIGHTS, strict=True))
