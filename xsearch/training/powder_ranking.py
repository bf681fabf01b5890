"""Fit what the terms of the evidence weigh in a search by powder pattern, on simulated measurements alone.

    python -m xsearch.training.powder_ranking FOLDER [--index mp] [--patterns 5000] [--without LABELLED.parquet] [--fit]

Half of the patterns are simulated from measured cells that the index links to computed entries, as they are, so that
the computed entry has to be found in spite of the differences between the two; half from computed entries that were
reported, strained as real crystals are. Every formula comes once; those of the table `--without`, whose patterns judge
the result, not at all. Terms of the matched rows are kept in FOLDER, one file a pattern, so that a run goes on where it
was stopped. `--fit` finds the weights from what is there: a conditional logit of the right entry among those matched,
with folds by formula (McFadden 1974). The weights are defaults of `xsearch.search.settings.RankingSettings`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import scipy
from numpy.typing import NDArray

from xsearch.data.labelled_patterns import labelled_formulas
from xsearch.data.simulated_measurements import laboratory, measured_row
from xsearch.errors import SpectrumError
from xsearch.fit.correlation import closeness
from xsearch.indexes import Index, sql
from xsearch.options import Constraints, Prior
from xsearch.preprocess.powder import net_pattern
from xsearch.progress import open_progress
from xsearch.search import SearchIndex, open_index
from xsearch.search.rank import phases, weigh
from xsearch.search.selection import Selection, rows_with
from xsearch.search.settings import DEFAULTS, RankingSettings
from xsearch.simulate.conditions import MEAN_STRAIN, Conditions, conditions_of, draw_many
from xsearch.training.settings import POWDER_RANKING

Array = NDArray[np.float64]

UNIT = RankingSettings(recall_weight=1.0, prior_weight=1.0, strain_weight=1.0, gas_cost=0.0, other_conditions_cost=0.0)
"""Weights with which the evidence gives terms as features."""

FEATURES = (
    "correlation_0", "correlation_1", "correlation_2", "isotropic_0", "isotropic_2", "recall", "strain", "prior", "gas",
    "points", "march", "fitted",
)  # fmt: skip
"""What the weights multiply, in the order of a file's columns."""

OF_FITS = ("points", "march", "fitted")
"""Features that Le Bail fits give; the first three they change."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One simulated pattern and the rows that were matched with it.

    Attributes:
        source: `measured` or `computed`, the kind of cell that it was simulated from.
        features: (k, features) of the rows of the first phases, and of the right ones.
        group: (k,) number of each row's phase in the ranking that was in force.
        right: (k,) which rows are right.
        unfitted: (k, 3) correlation features as they are without Le Bail fits.
    """

    source: str
    features: Array
    group: NDArray[np.int64]
    right: NDArray[np.bool_]
    unfitted: Array

    def with_fits(self, phases: int) -> Case:
        """The same pattern with Le Bail fits of so many of the first phases."""
        features, later = self.features.copy(), self.group >= phases
        features[later, :3] = self.unfitted[later]
        for name in OF_FITS:
            features[later, FEATURES.index(name)] = 0.0
        return replace(self, features=features)


def samples(index: Index, count: int, without: Collection[str], seed: int = 2) -> Iterator[tuple[str, int]]:
    """Rows to simulate, measured cells and computed entries in turn, every formula once."""
    random = np.random.default_rng(seed)
    columns = index.columns
    names = dict(index.sql(sql.FORMULA_OF_ROWS).fetchall())
    pools = {
        "measured": np.flatnonzero(columns.cell_of >= 0),
        "computed": np.flatnonzero((columns.cell_of < 0) & (columns.is_theoretical != 1)),
    }
    seen = {source: set(without) for source in pools}
    turns = {source: iter(random.permutation(rows).tolist()) for source, rows in pools.items()}
    given = 0
    while given < count and turns:
        for source in list(turns):
            row = next((row for row in turns[source] if names[_owner(index, row)] not in seen[source]), None)
            if row is None:
                del turns[source]
                continue
            seen[source].add(names[_owner(index, row)])
            given += 1
            yield source, row


def conditions_for(index: Index, source: str, row: int, number: int, random: np.random.Generator) -> Conditions:
    """Conditions of a laboratory; a measured cell is taken as it is, a computed one strained about its expectation.

    Args:
        index: of the row.
        source: `measured` or `computed`.
        row: that is measured.
        number: of the pattern; seven of ten are of copper over the range that laboratories use for minerals.
        random: for what is drawn.
    """
    record = draw_many(1, random)
    if source == "measured":
        record["mean_strain"], record["shape_strain"] = 0.0, 0.0
    else:
        record["mean_strain"] += index.columns.expected_strain[row] - MEAN_STRAIN
    drawn, (few, many) = conditions_of(record[0]), POWDER_RANKING.laboratory
    return laboratory(drawn, random) if number % many < few else drawn


