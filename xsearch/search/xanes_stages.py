"""Stages of the search by XANES, alone or together with a powder pattern: from spectra to ranked entries."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.formula import parse_formula
from xsearch.errors import NothingSearched, QueryError, SpectrumError
from xsearch.fit.correlation import Matches
from xsearch.indexes import Index
from xsearch.options import ANY, Constraints, Prior, Range
from xsearch.preprocess.xanes import NormalizedXanes, normalize
from xsearch.search.rank import Evidence, missing_elements
from xsearch.search.scope import Scope
from xsearch.spectra.xanes import Xanes
from xsearch.xas.evidence import EdgeEvidence, assign_references, entry_prior, weigh_edge, weigh_exafs
from xsearch.xas.library import EdgeLibraries, EdgeLibrary
from xsearch.xas.settings import DEFAULTS, EvidenceSettings, XasSettings


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Entries of the index, and references that belong to no entry, with their evidence.

    Attributes:
        edges: the measured edges.
        rows: (k,) int64, -1 for a reference without an entry.
        formulas: (k,) of references; empty for entries.
        evidence: by edge, (k,) log-evidence, NaN where the library holds nothing to compare.
        spectra: by edge, (k,) the place in its library of the spectrum that gives the evidence; -1 for none.
        total: (k,) log-evidence of all measurements, the prior included.
    """

    edges: tuple[EdgeEvidence, ...]
    rows: NDArray[np.int64]
    formulas: NDArray[np.object_]
    evidence: dict[str, NDArray[np.float64]]
    spectra: dict[str, NDArray[np.int64]]
    total: NDArray[np.float64]

    def best_first(self) -> list[int]:
        """Places by falling evidence; ties by row and formula."""
        return [int(i) for i in np.lexsort((self.formulas.astype(str), self.rows, -self.total))]


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


def with_absorbers(constraints: Constraints, spectra: Sequence[NormalizedXanes]) -> Constraints:
    """The element conditions and that every absorber is in the sample.

    Raises:
        QueryError: where the conditions leave an absorber out.
    """
    absorbers = frozenset(one.absorber for one in spectra)
    left_out = absorbers & constraints.exclude
    if constraints.allowed is not None:
        left_out |= absorbers - constraints.allowed
    if left_out:
        raise QueryError(
            f"{', '.join(sorted(left_out))} absorbs in the given spectra, but the element conditions ({constraints}) "
            "leave it out; add it to them."
        )
    return constraints if constraints.exactly is not None else replace(constraints, must=constraints.must | absorbers)


def weigh_edges(
    libraries: EdgeLibraries, spectra: Sequence[NormalizedXanes], scope: Scope, settings: XasSettings = DEFAULTS
) -> list[EdgeEvidence]:
    """Each edge against the spectra of its absorber whose compounds meet the conditions: near edge, EXAFS, or both.

    Raises:
        SpectrumError: where EXAFS is to be compared and a spectrum does not reach far enough.
        NothingSearched: where the index holds nothing to compare with.
    """

    def library(one: NormalizedXanes, exafs: bool) -> EdgeLibrary:
        left_out = scope.leave_out_rows, scope.leave_out_spectra
        return libraries.select(one.absorber, one.edge, scope.constraints, *left_out, exafs=exafs)

    found = []
    for one in spectra:
        if scope.range is not Range.EXAFS:
            found.append(weigh_edge(one, library(one, False), settings))
        if scope.range is Range.EXAFS:
            found.append(weigh_exafs(one, library(one, True), settings))
        elif scope.range is Range.AUTO:
            # EXAFS is a further measurement of the same edge: without it the near edge decides alone
            with suppress(SpectrumError, NothingSearched):
                found.append(weigh_exafs(one, library(one, True), settings))
    return found


