"""The components of a linear combination fit as a table for the terminal, and as plain values."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
from rich.console import RenderableType
from rich.table import Table

from xsearch.answers.lcf import Lcf, LcfResult
from xsearch.report.hits_table import KIND_MARKS, LEFT, cells, footnotes, heading, hit_headings
from xsearch.report.json_text import plain
from xsearch.report.mixture_table import by_number
from xsearch.report.rich_table import new_table, with_lines
from xsearch.report.search_record import search_record
from xsearch.report.typeset import signed

FRACTIONS = "fraction of the absorber's atoms in the compounds found, ± one standard deviation if they are these"


def lcf_table(result: LcfResult) -> RenderableType:
    """The verdict, a row a component with its fraction, how good the fit is, and how other numbers would do."""
    lines = footnotes(result, result.hits, duplicates=True)
    if not result.hits:
        return with_lines([heading(result)], lines)
    others = by_number(result, lambda one: f"{one.r_factor:.2g}")
    lines = [goodness(result.best), f"R factor with 1, 2 ... components: {others}", FRACTIONS, *lines]
    return with_lines([heading(result), components_table(result)], lines)


def components_table(result: LcfResult) -> Table:
    """A row a component: its fraction, what it is, and the shift and broadening of its spectrum."""
    named = any(hit.name for hit in result.best.hits)
    facts = [name for name in hit_headings(named, has_pattern=False)[1:] if name != "system"]
    table = new_table(["fraction %", *facts, "shift eV", "broadening eV"], LEFT)
    for one in result.best.components:
        (match,) = one.hit.near_edges
        _, *row = cells(one.hit, named, has_pattern=False)
        *known, _, score = row
        table.add_row(
            f"{100 * one.fraction:.0f} ± {100 * one.fraction_error:.0f}",
            *known,
            score,
            f"{signed(match.shift_eV, 1)}{KIND_MARKS[match.kind]}",
            f"{match.broadening_eV:g}",
        )
    return table


def goodness(fit: Lcf) -> str:
    """R factor, reduced χ², correlation and the sum of the weights."""
    chi = "" if isnan(fit.reduced_chi_squared) else f", reduced χ² {fit.reduced_chi_squared:.3g}"
    return f"R factor {fit.r_factor:.2g}{chi}, r {fit.correlation:.4f}, sum of the weights {fit.weight_sum:.2f}"


def lcf_record(result: LcfResult) -> dict[str, Any]:
    """The complete answer, with the fractions of the components and the fits of other numbers of components."""
    return {**search_record(result, "lcf"), "mixtures": plain([fit_record(one) for one in result.mixtures])}


def fit_record(one: Lcf) -> dict[str, Any]:
    """The components with their fractions, how good the fit is, and its curve."""
    return {
        "components": [
            {
                "material_id": part.hit.material_id,
                "formula": part.hit.formula,
                "fraction": part.fraction,
                "fraction_error": part.fraction_error,
                "weight": part.weight,
                "support": part.support,
                "shift_eV": part.hit.near_edges[0].shift_eV,
                "broadening_eV": part.hit.near_edges[0].broadening_eV,
                "spectrum_id": part.hit.near_edges[0].spectrum_id,
                "kind": part.hit.near_edges[0].kind,
                "score": part.hit.score,
            }
            for part in one.components
        ],
        "weight_sum": one.weight_sum,
        "log_evidence": one.log_evidence,
        "correlation": one.correlation,
        "r_factor": one.r_factor,
        "reduced_chi_squared": one.reduced_chi_squared,
        "energy_eV": np.round(one.energy_eV, 3),
        "mu": np.round(one.mu, 4),
    }
