"""The rows that a pattern is searched among: recalled by their profiles, matched, weighed, and made into hits."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import Hit
from xsearch.chemistry.sample_conditions import UNSTATED, SampleConditions
from xsearch.errors import NothingSearched
from xsearch.fit.correlation import Matches, joined
from xsearch.fit.le_bail import le_bail
from xsearch.fit.pattern_fit import LeBailFit
from xsearch.indexes import Index
from xsearch.indexes.prior import log_prior
from xsearch.options import ANY, Constraints, Prior
from xsearch.preprocess.powder import NetPattern
from xsearch.progress import timed
from xsearch.search.hits import make_hits, not_above_the_first
from xsearch.search.match import match
from xsearch.search.rank import Evidence, phases, weigh
from xsearch.search.recall import best_rows, recall
from xsearch.search.rivals import with_rivals
from xsearch.search.settings import DEFAULTS, PowderSettings
from xsearch.search.verdict import rival_margins

Total = Callable[[Matches, Evidence], NDArray[np.float64]]
"""Gives what orders matches, (k,)."""

Profiles = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""Gives the stored profiles of rows, (m, bins)."""


def summed(_: Matches, evidence: Evidence) -> NDArray[np.float64]:
    """(k,) all evidence."""
    return evidence.total


def rows_with(index: Index, constraints: Constraints, measured_cells: bool) -> NDArray[np.int64]:
    """The rows that satisfy constraints, measured cells among them or not.

    Raises:
        NothingSearched: where there is none.
    """
    rows = index.select(constraints, measured_cells)
    if len(rows) == 0:
        raise NothingSearched(f"Index {index.name!r} holds nothing with {constraints}; loosen the conditions.")
    return rows


