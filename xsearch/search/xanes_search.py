"""Searches that have a XANES spectrum in them, put together from their stages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from threadpoolctl import threadpool_limits

from xsearch.answers import Hit, SearchResult
from xsearch.chemistry.element_query import ElementQuery
from xsearch.indexes import Index
from xsearch.indexes.prior import Prior
from xsearch.preprocess.powder import net_pattern
from xsearch.preprocess.xanes import NormalizedXanes, window
from xsearch.progress import timed
from xsearch.search.rank import best_first, phases
from xsearch.search.second_compound import second_compound_notes
from xsearch.search.selection import Profiles, Selection, rows_with
from xsearch.search.verdict import verdict
from xsearch.search.xanes_hits import best_candidates, fold_entries, spectra_hits, with_edges
from xsearch.search.xanes_stages import favoured, gather, prepare, share, weigh_edges, with_absorbers
from xsearch.spectra import PowderPattern, Xanes
from xsearch.xas.evidence import EdgeEvidence
from xsearch.xas.library import EdgeLibraries


@dataclass(frozen=True)
class Opened:
    """What a search needs of an opened index.

    Attributes:
        index: the stored index.
        libraries: its spectra.
        profiles: gives rows' stored profiles.
        threads: that may be used.
    """

    index: Index
    libraries: EdgeLibraries
    profiles: Profiles
    threads: int


def search_by_spectra(
    opened: Opened,
    pxrd: PowderPattern | None,
    xanes: Sequence[Xanes],
    query: ElementQuery,
    prior: Prior,
    *,
    top: int,
    measured_cells: bool,
    fold: bool,
    without: Collection[int],
    without_spectra: Collection[str],
) -> SearchResult:
    """Find what gave one or several edges, and a powder pattern if there is one; see `SearchIndex.search`."""
    index, timings = opened.index, dict[str, float]()
    with threadpool_limits(opened.threads, user_api="blas"):
        with timed(timings, "prepare"):
            spectra = prepare(xanes)
            asked = with_absorbers(query, spectra)
            pattern = None if pxrd is None else net_pattern(pxrd)
        with timed(timings, "edges"):
            edges = weigh_edges(opened.libraries, spectra, asked, without, without_spectra)
        second: list[tuple[str, ...]] = []
        if pattern is None:
            with timed(timings, "rank"):
                edges = share(index, edges)
                candidates = gather(index, edges, prior)
                single = [[place] for place in best_candidates(candidates)]
                groups = fold_entries(index, candidates) if fold else single
                choices = len(rows_with(index, asked, measured_cells=False))
                hits = spectra_hits(index, spectra, edges, candidates, groups, top, choices)
            with timed(timings, "second compound"):
                pairs = zip(spectra, edges, strict=True)
                second = [second_compound_notes(index, window(one), edge.library, prior) for one, edge in pairs]
            searched = len(candidates.rows)
        else:
            with timed(timings, "select"):
                rows = rows_with(index, asked, measured_cells)
                selected = Selection(index, rows, opened.profiles(rows), prior, opened.threads)
                edges = share(index, edges, rows)
            with timed(timings, "recall"):
                spoken_for = np.flatnonzero(np.isin(rows, favoured(index, edges)))
                places = np.union1d(selected.recall(pattern), spoken_for)
            with timed(timings, "match"):
                matches, evidence = selected.match(pattern, places, without)
            with timed(timings, "rank"):
                candidates = gather(index, edges, prior, (matches, evidence))
                groups = phases(index, matches, candidates.total)
                shown = groups if fold else [[place] for place in best_first(matches.rows, candidates.total)]
                told = selected.hits(pattern, matches, evidence, candidates.total, groups, shown, top)
                hits = with_edges(told, index, spectra, edges, candidates)
            searched = choices = len(rows)
    return SearchResult(
        pattern=pxrd,
        hits=hits,
        verdict=verdict([hit.score for hit in hits]),
        index_name=index.name,
        index_version=index.version,
        n_searched=searched,
        options={
            "elements": str(asked),
            "prior": prior.value,
            "measured_cells": measured_cells,
            "fold": fold,
            "top": top,
        },
        notes=(*assumptions(spectra, edges, hits), *chain.from_iterable(second), *missing(searched, choices)),
        timings_ms=timings,
        spectra=spectra,
    )


def missing(compared: int, choices: int) -> tuple[str, ...]:
    """What is to be said of the entries that could not be compared."""
    if compared >= choices:
        return ()
    return (
        f"{choices - compared:,} of {choices:,} entries that meet the conditions have no such spectrum to compare.",
    )


def assumptions(
    spectra: Sequence[NormalizedXanes], edges: Sequence[EdgeEvidence], hits: Sequence[Hit]
) -> tuple[str, ...]:
    """What was taken for granted of each edge, what it was compared with, and the shift of the first hit."""
    said: list[str] = []
    for one, edge in zip(spectra, edges, strict=True):
        kinds = [str(kind) for kind in edge.library.spectra.kind]
        compared = ", ".join(f"{kinds.count(kind):,} {kind}" for kind in sorted(set(kinds)))
        said += [
            *one.notes,
            f"{one.source or 'spectrum'}: {edge.library.name} edge, E0 {one.e0_eV:.1f} eV (tabulated "
            f"{one.tabulated_e0_eV:.1f}); compared with {compared} spectra.",
        ]
        best = next((m for hit in hits[:1] for m in hit.edges if m.edge == edge.library.name), None)
        if best is None and hits:
            said.append(
                f"The index holds no {edge.library.name} spectrum of the first hit: that edge says nothing of it."
            )
        elif best is not None:
            said.append(f"First hit, {best}.")
            if best.kind == "measured" and best.spectrum_id != hits[0].material_id:
                said.append(
                    f"A measured reference of {best.formula} ({best.source}) speaks for the entries of that formula, "
                    "or of the phase that it names."
                )
    return tuple(said)