def combine(
    index: Index,
    edges: Sequence[EdgeEvidence],
    prior: Prior,
    constraints: Constraints = ANY,
    matched: tuple[Matches, Evidence] | None = None,
    settings: EvidenceSettings = DEFAULTS.evidence,
) -> Candidates:
    """Add up the evidence.

    Of an entry without a spectrum of an edge, nothing is known but that it is one of its absorber's compounds: its
    likelihood is the mean over those that have one.

    Args:
        index: the index.
        edges: of every edge.
        prior: which prior counts; the powder match brings its own.
        constraints: given elements that an entry or a reference lacks are a cost.
        matched: rows matched with a powder pattern, which then are the candidates.
        settings: of the evidence.
    """
    if matched is None:
        rows = np.array(sorted({row for edge in edges for row in edge.of_row}), np.int64)
        names = sorted({formula for edge in edges for formula in edge.of_formula})
        # a reference without an entry was measured, so it costs nothing
        total = np.append(entry_prior(index.columns, rows, prior, settings), np.zeros(len(names)))
        lacking = [
            *missing_elements(index.columns, rows, constraints).tolist(),
            *(_lacking(name, constraints) for name in names),
        ]
        total = total - settings.missing_element_cost * np.array(lacking, np.float64)
    else:
        rows, names = matched[0].rows, []
        total = settings.pattern_weight * matched[1].total
    keys: list[int | str] = [*rows.tolist(), *names]
    owners = index.columns.cell_of
    evidence: dict[str, NDArray[np.float64]] = {}
    places: dict[str, NDArray[np.int64]] = {}
    for edge in edges:
        found = [
            edge.of_formula.get(key)
            if isinstance(key, str)
            else edge.of_row.get(int(owners[key]) if owners[key] >= 0 else key)
            for key in keys
        ]
        value = np.array([np.nan if one is None else one.log_evidence for one in found], np.float64)
        evidence[edge.name] = value
        places[edge.name] = np.array([-1 if one is None else one.place for one in found], np.int64)
        usual = mean_evidence(edge)
        total = total + bounded_loss(np.where(np.isnan(value), usual, value), usual, settings.failure)
    filled = np.array([*[""] * len(rows), *names], object)
    every = np.append(rows, np.full(len(names), -1, np.int64))
    return Candidates(tuple(edges), every, filled, evidence, places, total)


def _lacking(formula: str, constraints: Constraints) -> int:
    """How many of the elements of `only` a formula lacks."""
    return len((constraints.only or frozenset()) - parse_formula(formula).keys())


def bounded_loss(value: NDArray[np.float64], usual: float | NDArray[np.float64], failure: float) -> NDArray[np.float64]:
    """(k,) log-evidence by a mixture likelihood, so that a wrong spectrum costs the right compound little.

    With a probability of `failure` the measured or the library spectrum says nothing, and the likelihood is the usual.
    """
    return usual + np.logaddexp(np.log1p(-failure) + value - usual, np.log(failure))


def mean_evidence(edge: EdgeEvidence) -> float:
    """Of a compound whose spectrum is not known: the logarithm of the mean likelihood of the others."""
    values = np.array([one.log_evidence for one in (*edge.of_row.values(), *edge.of_formula.values())])
    return float(values.max() + np.log(np.mean(np.exp(values - values.max()))))


def recalled_by_edges(
    index: Index, edges: Sequence[EdgeEvidence], settings: EvidenceSettings = DEFAULTS.evidence
) -> NDArray[np.int64]:
    """The rows with the most evidence from edges, and the measured cells linked to them."""
    summed: dict[int, float] = {}
    for edge in edges:
        typical = float(np.mean([one.log_evidence for one in edge.of_row.values()])) if edge.of_row else 0.0
        for row, one in edge.of_row.items():
            summed[row] = summed.get(row, 0.0) + one.log_evidence - typical
    best = sorted(summed, key=lambda row: (-summed[row], row))[: settings.recalled_by_edges]
    linked = np.flatnonzero(np.isin(index.columns.cell_of, best))
    return np.union1d(np.array(best, np.int64), linked)


def assign_each(
    index: Index,
    edges: Sequence[EdgeEvidence],
    rows: NDArray[np.int64] | None = None,
    settings: EvidenceSettings = DEFAULTS.evidence,
) -> list[EdgeEvidence]:
    """`assign_references` for each edge."""
    return [assign_references(index, edge, rows, settings) for edge in edges]