def condition_notes(index: Index, constraints: Constraints) -> tuple[str, ...]:
    """A note where a condition on the metadata left entries out because a value is missing."""
    missing = 0 if constraints.where is None else index.metadata.unknown(constraints.where)
    if not missing:
        return ()
    return (f"Of {missing:,} of {len(index):,} rows it is not known whether {constraints.where}: they were left out.",)


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The rows of an index that satisfy the constraints. Places are positions among them.

    Attributes:
        index: the index.
        rows: (m,) int64.
        profiles: (m, bins) of them.
        prior: which prior counts.
        threads: for the match.
        settings: of every stage.
        conditions: of the sample: entries that were determined under others are strained, and a little less likely.
        constraints: that the rows meet; given elements that a row lacks are a cost.
    """

    index: Index
    rows: NDArray[np.int64]
    profiles: NDArray[np.float32]
    prior: Prior
    threads: int
    settings: PowderSettings = DEFAULTS
    constraints: Constraints = ANY
    conditions: SampleConditions = UNSTATED

    def recall(self, pattern: NetPattern, most: int | None = None) -> NDArray[np.intp]:
        """Places of the rows whose profiles are nearest to a pattern's; two lists of `most`, see `best_rows`."""
        prior, numbers = self.settings.prior, self.settings.recall
        bonus = prior.in_recall * log_prior(self.index.columns, self.rows, self.prior, prior).astype(np.float32)
        expected = self._expected(self.rows)
        recalled = recall(self.index, self.profiles, pattern, self.rows, expected, settings=numbers)
        return best_rows(recalled, bonus, numbers.rows if most is None else most)

    def match(
        self, pattern: NetPattern, places: NDArray[np.intp], leave_out_rows: Collection[int] = ()
    ) -> tuple[Matches, Evidence]:
        """Match places to a pattern and weigh them.

        Args:
            pattern: the net pattern.
            places: rising.
            leave_out_rows: rows of the index that are left out.
        """
        places = places[~np.isin(self.rows[places], list(leave_out_rows))]
        expected = self._expected(self.rows[places])
        recalled = recall(
            self.index,
            self.profiles[places],
            pattern,
            self.rows[places],
            expected,
            exact=True,
            settings=self.settings.recall,
        )
        matches = match(
            self.index, pattern, recalled.rows, self.threads, expected, self.settings.correlation, isotropic=True
        )
        return matches, weigh(
            self.index, matches, recalled.score, self.prior, self.settings, self.constraints, self.conditions
        )

    def _expected(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """(k,) mean strains that rows are expected to need under the conditions of the sample."""
        expected = self.index.columns.expected_strain[rows].astype(np.float64)
        return expected + self.conditions.strain(*self.index.stated_conditions[:, rows])

    def match_and_fit(
        self,
        pattern: NetPattern,
        places: NDArray[np.intp],
        leave_out_rows: Collection[int],
        timings: dict[str, float],
        total: Total = summed,
        of_cells: Callable[[], NDArray[np.intp]] | None = None,
    ) -> tuple[Matches, Evidence]:
        """Match places, and fit the lines of the first phases; where none explains the pattern, look further.

        Args:
            pattern: the net pattern.
            places: rising.
            leave_out_rows: rows of the index that are left out.
            timings: the stages are noted there.
            total: (k,) what orders matches.
            of_cells: gives places by the cells that index the pattern.
        """

        def fitted(matches: Matches, evidence: Evidence) -> Evidence:
            before = total(matches, evidence.unfitted)
            groups = phases(self.index, matches, before, self.settings.ranking)
            return self.with_le_bail_fits(pattern, matches, evidence, self._contenders(before, groups))

        with timed(timings, "match"):
            matches, evidence = self.match(pattern, places, leave_out_rows)
        with timed(timings, "fit"):
            evidence = fitted(matches, evidence)
        if not evidence.is_explained and of_cells is not None:
            with timed(timings, "cells"):
                more, found = self.match(pattern, np.setdiff1d(of_cells(), places), leave_out_rows)
                matches, evidence = joined(matches, more), joined(evidence, found)
                evidence = fitted(matches, evidence)
        return matches, evidence

    def _contenders(self, total: NDArray[np.float64], groups: list[list[int]]) -> list[int]:
        """Places of the best rows of phases that are near enough to the first one to overtake it."""
        numbers, firsts = self.settings.ranking, [group[0] for group in groups]
        near = int((total[firsts] > total[firsts[0]] - numbers.fitted_margin).sum()) if firsts else 0
        return firsts[: min(max(near, numbers.fewest_fitted), numbers.most_fitted)]

    def with_le_bail_fits(
        self, pattern: NetPattern, matches: Matches, evidence: Evidence, places: list[int]
    ) -> Evidence:
        """The same evidence, with Le Bail fits at places that have none yet."""
        found = dict(evidence.le_bail_fits)

        def one(place: int) -> LeBailFit:
            reflections = self.index.reflections(int(matches.rows[place]))
            return le_bail(reflections, pattern, matches.starts(place), self.settings.le_bail)

        places = [place for place in places if place not in found]
        with ThreadPoolExecutor(self.threads) as pool:
            found.update(zip(places, pool.map(one, places), strict=True))
        return replace(evidence, le_bail_fits=found)

    def hits(
        self,
        pattern: NetPattern,
        matches: Matches,
        evidence: Evidence,
        total: NDArray[np.float64],
        groups: list[list[int]],
        shown: list[list[int]],
        top: int,
    ) -> tuple[Hit, ...]:
        """The best matches as hits, with scores that fall and rivals.

        Args:
            pattern: the net pattern.
            matches: the matched rows.
            evidence: the terms of each.
            total: (k,) what ranks them.
            groups: places in `matches` grouped into phases, the best first.
            shown: the same, or one match a group where duplicates are not folded.
            top: how many hits.
        """
        settings = self.settings
        margin = rival_margins(total, groups, settings.verdict)
        made = make_hits(self.index, pattern, matches, evidence, margin, shown[:top], self.prior, settings=settings)
        first_highest = not_above_the_first(made)
        return with_rivals(first_highest, shown, self.index, pattern, matches, total, groups, settings.rivals)
