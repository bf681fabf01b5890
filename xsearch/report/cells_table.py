"""Indexed cells as a table for the terminal and as plain values."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from rich.text import Text

from xsearch.indexing.cell import IndexedCell, IndexedCells
from xsearch.report.json_text import head
from xsearch.report.material_record import cell_record
from xsearch.report.rich_table import new_table, with_lines
from xsearch.settings import settings_record


def cells_table(answer: IndexedCells) -> RenderableType:
    """A row a cell, with both figures of merit."""
    count = len(answer.two_theta_deg)
    headings = (
        "#",
        "probability",
        f"M{count}",
        f"F{count}",
        "unindexed",
        "lattice",
        "a",
        "b",
        "c",
        "α",
        "β",
        "γ",
        "V (Å³)",
        "relation",
    )
    table = new_table(headings, ("lattice", "relation"))
    for number, cell in enumerate(answer.cells, 1):
        table.add_row(
            str(number),
            f"{100 * cell.probability:.0f} %",
            f"{cell.m_n:.1f}",
            f"{cell.f_n:.0f}",
            str(cell.unindexed),
            f"{cell.lattice} {cell.centring}",
            *(f"{length:.4f}" for length in cell.parameters[:3]),
            *(f"{angle:.3f}".rstrip("0").rstrip(".") for angle in cell.parameters[3:]),
            f"{cell.volume_A3:.1f}",
            cell.relation,
        )
    lines = [
        f"probability: from the whole pattern; a cell is said to be found from "
        f"{100 * answer.settings.likely_probability:.0f} % on",
        f"M and F: figures of merit of de Wolff and of Smith and Snyder from {count} lines",
        "the lattice's symmetry is the highest that the crystal may have",
        *answer.pattern.notes,
    ]
    return with_lines([Text(answer.verdict, style="bold"), *([table] if answer.cells else [])], lines)


def cells_record(answer: IndexedCells) -> dict[str, Any]:
    """The cells of a pattern as plain values."""
    return {
        **head("cells"),
        "source": answer.pattern.source,
        "wavelength_A": answer.pattern.wavelength_A,
        "notes": list(answer.pattern.notes),
        "verdict": answer.verdict,
        "lines_two_theta_deg": answer.two_theta_deg.round(4).tolist(),
        "cells": [indexed_cell_record(cell, cell.is_likely(answer.settings)) for cell in answer.cells],
        "settings": {"indexing": settings_record(answer.settings)},
        "ms": round(answer.ms, 1),
    }


def indexed_cell_record(cell: IndexedCell, likely: bool) -> dict[str, Any]:
    """One cell as plain values."""
    return {
        "lattice": cell.lattice,
        "centring": cell.centring,
        **cell_record([*cell.parameters[:3].round(5), *cell.parameters[3:].round(4)]),
        "volume_A3": round(cell.volume_A3, 3),
        "m_n": round(cell.m_n, 2),
        "f_n": round(cell.f_n, 2),
        "unindexed": cell.unindexed,
        "reflections": cell.reflections,
        "zero_shift_deg": round(cell.zero_shift_deg, 4),
        "displacement_deg": round(cell.displacement_deg, 4),
        "probability": round(cell.probability, 4),
        "log_evidence": round(cell.log_evidence, 2),
        "foreign_lines": cell.foreign,
        "relation": cell.relation,
        "likely": likely,
    }
