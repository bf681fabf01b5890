"""Thorough indexing: cells from many selections of lines, ranked by the evidence of the whole pattern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.formula_units import log_units
from xsearch.chemistry.space_groups import TRICLINIC
from xsearch.indexing.comparison import reduced_cell
from xsearch.indexing.derived import form_of, multiples, parts, primitive_lattice, settings_of
from xsearch.indexing.evidence import CellFit, fit_cell
from xsearch.indexing.kernels import CENTRINGS, P, volume
from xsearch.indexing.line_evidence_kernels import FREE_COUNTS, FREE_FORMS
from xsearch.indexing.lines import Lines, find_lines
from xsearch.indexing.pool import Pool, joined, pool_of, refined_pool, selections
from xsearch.indexing.profile import Profile, profile_of
from xsearch.indexing.reduction import lattice_points, voronoi_lengths
from xsearch.indexing.search import form_parameters
from xsearch.indexing.settings import THOROUGH, ThoroughSettings
from xsearch.preprocess.powder import NetPattern

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RankedCell:
    """A cell with its evidence.

    Attributes:
        lattice, centring: codes of the refined cell.
        fit: of the whole pattern.
        wavelength_A: of the lines, Kα1's where Kα2 is there.
        line_evidence: of the line positions, natural logarithm.
        parts: of the evidence, see `evidence.PARTS`.
        log_evidence: their weighted sum.
    """

    lattice: int
    centring: int
    fit: CellFit
    wavelength_A: float
    line_evidence: float
    parts: tuple[float, ...]
    log_evidence: float

    @property
    def reduced(self) -> Array:
        """(6,) parameters of the reduced primitive cell."""
        return reduced_cell(form_parameters(self.fit.form), CENTRINGS[self.centring])

    def log_odds_of_units(self, formula: Mapping[str, float]) -> float:
        """Natural logarithm of how usual its volume is for the likeliest whole number of units; -inf for none."""
        found = log_units(volume(self.fit.form), lattice_points(CENTRINGS[self.centring]), formula)
        return max(found.values(), default=-np.inf)


def ranked_cells(net: NetPattern, settings: ThoroughSettings = THOROUGH) -> list[RankedCell]:
    """The cells of a pattern, the one with the largest evidence first, each lattice once."""
    lines = find_lines(net, settings.search.lines)
    if len(lines.height) < settings.pool.fewest_lines:
        return []
    pool = different(search(lines, settings), settings.pool.considered, settings)
    if not len(pool):
        return []
    pool = different(joined([pool, symmetrised(pool, lines, settings)]), settings.pool.considered, settings)
    pool = different(joined([pool, derived(pool, lines, settings)]), settings.pool.fitted, settings)
    return fitted(profile_of(net, lines, settings.evidence), pool, settings)


def search(lines: Lines, settings: ThoroughSettings) -> Pool:
    """Trial cells from one selection of lines after another, until a cell explains them clearly."""
    pools: list[Pool] = []
    chosen = list(selections(lines, settings.pool, settings.search.n_lines))
    for zero_deg in settings.search.zero_shifts_deg:
        for some in chosen:
            pools.append(pool_of(lines, some, zero_deg, settings.pool, settings.search))
            if len(pools[-1]) and pools[-1].evidence[0] > settings.pool.clear_evidence:
                return joined(pools)
    return joined(pools)


def different(pool: Pool, most: int, settings: ThoroughSettings) -> Pool:
    """The likeliest description of each lattice; at most `most` of them."""
    compared = min(len(pool), settings.pool.compared)
    if not compared:
        return pool.take(np.arange(0))
    cells = np.array([form_parameters(form) for form in pool.forms[:compared]])
    lengths = np.log(voronoi_lengths(cells, [CENTRINGS[code] for code in pool.centrings[:compared]]))
    kept: list[int] = []
    for i in range(compared):
        if not np.isfinite(lengths[i]).all():
            continue
        if kept and (np.abs(lengths[kept] - lengths[i]).max(axis=1) < settings.pool.same_lattice).any():
            continue
        kept.append(i)
        if len(kept) == most:
            break
    return pool.take(np.array(kept, np.int64))


def symmetrised(pool: Pool, lines: Lines, settings: ThoroughSettings) -> Pool:
    """The lattices of a pool with the symmetries that they nearly have, refined with them."""
    forms, lattices, centrings, zeros = [], [], [], []
    for i in range(len(pool)):
        lattice = primitive_lattice(pool.forms[i], int(pool.centrings[i]))
        for form, code, centring in settings_of(lattice, settings.pool.symmetry_tolerances):
            if code > pool.lattices[i]:
                forms.append(form)
                lattices.append(code)
                centrings.append(centring)
                zeros.append(pool.zeros_deg[i])
    return _refined(forms, lattices, centrings, zeros, lines, settings)


def derived(pool: Pool, lines: Lines, settings: ThoroughSettings) -> Pool:
    """Multiples and parts of the likeliest lattices, with the symmetries that they have."""
    forms, zeros = [], []
    for i in range(min(len(pool), settings.pool.derived_from)):
        lattice = primitive_lattice(pool.forms[i], int(pool.centrings[i]))
        for index in settings.pool.derived_indices:
            for one in (*multiples(lattice, index), *parts(lattice, index)):
                forms.append(form_of(one))
                zeros.append(pool.zeros_deg[i])
    n = len(forms)
    found = _refined(forms, [TRICLINIC] * n, [P] * n, zeros, lines, settings)
    found = different(found, settings.pool.derived_kept, settings)
    return joined([found, symmetrised(found, lines, settings)])


def _refined(
    forms: Sequence[Array],
    lattices: Sequence[int],
    centrings: Sequence[int],
    zeros: Sequence[float],
    lines: Lines,
    settings: ThoroughSettings,
) -> Pool:
    return refined_pool(
        np.array(forms, np.float64).reshape(-1, 6), np.array(lattices, np.int64), np.array(centrings, np.int64),
        np.array(zeros, np.float64), lines, settings.pool,
    )  # fmt: skip


def fitted(profile: Profile, pool: Pool, settings: ThoroughSettings) -> list[RankedCell]:
    """The cells of a pool fitted to the pattern, the one with the largest evidence first."""
    fits: list[tuple[int, CellFit]] = []
    for i in range(len(pool)):
        code = int(pool.lattices[i])
        free = FREE_FORMS[code, : FREE_COUNTS[code]]
        fit = fit_cell(
            profile, pool.forms[i], code, int(pool.centrings[i]), free, float(pool.zeros_deg[i]), settings.evidence
        )
        if fit is not None and volume(fit.form) > 0:
            fits.append((i, fit))
    if not fits:
        return []
    points = len(profile.counts)
    scale = max(1.0, min(fit.squares for _, fit in fits) / points)
    ranked = []
    for i, fit in fits:
        lines = float(pool.evidence[i])
        parts = fit.parts(scale, lines)
        weighed = float(np.dot(settings.evidence.weights, parts))
        code, centring = int(pool.lattices[i]), int(pool.centrings[i])
        ranked.append(RankedCell(code, centring, fit, profile.wavelengths_A[0], lines, parts, weighed))
    return sorted(ranked, key=lambda one: -one.log_evidence)


def probabilities(ranked: Sequence[RankedCell], settings: ThoroughSettings = THOROUGH) -> Array:
    """(n,) probabilities that each cell is right; they add up to less than 1, since none of them may be.

    Against each other cells count by their evidence; that the right one is among them is a logistic function of the
    best evidence of lines.
    """
    if not ranked:
        return np.empty(0)
    evidence = np.array([one.log_evidence for one in ranked])
    share = np.exp(evidence - evidence.max())
    best = max(one.line_evidence for one in ranked)
    among = 1 / (1 + np.exp(-(settings.among_offset + settings.among_slope * best)))
    return np.asarray(among * share / share.sum())
