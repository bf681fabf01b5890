"""Indexed cells as a table for the terminal and as plain values."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xsearch.indexing.cell import LEAST_MERIT, MOST_UNEXPLAINED, Cell, CellAnswer
from xsearch.report.material_record import cell_record


def cells_table(answer: CellAnswer) -> RenderableType:
    """A row a cell, with both figures of merit."""
    count = len(answer.two_theta_deg)
    table = Table(box=None, pad_edge=True, header_style="bold", show_edge=False)
    for name in ("", f"M{count}", f"F{count}", "left over", "lattice", "a", "b", "c", "α", "β", "γ", "V (Å³)"):
        table.add_column(name, justify="left" if name == "lattice" else "right", no_wrap=True)
    for number, cell in enumerate(answer.cells, 1):
        table.add_row(
            str(number),
            f"{cell.merit:.1f}",
            f"{cell.closeness:.0f}",
            str(cell.unexplained),
            f"{cell.lattice} {cell.centring}",
            *(f"{length:.4f}" for length in cell.parameters[:3]),
            *(f"{angle:.3f}".rstrip("0").rstrip(".") for angle in cell.parameters[3:]),
            f"{cell.volume_A3:.1f}",
        )
    lines = [
        f"M and F are the merits of de Wolff and of Smith and Snyder over {count} lines; a cell is likely from "
        f"M = {LEAST_MERIT:g} on with no more than {MOST_UNEXPLAINED} lines left over",
        "the lattice's symmetry is the highest that the crystal may have",
        *answer.pattern.notes,
    ]
    parts: list[RenderableType] = [Text(answer.verdict, style="bold")]
    if answer.cells:
        parts.append(table)
    return Group(*parts, *(Text(f"  {line}", style="dim") for line in lines))


def cells_record(answer: CellAnswer) -> dict[str, Any]:
    """The cells of a pattern as plain values."""
    return {
        "source": answer.pattern.source,
        "wavelength_A": answer.pattern.wavelength_A,
        "notes": list(answer.pattern.notes),
        "verdict": answer.verdict,
        "lines_two_theta_deg": answer.two_theta_deg.round(4).tolist(),
        "cells": [indexed_cell_record(cell) for cell in answer.cells],
        "ms": round(answer.ms, 1),
    }


def indexed_cell_record(cell: Cell) -> dict[str, Any]:
    """One cell as plain values."""
    return {
        "lattice": cell.lattice,
        "centring": cell.centring,
        **cell_record([*cell.parameters[:3].round(5), *cell.parameters[3:].round(4)]),
        "volume_A3": round(cell.volume_A3, 3),
        "merit": round(cell.merit, 2),
        "smith_snyder": round(cell.closeness, 2),
        "unexplained_lines": cell.unexplained,
        "reflections": cell.reflections,
        "zero_shift_deg": round(cell.zero_deg, 4),
        "likely": cell.is_likely,
    }