def case_of(opened: SearchIndex, selected: Selection, source: str, row: int, number: int) -> Case:
    """Simulate a row, search for it among computed entries, and take the terms of what was matched.

    Args:
        opened: the index. selected: its computed entries.
        source: `measured` or `computed`.
        row: that is measured.
        number: of the pattern.

    Raises:
        SpectrumError: where the pattern shows no line.
    """
    index, settings, random = opened.index, selected.settings, np.random.default_rng([number, row])
    pattern = net_pattern(measured_row(index, row, conditions_for(index, source, row, number, random), random))
    places = selected.recall(pattern)
    if opened.has_vectors:
        nearest = opened.nearest_neighbours(pattern, selected.rows, settings.vectors.rows)
        places = np.union1d(places, nearest.places)
    matches, evidence = selected.match(pattern, places)
    groups = phases(index, matches, evidence.total, settings.ranking)
    first = [group[0] for group in groups[: POWDER_RANKING.fitted]]
    fitted = selected.with_le_bail_fits(pattern, matches, evidence, first).le_bail_fits
    unit = weigh(index, matches, np.zeros(len(matches.rows), np.float32), Prior.KNOWN, settings, ranking=UNIT)
    assert matches.isotropic_correlations is not None
    close, kept = (
        closeness(found, matches.settings) for found in (matches.correlations, matches.isotropic_correlations)
    )
    of_fit, unfitted = np.zeros((len(matches.rows), 3)), close.copy()
    for place, fit in fitted.items():
        close[place] = np.maximum(close[place], closeness(np.array(fit.correlations), matches.settings))
        points = max(fit.points, settings.ranking.least_points)
        of_fit[place] = -np.log(points), -min(fit.log_march**2, settings.ranking.most_march), 1.0
    features = np.column_stack(
        [
            close, kept[:, [0, 2]], evidence.recall / settings.ranking.recall_weight, unit.strain, unit.prior,
            -index.is_gas[matches.rows].astype(np.float64), of_fit,
        ]
    )  # fmt: skip
    owner = _owner(index, row)
    columns = index.columns
    right = (columns.formula_group[matches.rows] == columns.formula_group[owner]) & (
        columns.space_group[matches.rows] == columns.space_group[owner]
    )
    group = np.empty(len(matches.rows), np.int64)
    for number, one in enumerate(groups):
        group[one] = number
    held = (group < POWDER_RANKING.phases_kept) | right
    return Case(source, features[held], group[held], right[held], unfitted[held])


def _owner(index: Index, row: int) -> int:
    """The entry that a measured cell is of, or the row itself."""
    owner = int(index.columns.cell_of[row])
    return row if owner < 0 else owner


def collect(opened: SearchIndex, folder: Path, count: int, without: Collection[str], first: int = 0) -> None:
    """Fill a folder with cases, one file a pattern; what is there is not made again, nor what comes before `first`."""
    folder.mkdir(parents=True, exist_ok=True)
    index = opened.index
    rows = rows_with(index, Constraints(), False)
    selected = Selection(index, rows, opened.profiles(rows), Prior.KNOWN, opened.threads, DEFAULTS)
    with open_progress(True, sys.stderr) as progress:
        progress.start("patterns", count)
        for number, (source, row) in enumerate(samples(index, count, without)):
            path = folder / f"{number:05d}.npz"
            if number >= first and not path.exists():
                try:
                    case = case_of(opened, selected, source, row, number)
                except SpectrumError:
                    nothing = np.empty((0, len(FEATURES)))
                    case = Case(source, nothing, np.empty(0, np.int64), np.empty(0, np.bool_), nothing[:, :3])
                aside = path.with_suffix(".part.npz")
                np.savez_compressed(
                    aside,
                    source=source,
                    features=case.features.astype(np.float32),
                    group=case.group,
                    right=case.right,
                    unfitted=case.unfitted.astype(np.float32),
                )
                aside.replace(path)
            progress.advance(1)


def read_cases(folder: Path) -> list[Case]:
    """The cases of a folder; those whose pattern shows no line are left out."""
    found = []
    for path in sorted(folder.glob("?????.npz")):
        with np.load(path) as stored:
            if len(stored["right"]):
                features, unfitted = stored["features"].astype(float), stored["unfitted"].astype(float)
                found.append(Case(str(stored["source"]), features, stored["group"], stored["right"], unfitted))
    return found


