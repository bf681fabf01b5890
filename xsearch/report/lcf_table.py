"""The compounds of a mixture by its edge as a table for the terminal."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xsearch.report.table import KIND_MARKS, cells, footnotes, heading
from xsearch.report.typeset import signed

if TYPE_CHECKING:
    from xsearch.answers.lcf import Lcf, LcfResult

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
        others = result.by_number(lambda one: f"{one.r_factor:.2g}")
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
