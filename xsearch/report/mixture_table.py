"""The phases of a mixture as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xsearch.report.table import cells, footnotes, heading, hits_table

if TYPE_CHECKING:
    from xsearch.answers.mixture import MixtureResult


def mixture_table(result: MixtureResult) -> RenderableType:
    """The verdict, a row a phase with its weight, and how other numbers of phases would do."""
    parts: list[RenderableType] = [heading(result)]
    if result.hits:
        parts.append(phases_table(result))
    lines = footnotes(result, result.hits, unfold=True)
    if result.hits:
        others = result.by_number(lambda one: f"{100 * one.unexplained:.0f} %")
        lines = [f"unexplained with 1, 2 ... phases: {others}", WEIGHTS, *lines]
    return Group(*parts, *(Text(f"  {line}", style="dim") for line in lines))


WEIGHTS = "weight % of the crystalline phases found, without a correction for absorption or texture"


def phases_table(result: MixtureResult) -> Table:
    """The rows of a search, the weight in place of the rank; what is unexplained is a matter of the whole."""
    best = result.best
    named = any(hit.name for hit in best.hits)
    plain = hits_table((), False)
    table = Table(box=None, pad_edge=True, header_style="bold", show_edge=False)
    table.add_column("weight %", justify="right")
    for column in plain.columns[1:-1]:
        table.add_column(column.header, justify=column.justify, no_wrap=True)
        if column.header == "id" and named:
            table.add_column("name", no_wrap=True)
    for hit, amount in zip(best.hits, best.amounts, strict=True):
        table.add_row(f"{100 * amount.weight_fraction:.0f}", *cells(hit, named)[1:-1])
    return table
