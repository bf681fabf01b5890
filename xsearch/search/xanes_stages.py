"""The search by XANES, alone or together with a powder pattern: stages from spectra to ranked entries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.element_query import ElementQuery
from xsearch.errors import QueryError
from xsearch.indexes import Index
from xsearch.indexes.prior import Prior
from xsearch.preprocess.xanes import NormalizedXanes, normalize, window
from xsearch.search.match import Matches
from xsearch.search.rank import Evidence
from xsearch.spectra.xanes import Xanes
from xsearch.xas.evidence import EdgeEvidence, entry_prior, share_with_entries, weigh_edge
from xsearch.xas.library import EdgeLibraries

MATCHED_BY_EDGES = 250
"""Entries that the edges favour and that are matched with a powder pattern beside those it recalls itself."""

PATTERN_WEIGHT = 1.0
"""What the evidence of a powder pattern counts beside edges: on 134 searches of measured patterns the likelihood of
the right phase is highest at 1.2, on 76 that knew one element as well; 1 leaves its own scale as it is."""

FAILURE = 0.1
"""How often a measured edge, or its library spectrum, is so wrong that it tells nothing of its compound."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Entries of the index, and references of none, with their evidence.

    Attributes:
        rows: (k,) int64, -1 for a reference without an entry.
        formulas: (k,) of references; empty for entries.
        parts: evidence by measurement, (k,) each, NaN where the library holds nothing to compare.
        spectra: by edge, (k,) the place in its library of the spectrum that speaks; -1 for none.
        total: (k,) natural logarithms, the prior included.
    """

    rows: NDArray[np.int64]
    formulas: NDArray[np.object_]
    parts: dict[str, NDArray[np.float64]]
    spectra: dict[str, NDArray[np.int64]]
    total: NDArray[np.float64]


def prepare(spectra: Sequence[Xanes]) -> tuple[NormalizedXanes, ...]:
    """Normalise the edges of one sample.

    Raises:
        QueryError: where one edge comes twice.
        SpectrumError: for a spectrum that cannot be normalised.
    """
    names = [f"{one.absorber} {one.edge}" for one in spectra]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise QueryError(
            f"The {twice} edge was given {names.count(twice)} times; one spectrum an edge is expected. Search samples "
            "one after the other."
        )
    return tuple(normalize(one) for one in spectra)


def with_absorbers(query: ElementQuery, spectra: Sequence[NormalizedXanes]) -> ElementQuery:
    """The element conditions and that every absorber is in the sample.

    Raises:
        QueryError: where the conditions leave an absorber out.
    """
    absorbers = frozenset(one.absorber for one in spectra)
    left_out = absorbers & query.exclude
    if query.allowed is not None:
        left_out |= absorbers - query.allowed
    if left_out:
        raise QueryError(
            f"{', '.join(sorted(left_out))} absorbs in the given spectra, but the element conditions ({query}) leave "
            "it out; add it to them."
        )
    return query if query.exactly is not None else replace(query, must=query.must | absorbers)


def weigh_edges(
    libraries: EdgeLibraries,
    spectra: Sequence[NormalizedXanes],
    query: ElementQuery,
    without: Collection[int] = (),
    without_spectra: Collection[str] = (),
) -> list[EdgeEvidence]:
    """Each edge against the spectra of its absorber whose compounds meet the conditions."""
    return [
        weigh_edge(window(one), libraries.select(one.absorber, one.edge, query, without, without_spectra))
        for one in spectra
    ]


def gather(
    index: Index, edges: Sequence[EdgeEvidence], prior: Prior, matched: tuple[Matches, Evidence] | None = None
) -> Candidates:
    """Add up the evidence.

    Of an entry without a spectrum of an edge, nothing is known but that it is one of its absorber's compounds: its
    likelihood is the mean over those that have one.

    Args:
        index: the index.
        edges: of every edge.
        prior: which prior counts; the powder match brings its own.
        matched: rows matched with a powder pattern, which then are the candidates.
    """
    if matched is None:
        rows = np.array(sorted({row for edge in edges for row in edge.of_row}), np.int64)
        names = sorted({formula for edge in edges for formula in edge.of_formula})
        # a reference without an entry was measured, so it costs nothing
        total = np.append(entry_prior(index.columns, rows, prior), np.zeros(len(names)))
    else:
        rows, names = matched[0].rows, []
        total = PATTERN_WEIGHT * matched[1].total
    keys: list[int | str] = [*rows.tolist(), *names]
    owners = index.columns.cell_of
    parts: dict[str, NDArray[np.float64]] = {}
    places: dict[str, NDArray[np.int64]] = {}
    for edge in edges:
        found = [
            edge.of_formula.get(key)
            if isinstance(key, str)
            else edge.of_row.get(int(owners[key]) if owners[key] >= 0 else key)
            for key in keys
        ]
        value = np.array([np.nan if one is None else one[0] for one in found], np.float64)
        parts[edge.library.name] = value
        places[edge.library.name] = np.array([-1 if one is None else one[1] for one in found], np.int64)
        usual = unknown(edge)
        total = total + robust(np.where(np.isnan(value), usual, value), usual)
    if matched is not None:
        parts["pxrd"] = PATTERN_WEIGHT * matched[1].total
    filled = np.array([*[""] * len(rows), *names], object)
    return Candidates(np.append(rows, np.full(len(names), -1, np.int64)), filled, parts, places, total)


def robust(value: NDArray[np.float64], usual: float) -> NDArray[np.float64]:
    """(k,) evidence that a spectrum which went wrong cannot turn against the right compound without bound.

    With a probability of `FAILURE` the measured or the library spectrum says nothing, and the likelihood is the usual.
    """
    return usual + np.logaddexp(np.log1p(-FAILURE) + value - usual, np.log(FAILURE))


def unknown(edge: EdgeEvidence) -> float:
    """The evidence of a compound whose spectrum is not known: the logarithm of the mean likelihood of the others."""
    values = np.array([value for value, _ in (*edge.of_row.values(), *edge.of_formula.values())])
    return float(values.max() + np.log(np.mean(np.exp(values - values.max()))))


def favoured(index: Index, edges: Sequence[EdgeEvidence]) -> NDArray[np.int64]:
    """The rows that edges speak most for, and the measured cells linked to them."""
    summed: dict[int, float] = {}
    for edge in edges:
        typical = float(np.mean([value for value, _ in edge.of_row.values()])) if edge.of_row else 0.0
        for row, (value, _) in edge.of_row.items():
            summed[row] = summed.get(row, 0.0) + value - typical
    best = sorted(summed, key=lambda row: (-summed[row], row))[:MATCHED_BY_EDGES]
    linked = np.flatnonzero(np.isin(index.columns.cell_of, best))
    return np.union1d(np.array(best, np.int64), linked)


def share(index: Index, edges: Sequence[EdgeEvidence], rows: NDArray[np.int64] | None = None) -> list[EdgeEvidence]:
    """`share_with_entries` for each edge."""
    return [share_with_entries(index, edge, rows) for edge in edges]
