"""Searches that have a XANES spectrum in them, put together from their stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xsearch.answers import Hit, SearchResult, TwinGroup
from xsearch.fit.correlation import Matches
from xsearch.indexes import Index
from xsearch.indexes.tables import row_numbers
from xsearch.preprocess.exafs import EXAFS
from xsearch.preprocess.powder import NetPattern, net_pattern
from xsearch.progress import timed
from xsearch.search.nearest_neighbours import NearestNeighbours
from xsearch.search.rank import Evidence, best_first, phases
from xsearch.search.scope import Scope
from xsearch.search.second_compound import second_compound_notes
from xsearch.search.selection import Profiles, Selection, condition_notes, rows_with
from xsearch.search.settings import DEFAULTS as POWDER
from xsearch.search.settings import PowderSettings, VerdictSettings
from xsearch.search.twins import plainest_first, twin_group
from xsearch.search.verdict import verdict
from xsearch.search.xanes_hits import fold_entries, spectra_hits, with_edges
from xsearch.search.xanes_stages import (
    Candidates,
    assign_each,
    combine,
    prepare,
    recalled_by_edges,
    weigh_edges,
    with_absorbers,
)
from xsearch.settings import settings_record
from xsearch.spectra.measurement import Measurement
from xsearch.xas.evidence import EdgeEvidence
from xsearch.xas.library import EdgeLibraries
from xsearch.xas.settings import DEFAULTS, XasSettings

NAMED = 5
"""Compounds without a spectrum that a note names."""


@dataclass(frozen=True)
class Opened:
    """What a search needs of an opened index.

    Attributes:
        index: the stored index.
        libraries: its spectra.
        profiles: gives rows' stored profiles.
        threads: that may be used.
        powder: the numbers that decide how a pattern is searched.
        nearest: gives so many rows whose vectors are nearest to a pattern's; None where profiles alone recall.
    """

    index: Index
    libraries: EdgeLibraries
    profiles: Profiles
    threads: int
    powder: PowderSettings = POWDER
    nearest: Callable[[NetPattern, NDArray[np.int64], int], NearestNeighbours] | None = None


def search_by_spectra(
    opened: Opened,
    measurement: Measurement,
    scope: Scope,
    *,
    top: int,
    fold: bool,
    settings: XasSettings = DEFAULTS,
) -> SearchResult:
    """Find what gave one or several edges, and a powder pattern if there is one; see `SearchIndex.search`."""
    index, timings = opened.index, dict[str, float]()
    remarks = [*condition_notes(index, scope.constraints)]
    alike: TwinGroup | None = None
    with threadpool_limits(opened.threads, user_api="blas"):
        with timed(timings, "prepare"):
            spectra = prepare(measurement.edges)
            scope = replace(scope, constraints=with_absorbers(scope.constraints, spectra))
            pattern = (
                None if measurement.pattern is None else net_pattern(measurement.pattern, opened.powder.net_pattern)
            )
        with timed(timings, "edges"):
            edges = weigh_edges(opened.libraries, spectra, scope, settings)
        rivals = None
        if pattern is None:
            with timed(timings, "rank"):
                narrowed = not scope.constraints.of_entries.is_open
                allowed = rows_with(index, scope.constraints, measured_cells=False) if narrowed else None
                edges = assign_each(index, edges, allowed, settings.evidence)
                candidates = combine(index, edges, scope.prior, scope.constraints, settings=settings.evidence)
                single = [[place] for place in candidates.best_first()]
                groups = fold_entries(index, candidates, settings.evidence) if fold else single
                choices = rows_with(index, scope.constraints, measured_cells=False)
                hits = spectra_hits(index, candidates, groups, top, len(choices))
            with timed(timings, "second compound"):
                for edge in (one for one in edges if one.exafs is None):
                    remarks += second_compound_notes(index, edge, scope.prior, settings)
            searched = len(candidates.rows)
            rivals = len(groups) - 1
            named = [edge.name for edge in edges if edge.exafs is None] or [edge.name for edge in edges]
            remarks += few_rivals(rivals, named, opened.powder.verdict)
            remarks += without_spectrum(index, candidates.rows, choices, named)
        else:
            with timed(timings, "select"):
                rows = rows_with(index, scope.constraints, scope.measured_cells)
                selected = Selection(
                    index,
                    rows,
                    opened.profiles(rows),
                    scope.prior,
                    opened.threads,
                    opened.powder,
                    scope.constraints,
                    scope.conditions,
                )
                edges = assign_each(index, edges, rows, settings.evidence)
            with timed(timings, "recall"):
                by_edges = np.flatnonzero(np.isin(rows, recalled_by_edges(index, edges, settings.evidence)))
                places = np.union1d(selected.recall(pattern), by_edges)
            if opened.nearest is not None:
                with timed(timings, "vectors"):
                    places = np.union1d(places, opened.nearest(pattern, rows, opened.powder.vectors.rows).places)

            def combined(matches: Matches, evidence: Evidence) -> Candidates:
                matched = matches, evidence
                return combine(index, edges, scope.prior, scope.constraints, matched, settings.evidence)

            matches, evidence = selected.match_and_fit(
                pattern, places, scope.leave_out_rows, timings, lambda *matched: combined(*matched).total
            )
            with timed(timings, "rank"):
                candidates = combined(matches, evidence)
                numbers, total = opened.powder, candidates.total
                of_spectra = total - settings.evidence.pattern_weight * (evidence.total - evidence.of_pattern)
                groups = phases(index, matches, total, numbers.ranking)
                fitted = evidence.le_bail_fits
                groups = plainest_first(index.columns, matches.rows, of_spectra, fitted, groups, numbers.twins)
                shown = groups if fold else [[place] for place in best_first(matches.rows, total)]
                by_pattern = selected.hits(pattern, matches, evidence, total, groups, shown, top)
                hits = with_edges(by_pattern, index, candidates)
                alike = twin_group(hits, of_spectra, total, groups, numbers.twins, numbers.verdict) if fold else None
            searched = len(rows)
    return SearchResult(
        pattern=measurement.pattern,
        hits=hits,
        verdict=verdict([hit.score for hit in hits], opened.powder.verdict, rivals),
        index_name=index.name,
        index_version=index.version,
        n_searched=searched,
        settings={
            "xas": settings_record(settings),
            **({} if pattern is None else {"powder": settings_record(opened.powder)}),
        },
        constraints=scope.constraints,
        options={
            "prior": scope.prior.value,
            "measured_cells": scope.measured_cells,
            "range": scope.range.value,
            "fold": fold,
            "top": top,
        },
        notes=(*assumptions(edges, hits), *remarks),
        timings_ms=timings,
        spectra=spectra,
        twins=alike,
    )


def few_rivals(rivals: int, edges: Sequence[str], settings: VerdictSettings) -> tuple[str, ...]:
    """A note where so few compounds were compared that the best of them says little."""
    if rivals >= settings.least_rivals:
        return ()
    named = " and ".join(edges)
    return (
        f"Only {rivals + 1} compound{'s' if rivals else ''} that meet{'' if rivals else 's'} the conditions "
        f"ha{'ve' if rivals else 's'} a {named} spectrum: too few to call the best of them a match.",
    )


def without_spectrum(
    index: Index, compared: NDArray[np.int64], choices: NDArray[np.int64], edges: Sequence[str]
) -> tuple[str, ...]:
    """A note on the entries that could not be compared: how many, of which compounds, and how to get their spectra.

    Args:
        index: the index.
        compared: rows that were, -1 for references.
        choices: rows that meet the conditions.
        edges: names such as `Fe K` or `Fe K EXAFS`.
    """
    left = np.setdiff1d(choices, compared)
    if not len(left):
        return ()
    with_spectrum = set(formulas_of(index, compared[compared >= 0]))
    lacking = sorted(set(formulas_of(index, left)) - with_spectrum, key=lambda formula: (len(formula), formula))
    named = ""
    if lacking:
        more = f" and {len(lacking) - NAMED:,} more" if len(lacking) > NAMED else ""
        named = f", all those of {', '.join(lacking[:NAMED])}{more} among them"
    absorbers = ",".join(dict.fromkeys(edge.split()[0] for edge in edges))
    more_by = f"compute some: xsearch build computed {index.name} --absorbers {absorbers}"
    if edges[0].endswith("EXAFS"):
        more_by = f"add measured ones: xsearch build add {index.name} --spectra FOLDER"
    return (
        f"{len(left):,} of {len(choices):,} entries that meet the conditions have no {' or '.join(edges)} spectrum to "
        f"compare{named}; {more_by}.",
    )


def formulas_of(index: Index, rows: NDArray[np.int64]) -> list[str]:
    """Reduced formulas of rows."""
    return [str(text) for text in index.catalog.column("reduced_formula").take(row_numbers(rows)).to_pylist()]


def assumptions(edges: Sequence[EdgeEvidence], hits: Sequence[Hit]) -> tuple[str, ...]:
    """What was assumed of each edge, what it was compared with, and the shift of the first hit."""
    notes: list[str] = []
    for edge in edges:
        one = edge.spectrum
        kinds = [str(kind) for kind in edge.library.spectra.kind]
        compared = ", ".join(f"{kinds.count(kind):,} {kind}" for kind in sorted(set(kinds)))
        notes += one.notes
        if edge.exafs is None:
            notes.append(
                f"{one.source or 'spectrum'}: {edge.name} edge, E0 {one.e0_eV:.1f} eV (tabulated "
                f"{one.tabulated_e0_eV:.1f}); compared with {compared} spectra."
            )
        else:
            end = min(edge.exafs.k_end_invA, EXAFS.transform_invA[1])
            notes.append(
                f"{one.source or 'spectrum'}: {edge.name} from {EXAFS.transform_invA[0]:g} to {end:.1f} 1/Å compared "
                f"with that of {compared} spectra."
            )
        best = next((match for hit in hits[:1] for match in hit.edges if match.edge == edge.name), None)
        if best is None and hits:
            notes.append(f"The index holds no {edge.name} spectrum of the first hit: that edge is no evidence for it.")
        elif best is not None:
            notes.append(f"First hit, {best}.")
            if best.kind == "measured" and best.spectrum_id != hits[0].material_id:
                notes.append(
                    f"A measured reference of {best.formula} ({best.source}) stands for the entries of that formula, "
                    "or of the phase that it names."
                )
    return tuple(notes)