def fit_weights(cases: list[Case], names: Collection[str] = FEATURES, ridge: float = POWDER_RANKING.ridge) -> Array:
    """(features,) weights that make the right rows likeliest: penalised likelihood of a conditional logit.

    Args:
        cases: with a right row among the matched ones; others say nothing.
        names: features that may weigh; the others get zero.
        ridge: penalty of squared weights in units of the features' spreads.
    """
    used = np.array([name in names for name in FEATURES])
    useful = [case for case in cases if case.right.any()]
    spread = np.std(np.concatenate([case.features for case in useful]), axis=0) + 1e-9
    scaled = [case.features[:, used] / spread[used] for case in useful]

    def loss(weights: Array) -> tuple[float, Array]:
        value, slope = 0.5 * ridge * float(weights @ weights), ridge * weights
        for features, case in zip(scaled, useful, strict=True):
            score = features @ weights
            share = np.exp(score - score.max())
            share /= share.sum()
            right = share[case.right].sum() + 1e-12
            value -= float(np.log(right)) / len(useful)
            slope -= features.T @ (np.where(case.right, share, 0) / right - share) / len(useful)
        return value, slope

    found = scipy.optimize.minimize(loss, np.zeros(int(used.sum())), jac=True, method="L-BFGS-B").x
    weights = np.zeros(len(FEATURES))
    weights[used] = found / spread[used]
    return weights


def rank(case: Case, weights: Array) -> int:
    """Number, from 1, of the phase that the first right row is in; one more than all where none was matched."""
    score = case.features @ weights
    seen: set[int] = set()
    for place in np.argsort(-score, kind="stable"):
        seen.add(int(case.group[place]))
        if case.right[place]:
            return len(seen)
    return sys.maxsize


def near(case: Case) -> int:
    """How many of the first phases a search would fit."""
    numbers, score = DEFAULTS.ranking, case.with_fits(0).features @ in_force()
    best = np.array([score[case.group == number].max() for number in np.unique(case.group)])
    return int(np.clip((best > best.max() - numbers.fitted_margin).sum(), numbers.fewest_fitted, numbers.most_fitted))


def in_force() -> Array:
    """(features,) the weights of the default settings."""
    numbers = DEFAULTS.ranking
    return np.array(
        [
            *numbers.correlation_weights, numbers.isotropic_weights[0], numbers.isotropic_weights[2],
            numbers.recall_weight, numbers.strain_weight, numbers.prior_weight, numbers.gas_cost, numbers.points_weight,
            numbers.march_weight, numbers.fitted_bonus,
        ]
    )  # fmt: skip


def out_of_fold(cases: list[Case], names: Collection[str] = FEATURES) -> list[int]:
    """The rank in each case by weights that were fitted without it; formulas come once, so that folds hold them."""
    fold = np.random.default_rng(0).permutation(len(cases)) % POWDER_RANKING.folds
    ranks = [0] * len(cases)
    for held_out in range(POWDER_RANKING.folds):
        weights = fit_weights([case for case, where in zip(cases, fold, strict=True) if where != held_out], names)
        for place in np.flatnonzero(fold == held_out).tolist():
            ranks[place] = rank(cases[place], weights)
    return ranks


def shares(cases: list[Case], ranks: list[int]) -> Mapping[str, Mapping[int, float]]:
    """Shares of patterns whose right phase is among the first 1, 5 and 10, by their source."""
    sources, found = np.array([case.source for case in cases]), np.array(ranks)
    return {
        str(source): {depth: float((found[sources == source] <= depth).mean()) for depth in (1, 5, 10)}
        for source in np.unique(sources)
    }


def main() -> None:
    """Collect cases, and with `--fit` print the weights and what they bring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--index", default=None)
    parser.add_argument("--patterns", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0, help="number of the first pattern, to share them out")
    parser.add_argument("--without", type=Path, help="a table of labelled patterns whose formulas are not simulated")
    parser.add_argument("--fit", action="store_true", help="fit what is there, and collect nothing")
    arguments = parser.parse_args()
    if not arguments.fit:
        without = labelled_formulas(arguments.without) if arguments.without else frozenset()
        collect(open_index(arguments.index, threads=1), arguments.folder, arguments.patterns, without, arguments.first)
        return
    cases = read_cases(arguments.folder)
    isotropic = [name for name in FEATURES if not name.startswith("isotropic")]
    fits = [name for name in FEATURES if name not in ("points", "march", "fitted")]
    print(f"{len(cases)} patterns; shares of right phases among the first 1, 5, 10")
    for name, ranks in (
        ("weights in force", [rank(case, in_force()) for case in cases]),
        *(
            (f"the same with {fits} fits", [rank(case.with_fits(fits), in_force()) for case in cases])
            for fits in (0, 10, 20, 30)
        ),
        ("with as many fits as a search", [rank(case.with_fits(near(case)), in_force()) for case in cases]),
        ("fitted, folds", out_of_fold(cases)),
        ("without isotropic strain", out_of_fold(cases, isotropic)),
        ("without terms of Le Bail fits", out_of_fold(cases, fits)),
    ):
        print(f"{name:26s}", shares(cases, ranks))
    for name, weight in zip(FEATURES, fit_weights(cases), strict=True):
        print(f"{name:16s} {weight:6.2f}")


if __name__ == "__main__":
    main()
