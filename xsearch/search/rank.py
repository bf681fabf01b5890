"""Ranking: the evidence of the match, of the strain and of the prior in one number, and duplicates folded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.sample_conditions import SOLID, UNSTATED, SampleConditions
from xsearch.fit.correlation import Matches, closeness
from xsearch.fit.pattern_fit import LeBailFit
from xsearch.indexes import Index
from xsearch.indexes.columns import Columns
from xsearch.indexes.prior import log_prior
from xsearch.options import ANY, Constraints, Prior
from xsearch.search.settings import DEFAULTS, PowderSettings, RankingSettings
from xsearch.simulate.strain import strain_modes


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The terms of the score, each (k,), natural logarithms up to a constant.

    `missing_elements` is what given elements cost that a row lacks. `le_bail_fits` holds Le Bail fits by place, of the
    few rows that have one, and `closeness` (k, scales) what the match gave them before; `settings` are of the ranking.
    """

    match: NDArray[np.float64]
    recall: NDArray[np.float64]
    strain: NDArray[np.float64]
    shape: NDArray[np.float64]
    lines: NDArray[np.float64]
    prior: NDArray[np.float64]
    missing_elements: NDArray[np.float64]
    closeness: NDArray[np.float64]
    le_bail_fits: Mapping[int, LeBailFit] = field(default_factory=dict)
    settings: RankingSettings = DEFAULTS.ranking

    @property
    def intensities(self) -> NDArray[np.float64]:
        """(k,) of fitted lines: what preferred orientation brings, and how well points agree.

        Plates and needles change intensities, so that the correlation with that orientation counts where it is better.
        Rows that were not fitted, since others were ahead, get no more than the least of those that were.
        """
        found, numbers = np.zeros(len(self.match)), self.settings
        if not self.le_bail_fits:
            return found
        for place, one in self.le_bail_fits.items():
            oriented = closeness(np.array(one.correlations)) - self.closeness[place]
            found[place] = (
                numbers.fitted_bonus
                + np.maximum(oriented, 0) @ np.array(numbers.correlation_weights)
                - numbers.march_weight * min(one.log_march**2, numbers.most_march)
                - numbers.points_weight * np.log(max(one.points, numbers.least_points))
            )
        fitted = np.isin(np.arange(len(found)), list(self.le_bail_fits))
        return np.where(fitted, found, found[fitted].min())

    @property
    def is_explained(self) -> bool:
        """Whether a fitted row has the pattern's lines and their intensities."""
        return any(fit.whole < self.settings.good_whole for fit in self.le_bail_fits.values())

    @property
    def unfitted(self) -> Evidence:
        """The same without Le Bail fits."""
        return replace(self, le_bail_fits={})

    @property
    def of_pattern(self) -> NDArray[np.float64]:
        """(k,) the sum of what the pattern says."""
        return self.match + self.recall + self.strain + self.shape + self.lines + self.intensities

    @property
    def total(self) -> NDArray[np.float64]:
        """(k,) their sum."""
        return self.of_pattern + self.prior + self.missing_elements


def weigh(
    index: Index,
    matches: Matches,
    recall_score: NDArray[np.float32],
    prior: Prior,
    settings: PowderSettings = DEFAULTS,
    constraints: Constraints = ANY,
    conditions: SampleConditions = UNSTATED,
    ranking: RankingSettings | None = None,
) -> Evidence:
    """The evidence for each matched row.

    Args:
        index: of the rows.
        matches: of k rows.
        recall_score: (k,) in recall.
        prior: which prior counts.
        settings: of the correlation and of the prior.
        constraints: given elements that a row lacks are a cost.
        conditions: of the sample: cells determined under others are less certain, and a little less likely.
        ranking: of the terms; by default that of `settings`.
    """
    ranking, correlation = ranking or settings.ranking, settings.correlation
    columns = index.columns
    measured = columns.is_measured[matches.rows] == 1
    isotropic = strain_modes(columns.crystal_system[matches.rows]) == 1
    stated = index.stated_conditions[:, matches.rows]
    strain_sigma = np.where(measured, ranking.measured_strain_sigma, ranking.strain_sigma)
    strain_sigma = np.hypot(strain_sigma, SOLID.uncertainty * conditions.strain(*stated))
    shape_sigma = np.where(measured & ~isotropic, ranking.measured_shape_sigma, ranking.shape_sigma)
    return Evidence(
        match=_correlated(matches, ranking),
        recall=ranking.recall_weight * closeness(recall_score.astype(np.float64), correlation),
        strain=_heavy_tailed(
            _weighed_strain(matches, ranking) - matches.expected,
            strain_sigma,
            ranking.strain_sigma,
            ranking.strain_weight,
        ),
        shape=_heavy_tailed(matches.shape_change, shape_sigma, ranking.shape_sigma, ranking.shape_weight),
        lines=lines_evidence(index, matches.rows, ranking),
        prior=ranking.prior_weight * log_prior(columns, matches.rows, prior, settings.prior)
        - (prior is Prior.KNOWN)
        * (
            ranking.gas_cost * index.is_gas[matches.rows]
            + ranking.other_conditions_cost * conditions.are_other(*stated)
        ),
        missing_elements=np.asarray(
            -ranking.missing_element_cost * missing_elements(columns, matches.rows, constraints), np.float64
        ),
        closeness=closeness(matches.correlations, matches.settings),
        settings=ranking,
    )


