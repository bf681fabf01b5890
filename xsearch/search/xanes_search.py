"""Searches that have a XANES spectrum in them, put together from their stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from threadpoolctl import threadpool_limits

from xsearch.answers import Hit, SearchResult
from xsearch.indexes import Index
from xsearch.preprocess.powder import net_pattern
from xsearch.progress import timed
from xsearch.search.rank import best_first, phases
from xsearch.search.scope import Scope
from xsearch.search.second_compound import second_compound_notes
from xsearch.search.selection import Profiles, Selection, rows_with
from xsearch.search.settings import DEFAULTS as POWDER
from xsearch.search.settings import PowderSettings
from xsearch.search.verdict import verdict
from xsearch.search.xanes_hits import fold_entries, spectra_hits, with_edges
from xsearch.search.xanes_stages import (
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


@dataclass(frozen=True)
class Opened:
    """What a search needs of an opened index.

    Attributes:
        index: the stored index.
        libraries: its spectra.
        profiles: gives rows' stored profiles.
        threads: that may be used.
        powder: the numbers that decide how a pattern is searched.
    """

    index: Index
    libraries: EdgeLibraries
    profiles: Profiles
    threads: int
    powder: PowderSettings = POWDER


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
    with threadpool_limits(opened.threads, user_api="blas"):
        with timed(timings, "prepare"):
            spectra = prepare(measurement.edges)
            scope = replace(scope, constraints=with_absorbers(scope.constraints, spectra))
            pattern = (
                None if measurement.pattern is None else net_pattern(measurement.pattern, opened.powder.net_pattern)
            )
        with timed(timings, "edges"):
            edges = weigh_edges(opened.libraries, spectra, scope, settings)
        second: list[tuple[str, ...]] = []
        if pattern is None:
            with timed(timings, "rank"):
                edges = assign_each(index, edges, settings=settings.evidence)
                candidates = combine(index, edges, scope.prior, scope.constraints, settings=settings.evidence)
                single = [[place] for place in candidates.best_first()]
                groups = fold_entries(index, candidates, settings.evidence) if fold else single
                choices = len(rows_with(index, scope.constraints, measured_cells=False))
                hits = spectra_hits(index, candidates, groups, top, choices, settings.probability)
            with timed(timings, "second compound"):
                second = [second_compound_notes(index, edge, scope.prior, settings) for edge in edges]
            searched = len(candidates.rows)
        else:
            with timed(timings, "select"):
                rows = rows_with(index, scope.constraints, scope.measured_cells)
                selected = Selection(
                    index, rows, opened.profiles(rows), scope.prior, opened.threads, opened.powder, scope.constraints
                )
                edges = assign_each(index, edges, rows, settings.evidence)
            with timed(timings, "recall"):
                by_edges = np.flatnonzero(np.isin(rows, recalled_by_edges(index, edges, settings.evidence)))
                places = np.union1d(selected.recall(pattern), by_edges)
            with timed(timings, "match"):
                matches, evidence = selected.match(pattern, places, scope.leave_out_rows)
            with timed(timings, "rank"):
                candidates = combine(
                    index, edges, scope.prior, scope.constraints, (matches, evidence), settings.evidence
                )
                groups = phases(index, matches, candidates.total, opened.powder.ranking)
                shown = groups if fold else [[place] for place in best_first(matches.rows, candidates.total)]
                by_pattern = selected.hits(pattern, matches, evidence, candidates.total, groups, shown, top)
                hits = with_edges(by_pattern, index, candidates)
            searched = choices = len(rows)
    return SearchResult(
        pattern=measurement.pattern,
        hits=hits,
        verdict=verdict([hit.score for hit in hits], opened.powder.verdict),
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
            "fold": fold,
            "top": top,
        },
        notes=(*assumptions(edges, hits), *chain.from_iterable(second), *missing(searched, choices)),
        timings_ms=timings,
        spectra=spectra,
    )


def missing(compared: int, choices: int) -> tuple[str, ...]:
    """A note on the entries that could not be compared."""
    if compared >= choices:
        return ()
    return (
        f"{choices - compared:,} of {choices:,} entries that meet the conditions have no such spectrum to compare.",
    )


def assumptions(edges: Sequence[EdgeEvidence], hits: Sequence[Hit]) -> tuple[str, ...]:
    """What was assumed of each edge, what it was compared with, and the shift of the first hit."""
    notes: list[str] = []
    for edge in edges:
        one = edge.spectrum
        kinds = [str(kind) for kind in edge.library.spectra.kind]
        compared = ", ".join(f"{kinds.count(kind):,} {kind}" for kind in sorted(set(kinds)))
        notes += [
            *one.notes,
            f"{one.source or 'spectrum'}: {edge.name} edge, E0 {one.e0_eV:.1f} eV (tabulated "
            f"{one.tabulated_e0_eV:.1f}); compared with {compared} spectra.",
        ]
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
