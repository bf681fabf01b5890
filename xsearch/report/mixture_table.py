"""The phases of a mixture as a table for the terminal, and as plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xsearch.answers.explanations import AnyExplanation, ExplainedResult
from xsearch.answers.mixture import Mixture, MixtureResult
from xsearch.report.hits_table import cells, footnotes, heading, hits_table
from xsearch.report.json_text import plain
from xsearch.report.search_record import search_record


def mixture_table(result: MixtureResult) -> RenderableType:
    """The verdict, a row a phase with its weight, and how other numbers of phases would do."""
    parts: list[RenderableType] = [heading(result)]
    if result.hits:
        parts.append(phases_table(result))
    lines = footnotes(result, result.hits, unfold=True)
    if result.hits:
        others = by_number(result, lambda one: f"{100 * one.unexplained:.0f} %")
        lines = [f"unexplained with 1, 2 ... phases: {others}", WEIGHTS, *lines]
    return Group(*parts, *(Text(f"  {line}", style="dim") for line in lines))


WEIGHTS = "weight % of the crystalline phases found, without a correction for absorption or texture"


def by_number(result: ExplainedResult[AnyExplanation], text: Callable[[AnyExplanation], str]) -> str:
    """The explanations by one phase, by two and so on, in few words each; the best one in brackets."""
    return ", ".join(f"[{text(one)}]" if one is result.best else text(one) for one in result.mixtures)


def mixture_record(result: MixtureResult) -> dict[str, Any]:
    """The complete answer, with the amounts of the phases and the explanations by other numbers of phases."""
    return {**search_record(result), "mixture": plain([explanation_record(one) for one in result.mixtures])}


def explanation_record(mixture: Mixture) -> dict[str, Any]:
    """The phases with their amounts, and how good the explanation is."""
    return {
        "phases": [
            {
                "material_id": hit.material_id,
                "formula": hit.formula,
                "weight_fraction": amount.weight_fraction,
                "scale": amount.scale,
                "support": amount.support,
                "strain": hit.strain,
                "score": hit.score,
            }
            for hit, amount in zip(mixture.hits, mixture.amounts, strict=True)
        ],
        "evidence": mixture.evidence,
        "unexplained": mixture.unexplained,
    }


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
