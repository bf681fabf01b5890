"""The search for cells that explain the first lines of a powder pattern, lattice by lattice.

For each lattice, trial cells are made from a few of the first lines, and kept where they explain nearly all of the
first ten; those are compared with twenty, with every centring, and refined together with a zero shift.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import gemmi
import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.space_groups import CUBIC, HEXAGONAL, MONOCLINIC, ORTHORHOMBIC, TETRAGONAL, TRICLINIC
from xsearch.indexing import kernels, zone_kernels
from xsearch.indexing import search_kernels as searches
from xsearch.indexing.cell import IndexedCell
from xsearch.indexing.kernels import CENTRINGS, A, B, C, F, I, P, R
from xsearch.indexing.line_evidence_kernels import FREE_COUNTS, FREE_FORMS
from xsearch.indexing.lines import Lines, find_lines
from xsearch.indexing.settings import DEFAULTS, IndexingSettings
from xsearch.preprocess.powder import NetPattern


@dataclass(frozen=True, slots=True)
class Lattice:
    """How cells of a lattice are sought.

    Attributes:
        name: of its crystal system.
        fewest_lines: without which it is not sought.
        centrings: that it may have, as numbers of `CENTRINGS`.
        equivalents: reflections of one spacing for each one of a triclinic lattice.
    """

    name: str
    fewest_lines: int
    centrings: tuple[int, ...]
    equivalents: int


FOLDS = {P: 1, A: 2, B: 2, C: 2, I: 2, F: 4, R: 3}
"""Lattice points of a cell by its centring."""

LATTICES = {
    CUBIC: Lattice("cubic", 4, (P, I, F), 24),
    HEXAGONAL: Lattice("hexagonal", 6, (P, R), 12),
    TETRAGONAL: Lattice("tetragonal", 6, (P, I), 8),
    ORTHORHOMBIC: Lattice("orthorhombic", 8, (P, A, B, C, I, F), 4),
    MONOCLINIC: Lattice("monoclinic", 10, (P, A, C, I), 2),
    TRICLINIC: Lattice("triclinic", 12, (P,), 1),
}
"""Lattices by their codes in the kernels, the most symmetric first."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A cell by its quadratic form; see `IndexedCell` for the rest.

    Cells are sorted by `rank`: the figure of merit, less for each unindexed line and for each free parameter.
    Parameters fit by themselves, and some lattices share their lines with one of lower symmetry and half the size.
    """

    lattice: int
    centring: int
    form: NDArray[np.float64]
    m_n: float
    unindexed: int
    reflections: int
    zero_shift_deg: float
    deviation_deg: float
    rank: float

    @property
    def volume_A3(self) -> float:
        """Of the conventional cell."""
        return float(kernels.volume(self.form))


JOINED_ZONES = -1
"""Code of the search of all lattices by pairs of zones."""


def find_cells(lines: Lines, most: int | None = None, settings: IndexingSettings = DEFAULTS) -> list[IndexedCell]:
    """The cells that explain lines, the best first, each lattice once; at most `most` of them.

    A zero shift larger than the error of a position hides every cell; so where nothing fits well, the lines are
    shifted first.
    """
    trials: list[Trial] = []
    for zero_shift_deg in settings.zero_shifts_deg:
        trials += trial_cells(lines, zero_shift_deg, settings)
        if max((trial.rank for trial in trials), default=0.0) > settings.clear_rank:
            break
    return [as_cell(trial, lines, settings) for trial in different(trials, most, settings)]


@lru_cache(maxsize=2)
def trials_of(pattern: NetPattern) -> tuple[Lines, tuple[Trial, ...]]:
    """All lines of a pattern, and the best cells of every lattice by its first ones; those of the last are kept."""
    lines = find_lines(pattern)
    return lines, tuple(trial_cells(lines.first(DEFAULTS.n_lines)))


def trial_cells(lines: Lines, zero_shift_deg: float = 0.0, settings: IndexingSettings = DEFAULTS) -> list[Trial]:
    """The best cells of every lattice and centring, refined; in no order.

    Args:
        lines: the first ones of a pattern.
        zero_shift_deg: to search with, and to refine from.
        settings: of the indexing.
    """
    return [
        refined(form, code, centring, lines, zero_shift_deg, settings)
        for code, forms in searched_forms(lines, zero_shift_deg, settings)
        for form in forms
        for centring in LATTICES[code].centrings
    ]


def searched_forms(
    lines: Lines, zero_shift_deg: float = 0.0, settings: IndexingSettings = DEFAULTS
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """The code of each lattice and the (m, 6) quadratic forms of its best trial cells, from lines less a zero shift."""
    error = lines.inverse_d_sq_error
    q = lines.inverse_d_sq - error / lines.error_deg * zero_shift_deg
    for code, lattice in LATTICES.items():
        if len(q) >= lattice.fewest_lines:
            yield code, _search(code, q, error, _largest_volume(q, lattice, settings), settings)
    if settings.joins_zones and len(q) >= LATTICES[MONOCLINIC].fewest_lines:
        largest = _largest_volume(q, LATTICES[MONOCLINIC], settings)
        yield TRICLINIC, _search(JOINED_ZONES, q, error, largest, settings)


def _largest_volume(q: NDArray[np.float64], lattice: Lattice, settings: IndexingSettings) -> float:
    """From how many lines there are up to the last: a triclinic lattice has 2/3 π V q^(3/2) of different spacing."""
    triclinic = len(q) / (2 / 3 * np.pi * q[-1] ** 1.5)
    fold = max(FOLDS[centring] for centring in lattice.centrings) if settings.counts_centring else 1
    return float(min(triclinic * lattice.equivalents * fold / settings.least_seen, settings.largest_volume_A3))


def _search(
    code: int, q: NDArray[np.float64], error: NDArray[np.float64], largest_A3: float, chosen: IndexingSettings
) -> NDArray[np.float64]:
    """(m, 6) quadratic forms of the best trial cells of a lattice."""
    forms, figures = np.zeros((chosen.kept, 6)), np.zeros(chosen.kept)
    checked, floor = min(chosen.n_checked, len(q)), chosen.deviation_floor
    given = (
        q,
        error,
        checked,
        chosen.spare_lines,
        floor,
        largest_A3,
        chosen.most_unindexed,
        chosen.refines,
        forms,
        figures,
    )
    if code in (HEXAGONAL, TETRAGONAL):
        searches.search_uniaxial(code, *given)
    else:
        search = {
            CUBIC: searches.search_cubic,
            ORTHORHOMBIC: searches.search_orthorhombic,
            MONOCLINIC: searches.search_monoclinic,
            TRICLINIC: searches.search_triclinic,
            JOINED_ZONES: zone_kernels.search_zones,
        }[code]
        search(*given)
    return forms[figures > 0]


def refined(
    form: NDArray[np.float64],
    code: int,
    centring: int,
    lines: Lines,
    zero_shift_deg: float = 0.0,
    settings: IndexingSettings = DEFAULTS,
) -> Trial:
    """The best of a few rounds of least squares on the lines that a cell explains, with a zero shift.

    Args:
        form: (6,) the trial cell. code, centring: of its lattice.
        lines: to fit. zero_shift_deg: to start from.
        settings: of the indexing.
    """
    q, error = lines.inverse_d_sq, lines.inverse_d_sq_error
    free = FREE_FORMS[code, : FREE_COUNTS[code]]
    per_degree = error / lines.error_deg
    away, hkl = np.empty(len(q)), np.zeros((len(q), 3), np.int64)
    zero, best = zero_shift_deg, None
    for _ in range(settings.refinement_rounds):
        count = kernels.assign(form, code, centring, q - per_degree * zero, away, hkl)
        m_n, unindexed = kernels.figure_of_merit(away, q, error, settings.deviation_floor, count)
        good = np.abs(away) <= error
        deviation = float(np.abs(away / per_degree)[good].mean()) if good.any() else np.inf
        rank = m_n * settings.unindexed_cost**unindexed * settings.parameter_cost ** len(free)
        trial = Trial(code, centring, form, m_n, unindexed, count, zero, deviation, rank)
        if best is None or trial.rank > best.rank:
            best = trial
        if good.sum() <= len(free) + 1:
            break
        h, k, m = hkl[good].T
        terms = np.array([h * h, k * k, m * m, k * m, h * m, h * k], float)
        design = np.column_stack([(free @ terms).T / error[good, None], np.full(good.sum(), 1 / lines.error_deg)])
        design = np.vstack([design, [*np.zeros(len(free)), 1 / settings.zero_shift_sigma_deg]])
        solution = np.linalg.lstsq(design, np.append(q[good] / error[good], 0.0), rcond=None)[0]
        form, zero = solution[:-1] @ free, float(solution[-1])
        if not 0.8 < kernels.volume(form) / best.volume_A3 < 1.25:
            break
    assert best is not None
    return best


def as_cell(trial: Trial, lines: Lines, settings: IndexingSettings = DEFAULTS) -> IndexedCell:
    """A trial cell in its usual setting."""
    metric, centring = _metric(trial.form), trial.centring
    if trial.lattice in (ORTHORHOMBIC, MONOCLINIC):
        order, centring = _usual_axes(np.diag(metric), trial.lattice, centring)
        metric = metric[np.ix_(order, order)]
    parameters = _parameters(metric)
    if trial.lattice == MONOCLINIC:
        parameters[4] = max(parameters[4], 180 - parameters[4])
    indexed = len(lines.two_theta_deg) - trial.unindexed
    deviation = max(trial.deviation_deg, settings.deviation_floor * lines.error_deg)
    return IndexedCell(
        LATTICES[trial.lattice].name,
        CENTRINGS[centring],
        parameters,
        trial.volume_A3,
        trial.m_n,
        indexed / (deviation * trial.reflections),
        trial.unindexed,
        trial.reflections,
        trial.zero_shift_deg,
    )


def form_parameters(form: NDArray[np.float64]) -> NDArray[np.float64]:
    """(6,) parameters of the cell of a quadratic form: lengths in Å, angles in degrees."""
    return _parameters(_metric(form))


def _metric(form: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) metric of a quadratic form's cell, in Å²."""
    a, b, c, d, e, f = form
    return np.linalg.inv(np.array([[a, f / 2, e / 2], [f / 2, b, d / 2], [e / 2, d / 2, c]]))


