"""How often a measured edge finds its compound in an index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from xsearch.answers import Hit
from xsearch.builders.user_entries import USER_ID
from xsearch.chemistry.formula import parse_formula
from xsearch.data.xanes_tables import read_labelled_edges
from xsearch.errors import QueryError, XSearchError
from xsearch.evaluate.pxrd import DEPTHS, NO_MATCH, Outcome, Report, given_conditions
from xsearch.indexes import Index
from xsearch.options import Compared, Given, parse_choice
from xsearch.search import SearchIndex, open_index
from xsearch.spectra.xanes import Xanes
from xsearch.spectra.xas import XasSpectrum
from xsearch.xas.evidence import entries_of, groups_of, phase_groups
from xsearch.xas.library import EdgeLibrary


@dataclass(frozen=True, slots=True)
class XanesReport(Report):
    """The outcomes; several spectra of one compound are many outcomes, so compounds are counted as well.

    Attributes:
        compounds: absorber and formula of each outcome.
        formula_ranks: of the first hit with the right formula, whatever its phase.
        rivals: how many other hits each had, fifty at most: phases that it was compared with.
    """

    compounds: tuple[str, ...] = ()
    formula_ranks: tuple[int | None, ...] = ()
    rivals: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As of patterns; `by_compound`: shares where each compound has the same weight; `formula_top1` and so on."""
        report = Report.to_dict(self)
        spectra = report.pop("patterns")
        pairs = [(name, o) for name, o in zip(self.compounds, self.clean, strict=True) if o.answerable]
        names = [name for name, _ in pairs]
        weights = np.array([1 / names.count(name) for name in names])
        shares = {
            f"top{k}": float(np.average([o.rank is not None and o.rank <= k for _, o in pairs], weights=weights))
            for k in DEPTHS
            if pairs
        }
        ranks = [r for r, o in zip(self.formula_ranks, self.clean, strict=True) if o.answerable]
        formula = {
            f"formula_top{k}": float(np.mean([r is not None and r <= k for r in ranks])) for k in DEPTHS if ranks
        }
        return {**report, **formula, "compounds": len(set(names)), "by_compound": shares, "spectra": spectra}


def evaluate_xanes(
    path: str | Path,
    index: str | SearchIndex | None = None,
    given: Given | str = Given.NONE,
    *,
    prior: str = "known",
    compared: Compared | str = "all",
    leave_out: bool = True,
    change: Callable[[Xanes], Xanes] | None = None,
    progress: Callable[[Outcome], None] | None = None,
) -> XanesReport:
    """Search for every usable measured spectrum and note where the first right hit stands.

    No spectrum finds itself: measured references of the query's source are left out of the index for it, and so is
    whatever has its id or repeats its numbers.

    Args:
        path: a table with the columns of `xas_measured.parquet`; rows marked as not usable or suspect are passed over.
        index: an opened index or its name; the one in use by default.
        given: of the elements: only the absorber, those allowed, or exactly those.
        prior: as in `SearchIndex.search`.
        compared: which spectra of the index are compared: all, measured, or simulated (with predicted ones).
        leave_out: whether each is searched once more with its right entries left out, to see whether the search says
            that there is no match.
        change: of each edge before it is searched, such as one of `beamline_conditions`.
        progress: called with each outcome.

    Raises:
        BuildError: where the file is no table of spectra.
    """
    known = parse_choice(Given, given, "choice of given elements")
    kinds = parse_choice(Compared, compared, "choice of compared spectra")
    opened = index if isinstance(index, SearchIndex) else open_index(index)
    outcomes: list[Outcome] = []
    compounds: list[str] = []
    formula_ranks: list[int | None] = []
    rivals: list[int] = []
    refused: list[str] = []
    for query in read_labelled_edges(path):
        library = _library(opened, query)
        hidden = set() if library is None else left_out(library, query, kinds)
        rows, spectra = (
            (np.zeros(0, np.int64), set()) if library is None else right(opened.index, library, query, hidden)
        )
        conditions = given_conditions(parse_formula(query.reduced_formula), known)
        try:
            xanes = query.to_xanes()
            xanes = change(xanes) if change else xanes
            begin = perf_counter()
            result = None
            if library is not None:
                result = opened.search(
                    xanes=xanes, top=max(DEPTHS), prior=prior, leave_out_spectra=hidden, **conditions
                )
            latency_ms = (perf_counter() - begin) * 1e3
        except QueryError:
            result, latency_ms = None, (perf_counter() - begin) * 1e3
        except XSearchError as error:
            refused.append(f"{query.spectrum_id}: {error}")
            continue
        answerable = bool(len(rows) or spectra)
        hits = () if result is None else result.hits
        lacking = None
        if leave_out and answerable:
            try:
                lacking = opened.search(
                    xanes=xanes,
                    top=1,
                    prior=prior,
                    leave_out_rows=rows.tolist(),
                    leave_out_spectra=hidden | spectra,
                    **conditions,
                )
            except QueryError:  # no other entry satisfies the constraints
                lacking = None
        groups = right_groups(opened.index, query, rows, bool(spectra))
        rank = next((hit.rank for hit in hits if is_right(hit, query, groups)), None)
        outcome = Outcome(
            label=query.spectrum_id,
            answerable=answerable,
            rank=rank,
            latency_ms=latency_ms,
            first=f"{hits[0].material_id} {hits[0].formula}" if hits else "",
            verdict=result.verdict if result else NO_MATCH,
            score=hits[0].score if hits else 0.0,
            left_out_score=float("nan") if lacking is None else lacking.hits[0].score if lacking.hits else 0.0,
            left_out_verdict=lacking.verdict if lacking else "",
        )
        outcomes.append(outcome)
        compounds.append(f"{query.absorber} {query.reduced_formula}")
        rivals.append(max(0, len(hits) - 1))
        formula_ranks.append(next((hit.rank for hit in hits if is_right(hit, query, frozenset())), None))
        if progress:
            progress(outcome)
    return XanesReport(
        known,
        opened.name,
        "physics",
        tuple(outcomes),
        refused=tuple(refused),
        compounds=tuple(compounds),
        formula_ranks=tuple(formula_ranks),
        rivals=tuple(rivals),
    )


