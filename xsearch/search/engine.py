"""A search from a measured pattern to ranked crystals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xsearch.answers import LcfResult, MixtureResult, SearchResult
from xsearch.answers.explanations import best_hits
from xsearch.chemistry.sample_conditions import SampleConditions
from xsearch.errors import QueryError
from xsearch.indexes import Index
from xsearch.options import AUTO_PHASES, MOST_PHASES, Elements, Prior, Range, Ranking, parse_choice
from xsearch.preprocess.axis import RECALL_AXIS
from xsearch.preprocess.powder import NetPattern, net_pattern
from xsearch.progress import timed
from xsearch.search.cell_recall import CellSearch
from xsearch.search.isotypes import symmetry_of_isotypes
from xsearch.search.known import Given, find_known
from xsearch.search.known_rest import search_rest
from xsearch.search.lcf_search import search_lcf
from xsearch.search.measured import pattern_notes, powder_of
from xsearch.search.mixture_hits import make_mixture, size_note
from xsearch.search.nearest_neighbours import NearestNeighbours, VectorSearch, has_vectors, parse_ranking
from xsearch.search.phase_search import PhaseSearch
from xsearch.search.rank import best_first, phases
from xsearch.search.scope import Scope, constraints_of
from xsearch.search.second_phase import second_phase_notes
from xsearch.search.selection import Selection, Total, condition_notes, rows_with, summed
from xsearch.search.settings import DEFAULTS, PowderSettings
from xsearch.search.symmetry import symmetry, symmetry_posterior
from xsearch.search.twins import plainest_first, twin_group
from xsearch.search.verdict import verdict
from xsearch.search.xanes_search import Opened, search_by_spectra
from xsearch.settings import settings_record
from xsearch.spectra import PowderPattern, Xanes
from xsearch.spectra.measurement import Measurement, measurement_of
from xsearch.xas.library import EdgeLibraries

if TYPE_CHECKING:
    import pyarrow as pa

GATHER_BELOW = 0.25
"""Where element conditions leave less than this share of the rows, only their profiles are read."""


class SearchIndex:
    """An index opened for searching. Keep it for several queries: the profiles stay in memory.

    Attributes:
        index: the stored index; with its `name`, `version` and `manifest`.
        libraries: its absorption spectra, by absorber and edge.
        settings: the numbers that decide a search by powder pattern.
    """

    def __init__(self, index: Index, threads: int = 2, settings: PowderSettings = DEFAULTS) -> None:
        self.index = index
        self.threads = threads
        self.settings = settings
        self._all_profiles: NDArray[np.float32] | None = None
        self._vectors: VectorSearch | None = None
        self.libraries = EdgeLibraries(index)

    def __repr__(self) -> str:
        return f"SearchIndex({self.index.name!r}, {len(self.index):,} rows)"

    def __len__(self) -> int:
        """Number of rows of the index."""
        return len(self.index)

    @property
    def name(self) -> str:
        """The index's name."""
        return self.index.name

    def sql(self, statement: str) -> pa.Table:
        """The answer to an SQL question about the entries, spectra and failures of the index, as an Arrow table.

        Args:
            statement: such as `"select formula, band_gap from materials where space_group = 227"`.

        Raises:
            QueryError: where it cannot be understood, or would change anything.
        """
        return self.index.metadata.select(statement)

    def search(
        self,
        pxrd: PowderPattern | Xanes | None = None,
        xanes: Xanes | Sequence[Xanes] = (),
        *,
        only: Elements = None,
        must: Elements = None,
        may: Elements = None,
        exclude: Elements = None,
        exactly: Elements = None,
        any_of: Elements = None,
        system: str | None = None,
        space_group: int | str | None = None,
        where: str | None = None,
        top: int = 20,
        prior: str = "known",
        conditions: str | None = None,
        measured_cells: bool = True,
        fold: bool = True,
        leave_out_rows: Collection[int] = (),
        ranking: str | None = None,
        leave_out_spectra: Collection[str] = (),
        range: str = "auto",
        known: Sequence[Given] | str | None = None,
        standard: str | None = None,
    ) -> SearchResult:
        """Find the crystals that gave a powder pattern, XANES spectra, or both.

        Args:
            pxrd: the measured pattern; a XANES spectrum is taken as one all the same.
            xanes: measured edges of the same sample, one spectrum an edge. Hits hold their absorbers.
            only: these elements and no others, such as `"Fe O Ti"` or a list of symbols.
            must: all of these. may: beside those of `must`, these and no others. exclude: none of these.
            exactly: all of these and no others. any_of: at least one of these.
            system, space_group: of the entries that are searched; a space group is a number or a symbol.
            where: an SQL condition on their metadata, such as `"band_gap > 1"`, on the columns of `sql`.
            top: how many hits to give.
            prior: `known` favours experimentally reported compounds and those near the convex hull; `none` does not.
            conditions: pressure and temperature of the sample, such as `"5 GPa, 600 K"`; ambient by default.
            measured_cells: whether measured cells linked to a computed entry are searched beside it.
            fold: whether entries of one phase become one hit.
            leave_out_rows: rows of the index to leave out, to see the answer where the right entry is missing.
            ranking: `physics`, `learned` or `fused`, see `xsearch.options.Ranking`; by default the
                last, where the index has the vectors for it. Edges recall beside them, and physics ranks.
            leave_out_spectra: ids of library spectra to leave out.
            range: `xanes`, `exafs` or `auto`, see `xsearch.options.Range`.
            known: phases that are there: formulas, ids, CIF files or crystals; hits and verdict are about the rest.
            standard: a certified standard in the sample, such as `Si640`, which moreover fixes the angles.

        Returns:
            The hits, the best first, with what was assumed and how long each stage took.

        Raises:
            SpectrumError: where the pattern shows no line, or a spectrum no edge.
            QueryError: where an element does not exist, conditions contradict each other, or nothing is left.
        """
        scope = Scope(
            constraints_of(only, must, may, exclude, exactly, system, space_group, where, any_of),
            parse_choice(Prior, prior, "prior"),
            measured_cells,
            SampleConditions.parse(conditions),
            leave_out_rows,
            leave_out_spectra,
            parse_choice(Range, range, "range"),
            find_known(self.index, known, standard),
        )
        return self.search_measurement(measurement_of(pxrd, xanes), scope, top=top, fold=fold, ranking=ranking)

    def search_measurement(
        self, measurement: Measurement, scope: Scope, *, top: int = 20, fold: bool = True, ranking: str | None = None
    ) -> SearchResult:
        """Find the crystals that gave a measurement; `search` with its arguments as data."""
        chosen = parse_ranking(ranking, self.index)
        if top < 1:
            raise QueryError(f"top = {top} gives no hit; give 1 or more.")
        if scope.known:
            search = partial(self.search_measurement, top=top, fold=fold, ranking=ranking)
            return search_rest(self.index, measurement, scope, self.settings, search, SearchResult)
        if measurement.edges:
            if chosen is Ranking.LEARNED:
                raise QueryError(
                    "Ranking `learned` orders the hits of a powder pattern alone; leave it out with edges."
                )
            nearest_to = self.nearest_neighbours if chosen is Ranking.FUSED else None
            opened = Opened(self.index, self.libraries, self.profiles, self.threads, self.settings, nearest_to)
            return search_by_spectra(opened, measurement, scope, top=top, fold=fold)
        pxrd = powder_of(measurement)
        timings: dict[str, float] = {}
        numbers = self.settings
        with threadpool_limits(self.threads, user_api="blas"):
            pattern, selected = self._prepare(pxrd, scope, timings)
            rows = selected.rows
            with timed(timings, "recall"):
                places = np.empty(0, np.intp) if chosen is Ranking.LEARNED else selected.recall(pattern)
            if chosen is not Ranking.PHYSICS:
                with timed(timings, "vectors"):
                    count = numbers.vectors.rows if chosen is Ranking.FUSED else numbers.recall.rows
                    nearest = self.nearest_neighbours(pattern, rows, count)
                    places = np.union1d(places, nearest.places)
            learned = chosen is Ranking.LEARNED
            order: Total = (lambda found, _: nearest.of(rows, found.rows)) if learned else summed
            matches, evidence = selected.match_and_fit(
                pattern,
                places,
                scope.leave_out_rows,
                timings,
                order,
                None if learned else lambda: self.cell_search.nearest(pattern, rows, numbers.cells),
            )
            with timed(timings, "rank"):
                total = order(matches, evidence)
                groups = phases(self.index, matches, total, numbers.ranking)
                said = evidence.of_pattern
                if not learned:
                    fitted = evidence.le_bail_fits
                    groups = plainest_first(self.index.columns, matches.rows, said, fitted, groups, numbers.twins)
                shown = groups if fold else [[place] for place in best_first(matches.rows, total)]
                hits = selected.hits(pattern, matches, evidence, total, groups, shown, top)
                alike = twin_group(hits, said, total, groups, numbers.twins, numbers.verdict)
                best = matches.take(groups[0][:1] if groups else [])
                notes = (
                    *condition_notes(self.index, scope.constraints),
                    *pattern_notes(pattern),
                    *second_phase_notes(self.index, pattern, best, numbers.second_phase, scope.left),
                )
            answer = verdict([hit.score for hit in hits], numbers.verdict)
            with timed(timings, "symmetry"):
                firsts = [group[0] for group in groups]
                posterior = symmetry_posterior(
                    self.index.columns, matches.rows[firsts], evidence.total[firsts], numbers.symmetry
                )
                if answer == "no confident match":  # as far as the first hit is wrong, isotypes decide
                    other = symmetry_of_isotypes(self._left(selected, scope.leave_out_rows), pattern)
                    chance = hits[0].score if hits else 0.0
                    posterior = (
                        chance * posterior[0] + (1 - chance) * other[0],
                        chance * posterior[1] + (1 - chance) * other[1],
                    )
                likely = symmetry(*posterior, numbers.symmetry)
        return SearchResult(
            pattern=pxrd,
            hits=hits,
            verdict=answer,
            index_name=self.index.name,
            index_version=self.index.version,
            n_searched=len(rows),
            constraints=scope.constraints,
            options={
                "prior": scope.prior.value,
                "conditions": str(scope.conditions),
                "measured_cells": scope.measured_cells,
                "fold": fold,
                "top": top,
                "ranking": chosen.value,
            },
            notes=notes,
            timings_ms=timings,
            twins=alike if fold else None,
            symmetry=likely,
            settings={"powder": settings_record(numbers)},
        )

    def search_mixture(
        self,
        pxrd: PowderPattern | Xanes | None = None,
        xanes: Xanes | None = None,
        *,
        phases: int = AUTO_PHASES,
        only: Elements = None,
        must: Elements = None,
        may: Elements = None,
        exclude: Elements = None,
        exactly: Elements = None,
        any_of: Elements = None,
        system: str | None = None,
        space_group: int | str | None = None,
        where: str | None = None,
        prior: str = "known",
        measured_cells: bool = True,
        leave_out_spectra: Collection[str] = (),
        known: Sequence[Given] | str | None = None,
        standard: str | None = None,
        particle_size_um: float | None = None,
    ) -> MixtureResult | LcfResult:
        """Find the crystals that together gave a powder pattern or an edge, and how much there is of each.

        How many there are is decided by the evidence: a further phase must explain more than chance would.

        Args:
            pxrd: the measured pattern, of which weight fractions are found; a XANES spectrum is taken as one.
            xanes: the measured edge, of which shares of the absorber are found.
            phases: how many there may be at most.
            only, may, exclude: elements, as in `search`; each phase obeys them.
            must, exactly, any_of: elements that the phases hold together; none need hold them all. An edge sees
                compounds of its absorber alone, and asks no more than that they hold no other elements.
            system, space_group, where: of each phase, as in `search`.
            prior, measured_cells, leave_out_spectra: as in `search`.
            known, standard: as in `search`; weights are then those of all phases together.
            particle_size_um: diameter of the particles in µm; weights are then corrected for their absorption.

        Raises:
            SpectrumError, QueryError: as in `search`.
        """
        scope = Scope(
            constraints_of(only, must, may, exclude, exactly, system, space_group, where, any_of),
            parse_choice(Prior, prior, "prior"),
            measured_cells,
            leave_out_spectra=leave_out_spectra,
            known=find_known(self.index, known, standard),
            particle_size_um=particle_size_um,
        )
        return self.search_phases(measurement_of(pxrd, xanes), scope, phases=phases)

    def search_phases(
        self, measurement: Measurement, scope: Scope, *, phases: int = AUTO_PHASES
    ) -> MixtureResult | LcfResult:
        """Find the crystals that together gave a measurement; `search_mixture` with its arguments as data."""
        if not 1 <= phases <= MOST_PHASES:
            raise QueryError(f"phases = {phases}; a number from 1 to {MOST_PHASES} is expected.")
        if scope.known:
            search = partial(self.search_phases, phases=phases)
            return search_rest(self.index, measurement, scope, self.settings, search, MixtureResult)
        if measurement.edges:
            if len(measurement.edges) > 1 or measurement.pattern is not None:
                raise QueryError("A mixture is searched for by one powder pattern or by one edge; give one of them.")
            opened = Opened(self.index, self.libraries, self.profiles, self.threads, self.settings)
            return search_lcf(opened, measurement.edges[0], scope, phases=phases)
        pxrd = powder_of(measurement)
        timings: dict[str, float] = {}
        with threadpool_limits(self.threads, user_api="blas"):
            each = replace(scope, constraints=scope.constraints.of_each_phase())
            pattern, selected = self._prepare(pxrd, each, timings)
            with timed(timings, "mixture"):
                explored = PhaseSearch(selected, pattern, scope.constraints)
                mixtures = tuple(make_mixture(explored, one, scope.particle_size_um) for one in explored.search(phases))
        hits = best_hits(mixtures)
        return MixtureResult(
            pattern=pxrd,
            hits=hits,
            verdict=verdict(sorted(hit.score for hit in hits), self.settings.verdict),
            index_name=self.index.name,
            index_version=self.index.version,
            n_searched=len(selected.rows),
            constraints=scope.constraints,
            options={"prior": scope.prior.value, "measured_cells": scope.measured_cells, "phases": phases},
            notes=(*condition_notes(self.index, scope.constraints), *pattern_notes(pattern), *size_note(scope)),
            timings_ms=timings,
            mixtures=mixtures,
            settings={"powder": settings_record(self.settings)},
        )

    def _prepare(self, pxrd: PowderPattern, scope: Scope, timings: dict[str, float]) -> tuple[NetPattern, Selection]:
        """The net pattern, and the rows to search."""
        with timed(timings, "prepare"):
            pattern = net_pattern(pxrd, self.settings.net_pattern)
        with timed(timings, "select"):
            rows = rows_with(self.index, scope.constraints, scope.measured_cells)
            return pattern, Selection(
                self.index,
                rows,
                self.profiles(rows),
                scope.prior,
                self.threads,
                self.settings,
                scope.constraints,
                scope.conditions,
            )

    def _left(self, selected: Selection, leave_out_rows: Collection[int]) -> Selection:
        """The same selection less some rows."""
        if not leave_out_rows:
            return selected
        rows = np.setdiff1d(selected.rows, list(leave_out_rows))
        return replace(selected, rows=rows, profiles=self.profiles(rows))

    @property
    def has_vectors(self) -> bool:
        """Whether the index holds vectors of this xsearch's network."""
        return has_vectors(self.index)

    def nearest_neighbours(self, pattern: NetPattern, rows: NDArray[np.int64], count: int) -> NearestNeighbours:
        """The `count` rows whose vectors are nearest to a pattern's.

        Raises:
            QueryError: where the index has no vectors.
        """
        if self._vectors is None:
            self._vectors = VectorSearch(self.index)
        return self._vectors.nearest(pattern, rows, count, self.settings.vectors)

    @cached_property
    def cell_search(self) -> CellSearch:
        """The lattices of all rows."""
        return CellSearch(self.index)

    def profiles(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(m, bins) profiles of rows, from memory or, for a few of them, straight from the file."""
        stored = self.index.profiles
        if stored.shape[1] != RECALL_AXIS.bins:
            raise QueryError(
                f"Index {self.name!r} holds profiles of {stored.shape[1]} bins, and this version of xsearch searches "
                f"{RECALL_AXIS.bins}; build it again."
            )
        if self._all_profiles is None and len(rows) < GATHER_BELOW * len(stored):
            return stored[rows].astype(np.float32)
        if self._all_profiles is None:
            self._all_profiles = stored.astype(np.float32)
        return self._all_profiles if len(rows) == len(stored) else self._all_profiles[rows]