def _parameters(metric: NDArray[np.float64]) -> NDArray[np.float64]:
    """(6,) lengths in Å and angles in degrees."""
    lengths = np.sqrt(np.diag(metric))
    cosines = [metric[i, j] / lengths[i] / lengths[j] for i, j in ((1, 2), (0, 2), (0, 1))]
    return np.concatenate([lengths, np.degrees(np.arccos(cosines))])


def _usual_axes(squares: NDArray[np.float64], lattice: int, centring: int) -> tuple[list[int], int]:
    """An order of axes in which one face is centred by C, and equal ones go by length; and the centring then."""
    if lattice == MONOCLINIC:
        return ([2, 1, 0], C) if centring == A else ([0, 1, 2], centring)
    if centring in (A, B, C):
        across = centring - A
        sides = sorted({0, 1, 2} - {across}, key=lambda axis: float(squares[axis]))
        return [*sides, across], C
    return sorted(range(3), key=lambda axis: float(squares[axis])), centring


def different(trials: list[Trial], most: int | None = None, settings: IndexingSettings = DEFAULTS) -> list[Trial]:
    """The best description of each lattice, the best lattice first; at most `most` of them."""
    kept: list[Trial] = []
    reduced: list[NDArray[np.float64]] = []
    for trial in sorted(trials, key=lambda trial: -trial.rank):
        full = len(kept) == most
        if full and trial.rank <= settings.least_of_best * min((one.rank for one in kept), default=np.inf):
            break
        now = _reduced(trial)
        place = next((i for i, other in enumerate(reduced) if _is_same(now, other, settings)), None)
        if place is None:
            if not full:
                kept.append(trial)
                reduced.append(now)
        elif trial.lattice > kept[place].lattice and trial.rank > settings.least_of_best * kept[place].rank:
            kept[place] = trial
    return kept


def _reduced(trial: Trial) -> NDArray[np.float64]:
    """(6,) parameters of the reduced primitive cell."""
    vector = gemmi.GruberVector(gemmi.UnitCell(*_parameters(_metric(trial.form))), CENTRINGS[trial.centring])
    vector.niggli_reduce()
    return np.array(vector.cell_parameters())


def _is_same(one: NDArray[np.float64], other: NDArray[np.float64], settings: IndexingSettings) -> bool:
    lengths = np.allclose(one[:3], other[:3], rtol=settings.same_length)
    return lengths and np.allclose(one[3:], other[3:], rtol=0, atol=settings.same_angle_deg)
