"""The compounds of a mixture by its edge as a table for the terminal, and as plain values."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xsearch.answers.lcf import Lcf, LcfResult
from xsearch.report.hits_table import KIND_MARKS, cells, footnotes, heading
from xsearch.report.json_text import plain
from xsearch.report.mixture_table import by_number
from xsearch.report.search_record import search_record
from xsearch.report.typeset import signed

LEFT = ("formula", "id", "name", "space group")
SHARES = (
    "share % of the absorber's atoms in the compounds found, ± one standard deviation if they are these; "
    "wider: eV of broadening"
)


def lcf_table(result: LcfResult) -> RenderableType:
    """The verdict, a row a compound with its share, how good the sum is, and how other numbers would do."""
    parts: list[RenderableType] = [heading(result)]
    lines = footnotes(result, result.hits, unfold=True)
    if result.hits:
        parts.append(components_table(result))
        others = by_number(result, lambda one: f"{one.r_factor:.2g}")
        lines = [goodness(result.best), f"R factor with 1, 2 ... compounds: {others}", SHARES, *lines]
    return Group(*parts, *(Text(f"  {line}", style="dim") for line in lines))


def components_table(result: LcfResult) -> Table:
    """A row a compound: its share, what it is, and by how much its spectrum was moved and broadened."""
    best = result.best
    named = any(hit.name for hit in best.hits)
    table = Table(box=None, pad_edge=True, header_style="bold", show_edge=False)
    headings = ("share %", "formula", "id", *(("name",) if named else ()), "space group", "score", "shift eV", "wider")
    for column in headings:
        table.add_column(column, justify="left" if column in LEFT else "right", no_wrap=True)
    for hit, one in zip(best.hits, best.components, strict=True):
        (match,) = hit.edges
        _, *row = cells(hit, named, has_pattern=False)
        *facts, _, score = row
        table.add_row(
            f"{100 * one.fraction:.0f} ± {100 * one.fraction_error:.0f}",
            *facts,
            score,
            f"{signed(match.shift_eV, 1)}{KIND_MARKS[match.kind]}",
            f"{match.broadening_eV:g}",
        )
    return table


def goodness(mixture: Lcf) -> str:
    """R factor, reduced χ², correlation and the sum of the weights."""
    chi = "" if isnan(mixture.reduced_chi_squared) else f", reduced χ² {mixture.reduced_chi_squared:.3g}"
    return (
        f"R factor {mixture.r_factor:.2g}{chi}, r {mixture.correlation:.4f}, sum of the weights "
        f"{mixture.weight_sum:.2f}"
    )


def lcf_record(result: LcfResult) -> dict[str, Any]:
    """The complete answer, with the fractions of the compounds and the sums of other numbers of compounds."""
    return {**search_record(result), "mixture": plain([sum_record(one) for one in result.mixtures])}


def sum_record(one: Lcf) -> dict[str, Any]:
    """The compounds with their fractions, how good the sum is, and its curve."""
    return {
        "components": [
            {
                "material_id": hit.material_id,
                "formula": hit.formula,
                "fraction": part.fraction,
                "fraction_error": part.fraction_error,
                "weight": part.weight,
                "support": part.support,
                "shift_eV": hit.edges[0].shift_eV,
                "broadening_eV": hit.edges[0].broadening_eV,
                "spectrum_id": hit.edges[0].spectrum_id,
                "kind": hit.edges[0].kind,
                "score": hit.score,
            }
            for hit, part in zip(one.hits, one.components, strict=True)
        ],
        "weight_sum": one.weight_sum,
        "evidence": one.evidence,
        "correlation": one.correlation,
        "r_factor": one.r_factor,
        "reduced_chi_squared": one.reduced_chi_squared,
        "energy_eV": np.round(one.energy_eV, 3),
        "mu": np.round(one.mu, 4),
    }