def missing_elements(columns: Columns, rows: NDArray[np.int64], constraints: Constraints) -> NDArray[np.int64]:
    """(k,) how many of the elements of `only` rows lack; the rows hold no others. Nothing else says what is there."""
    if constraints.only is None:
        return np.zeros(len(rows), np.int64)
    return np.maximum(0, len(constraints.only) - columns.n_elements[rows].astype(np.int64))


def _correlated(matches: Matches, ranking: RankingSettings) -> NDArray[np.float64]:
    """(k,) evidence of the correlations, with shapes free and kept."""
    found = closeness(matches.correlations, matches.settings) @ np.array(ranking.correlation_weights)
    if matches.isotropic_correlations is None:
        return np.asarray(found)
    kept = closeness(matches.isotropic_correlations, matches.settings) @ np.array(ranking.isotropic_weights)
    return np.asarray(found + kept)


def _weighed_strain(matches: Matches, ranking: RankingSettings) -> NDArray[np.float64]:
    """(k,) the mean strain that is weighed."""
    kept = matches.isotropic_strain
    return matches.strain if kept is None or not any(ranking.isotropic_weights) else kept


def lines_evidence(
    index: Index, rows: NDArray[np.int64], settings: RankingSettings = DEFAULTS.ranking
) -> NDArray[np.float64]:
    """(k,) what the number of a row's lines costs."""
    offsets = index.reflection_arrays.offsets
    return -settings.lines_weight * np.log(np.maximum(offsets[rows + 1] - offsets[rows], settings.fewest_lines))


def _heavy_tailed(
    away: NDArray[np.float64], sigma: NDArray[np.float64], usual_sigma: float, weight: float
) -> NDArray[np.float64]:
    """(k,) logarithmic density of a deviation, 0 for none in a cell of the usual uncertainty."""
    return np.log(usual_sigma / sigma) - weight * np.log1p((away / sigma) ** 2 / 3)


def phases(
    index: Index, matches: Matches, total: NDArray[np.float64], settings: RankingSettings = DEFAULTS.ranking
) -> list[list[int]]:
    """Places in `matches` grouped into phases by their strained cells, see `fold`. Ties go by row."""
    volume = volumes(index.columns.cell[matches.rows]) * np.exp(3 * matches.strain)
    return fold(index.columns, matches.rows, best_first(matches.rows, total), volume, settings.same_phase_volume)


def best_first(rows: NDArray[np.int64], total: NDArray[np.float64]) -> list[int]:
    """Places by falling evidence; ties go by row."""
    return [int(place) for place in np.lexsort((rows, -total))]


def fold(
    columns: Columns, rows: NDArray[np.int64], order: list[int], volume: NDArray[np.float64], tolerance: float
) -> list[list[int]]:
    """Places grouped into phases, the best phase first and the best place of each first.

    One phase is: a material and its measured cells, entries that repeat another, and entries of one formula and space
    group whose volumes agree.

    Args:
        columns: of the index.
        rows: (k,) rows of the index; below 0 for what is no row, and a phase of its own.
        order: the places, the best first.
        volume: (k,) of the conventional cells in Å³.
        tolerance: by what share the volumes of one phase may differ.
    """
    groups: list[list[int]] = []
    by_owner: dict[int, int] = {}
    by_kind: dict[tuple[int, int], list[int]] = {}
    for place in order:
        row = int(rows[place])
        if row < 0:
            groups.append([place])
            continue
        owner = row
        for link in (columns.cell_of, columns.duplicate_of):
            owner = int(link[owner]) if link[owner] >= 0 else owner
        kind = (int(columns.formula_group[row]), int(columns.space_group[row]))
        group = by_owner.get(owner)
        if group is None:
            same = (g for g in by_kind.get(kind, []) if abs(volume[place] / volume[groups[g][0]] - 1) < tolerance)
            group = next(same, None)
        if group is None:
            group = len(groups)
            groups.append([])
            by_kind.setdefault(kind, []).append(group)
        by_owner.setdefault(owner, group)
        groups[group].append(place)
    return groups


def volumes(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) volumes of cells (k, 6) in Å³; those of conventional cells of one space group can be compared."""
    cosines = np.cos(np.radians(cells[:, 3:]))
    root = 1 - (cosines**2).sum(axis=1) + 2 * cosines.prod(axis=1)
    return np.asarray(cells[:, :3].prod(axis=1) * np.sqrt(np.maximum(root, 1e-9)))
