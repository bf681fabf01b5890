"""The phases of a mixture as a table for the terminal, and as plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from xsearch.answers.explanations import AnyExplanation, ExplainedResult
from xsearch.answers.mixture import Mixture, MixtureResult
from xsearch.report.hits_table import LEFT, cells, footnotes, heading, hit_headings
from xsearch.report.json_text import plain
from xsearch.report.rich_table import new_table, with_lines
from xsearch.report.search_record import search_record

WEIGHTS = "weight % of the crystalline phases found and known, without a correction for absorption or texture"


def mixture_table(result: MixtureResult) -> RenderableType:
    """The verdict, a row a phase with its weight, and how other numbers of phases would do."""
    lines = footnotes(result, result.hits, duplicates=True)
    if not result.hits:
        return with_lines([heading(result)], lines)
    others = by_number(result, lambda one: f"{100 * one.unexplained:.0f} %")
    lines = [f"unexplained with 1, 2 ... phases: {others}", WEIGHTS, *lines]
    return with_lines([heading(result), phases_table(result)], lines)


def by_number(result: ExplainedResult[AnyExplanation], text: Callable[[AnyExplanation], str]) -> str:
    """The explanations by one phase, by two and so on, in few words each; the best one in brackets."""
    return ", ".join(f"[{text(one)}]" if one is result.best else text(one) for one in result.mixtures)


def mixture_record(result: MixtureResult) -> dict[str, Any]:
    """The complete answer, with the amounts of the phases and the explanations by other numbers of phases."""
    return {**search_record(result, "mixture"), "mixtures": plain([explanation_record(one) for one in result.mixtures])}


def explanation_record(mixture: Mixture) -> dict[str, Any]:
    """The phases with their amounts, and how good the explanation is."""
    return {
        "components": [
            {
                "material_id": one.hit.material_id,
                "formula": one.hit.formula,
                "weight_fraction": one.weight_fraction,
                "weight_error": one.weight_error,
                "scale": one.scale,
                "absorption_factor": one.absorption_factor,
                "support": one.support,
                "strain": one.hit.fitted.strain,
                "score": one.hit.score,
            }
            for one in mixture.components
        ],
        "log_evidence": mixture.log_evidence,
        "unexplained": mixture.unexplained,
    }


def phases_table(result: MixtureResult) -> Table:
    """The columns of hits, the weight in place of the rank; what is unexplained is a matter of the whole."""
    named = any(hit.name for hit in result.best.hits)
    table = new_table(["weight %", *hit_headings(named)[1:-1]], LEFT)
    for one in result.best.components:
        table.add_row(
            f"{100 * one.weight_fraction:.0f} ± {max(100 * one.weight_error, 1):.0f}", *cells(one.hit, named)[1:-1]
        )
    return table
