"""How often the right compound is found from an edge: measured or simulated queries against library spectra."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from xsearch.builders.xanes import Spectrum, read_parquet
from xsearch.chemistry.formula import parse_formula
from xsearch.errors import QueryError, SpectrumError
from xsearch.indexes.xanes_table import XanesTable
from xsearch.preprocess.xanes import XanesWindow, normalize, window
from xsearch.search.xanes_match import match

if TYPE_CHECKING:
    from rich.table import Table

Given = Literal["none", "subset", "exact"]
KS = (1, 5, 10, 50)


@dataclass(frozen=True, slots=True)
class XanesReport:
    """Figures over the answerable queries: the library holds that absorber and edge for the query's formula.

    Attributes:
        n: queries that could be read; `answerable` of them have an answer.
        compounds: distinct formulas among the answerable.
        topk: share with a right entry among the first k, by k; one entry a formula.
        topk_by_compound: the same, every compound counting alike, since replicates of one compound are many.
        chance_top1: what a random order of the candidates would give.
        candidates: median number of distinct formulas that compete.
        latency_ms_p50, latency_ms_p95: wall time of one match.
        elements: what the search was told.
    """

    n: int
    answerable: int
    compounds: int
    topk: dict[int, float]
    topk_by_compound: dict[int, float]
    chance_top1: float
    candidates: float
    latency_ms_p50: float
    latency_ms_p95: float
    elements: str
    details: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, `top1`, `top5` and so on at the top level."""
        values = asdict(self)
        for k, share in values.pop("topk").items():
            values[f"top{k}"] = share
        values["topk_by_compound"] = {str(k): v for k, v in self.topk_by_compound.items()}
        return values

    def table(self) -> Table:
        """As a table for a terminal."""
        from rich.table import Table

        shown = Table(title=f"{self.answerable} answerable of {self.n} queries, {self.compounds} compounds")
        for heading in ("right among the first", "queries", "compounds"):
            shown.add_column(heading, justify="right")
        for k in self.topk:
            shown.add_row(str(k), f"{self.topk[k]:.1%}", f"{self.topk_by_compound[k]:.1%}")
        shown.caption = f"By chance {self.chance_top1:.1%} at the top; elements: {self.elements}."
        return shown


def evaluate_xanes(
    path: Path,
    tables: dict[tuple[str, str], XanesTable],
    elements: Given = "none",
    leave_out_source: bool = False,
    prefer_known: bool = True,
) -> XanesReport:
    """Match every measured spectrum of a table against a library.

    Args:
        path: such as `xas_measured.parquet`.
        tables: the library by absorber and edge, as `open_tables` gives it.
        elements: `none`: every entry of that absorber competes; `subset`: those without other elements than the
            sample's; `exact`: those with exactly its elements.
        leave_out_source: a query does not see library spectra of its own source; for measured libraries.
        prefer_known: see `match`.
    """
    queries = [spectrum for spectrum in read_parquet(path) if spectrum.kind == "measured"]
    rows, n = [], 0
    for query in queries:
        table = tables.get((query.xanes.absorber, query.xanes.edge))
        try:
            cut = window(normalize(query.xanes))
            sample = frozenset(parse_formula(query.reduced_formula))
        except (SpectrumError, ValueError):
            continue
        n += 1
        if table is None:
            continue
        keep = allowed(table, sample, elements)
        if leave_out_source:
            keep &= (table.source != query.source) & (table.spectrum_id != query.spectrum_id)
        if query.reduced_formula in set(table.reduced_formula[keep]):
            rows.append(_ask(query, cut, table.take(keep), prefer_known))
    return _report(rows, n, elements)


def allowed(table: XanesTable, sample: frozenset[str], elements: Given) -> NDArray[np.bool_]:
    """(n,) which library spectra compete.

    Raises:
        QueryError: for an unknown word.
    """
    if elements == "none":
        return np.ones(len(table), bool)
    if elements == "subset":
        return table.within(sample)
    if elements == "exact":
        return np.array([e == sample for e in table.elements], bool)
    raise QueryError(f"Unknown way {elements!r} of giving elements; none, subset or exact is expected.")


def rank_formulas(score: NDArray[np.float64], formulas: NDArray[np.object_]) -> list[str]:
    """Formulas by their best spectrum, the best first; ties by name."""
    best: dict[str, float] = {}
    for formula, value in zip(formulas, score, strict=True):
        best[formula] = max(best.get(formula, -np.inf), float(value))
    return sorted(best, key=lambda f: (-best[f], f))


def _ask(query: Spectrum, cut: XanesWindow, table: XanesTable, prefer_known: bool) -> dict[str, Any]:
    start = time.perf_counter()
    found = match(cut, table, prefer_known=prefer_known)
    elapsed = (time.perf_counter() - start) * 1e3
    order = rank_formulas(found.score, table.reduced_formula)
    return {
        "id": query.spectrum_id,
        "formula": query.reduced_formula,
        "absorber": query.xanes.absorber,
        "rank": order.index(query.reduced_formula) + 1,
        "candidates": len(order),
        "best": order[0],
        "ms": elapsed,
    }


def _report(rows: Sequence[dict[str, Any]], n: int, elements: str) -> XanesReport:
    if not rows:
        raise SpectrumError("None of the queries has an entry of its formula, absorber and edge in the library.")
    ranks = np.array([row["rank"] for row in rows])
    names = [f"{row['absorber']} {row['formula']}" for row in rows]
    weights = np.array([1 / names.count(name) for name in names])
    return XanesReport(
        n=n,
        answerable=len(rows),
        compounds=len(set(names)),
        topk={k: float((ranks <= k).mean()) for k in KS},
        topk_by_compound={k: float(np.average(ranks <= k, weights=weights)) for k in KS},
        chance_top1=float(np.mean([1 / row["candidates"] for row in rows])),
        candidates=float(np.median([row["candidates"] for row in rows])),
        latency_ms_p50=float(np.percentile([row["ms"] for row in rows], 50)),
        latency_ms_p95=float(np.percentile([row["ms"] for row in rows], 95)),
        elements=elements,
        details=list(rows),
    )