def left_out(library: EdgeLibrary, query: XasSpectrum, compared: Compared = Compared.ALL) -> set[str]:
    """Ids of the library's spectra that a query may not see: itself, measured ones of its source, or a whole kind."""
    table = library.spectra
    is_measured = table.kind == "measured"
    same = (table.source == query.source) | (table.spectrum_id == query.spectrum_id)
    same |= np.array([name.removeprefix(USER_ID) == query.spectrum_id for name in table.spectrum_id], bool)
    hidden = is_measured & same
    if compared is not Compared.ALL:
        hidden |= is_measured if compared is Compared.SIMULATED else ~is_measured
    return set(table.spectrum_id[hidden].tolist())


def right(index: Index, library: EdgeLibrary, query: XasSpectrum, hidden: set[str]) -> tuple[np.ndarray, set[str]]:
    """Rows whose compound is the query's and of which there is a spectrum, and ids of references of that compound."""
    table = library.spectra
    seen = np.array([name not in hidden for name in table.spectrum_id], bool)
    same = seen & (table.reduced_formula == query.reduced_formula)
    return np.unique(library.row[same & (library.row >= 0)]), set(table.spectrum_id[same & (library.row < 0)].tolist())


def right_groups(index: Index, query: XasSpectrum, rows: np.ndarray, has_reference: bool) -> frozenset[int]:
    """Space groups of the query's phase, where its name states them and the search can find them; else none.

    Args:
        index: the index.
        query: the spectrum.
        rows: entries of its compound with a spectrum.
        has_reference: whether a reference may speak for further entries.
    """
    formula = query.reduced_formula
    groups = groups_of(query.reference or "", formula, phase_groups(index, [formula]))
    if has_reference:
        rows = entries_of(index, [formula]).get(formula, rows)
    return groups & frozenset(index.columns.space_group[rows].tolist())


def is_right(hit: Hit, query: XasSpectrum, groups: frozenset[int]) -> bool:
    """Whether a hit, or what is folded into it, is the query's compound, and its phase where both state it."""
    return any(
        one.formula == query.reduced_formula
        and (not groups or one.material.space_group is None or one.material.space_group in groups)
        for one in (hit, *hit.duplicates)
    )


def _library(opened: SearchIndex, query: XasSpectrum) -> EdgeLibrary | None:
    try:
        return opened.libraries.of(query.absorber, query.edge)
    except QueryError:
        return None
