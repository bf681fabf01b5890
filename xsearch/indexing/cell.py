"""Cells that explain the lines of a powder pattern, as a table and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xsearch.spectra import PowderPattern

if TYPE_CHECKING:
    from rich.console import RenderableType

LEAST_MERIT, MOST_UNEXPLAINED = 10.0, 2
"""De Wolff's rule: a cell with a merit above the one and no more lines left over than the other is probably right."""


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """A cell found from line positions.

    Attributes:
        lattice: crystal system of the lattice, the highest that the atoms may have; trigonal crystals have hexagonal
            ones.
        centring: P, C, I, F, or R in hexagonal axes.
        parameters: (6,) a b c in Å, α β γ in degrees, of the conventional cell.
        volume_A3: of that cell.
        merit: M of de Wolff (J. Appl. Cryst. 1 (1968) 108), from all lines that were judged.
        closeness: F of Smith and Snyder (J. Appl. Cryst. 12 (1979) 60), in 1/degrees.
        unexplained: lines that the cell does not give.
        reflections: different ones that the cell has up to the last line.
        zero_deg: zero shift that was found with it.
    """

    lattice: str
    centring: str
    parameters: NDArray[np.float64]
    volume_A3: float
    merit: float
    closeness: float
    unexplained: int
    reflections: int
    zero_deg: float

    @property
    def is_likely(self) -> bool:
        """Whether de Wolff's rule holds."""
        return self.merit >= LEAST_MERIT and self.unexplained <= MOST_UNEXPLAINED

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "lattice": self.lattice,
            "centring": self.centring,
            **dict(zip(("a_A", "b_A", "c_A"), self.parameters[:3].round(5).tolist(), strict=True)),
            **dict(zip(("alpha_deg", "beta_deg", "gamma_deg"), self.parameters[3:].round(4).tolist(), strict=True)),
            "volume_A3": round(self.volume_A3, 3),
            "merit": round(self.merit, 2),
            "smith_snyder": round(self.closeness, 2),
            "unexplained_lines": self.unexplained,
            "reflections": self.reflections,
            "zero_shift_deg": round(self.zero_deg, 4),
            "likely": self.is_likely,
        }


@dataclass(frozen=True, slots=True, eq=False)
class CellAnswer:
    """The cells of a pattern.

    Attributes:
        pattern: what was asked.
        two_theta_deg: (n,) lines that cells were judged by.
        cells: the best first; each lattice once.
        ms: what it took.
    """

    pattern: PowderPattern
    two_theta_deg: NDArray[np.float64]
    cells: tuple[Cell, ...]
    ms: float

    @property
    def verdict(self) -> str:
        """In words, whether a cell was found."""
        if not self.cells:
            return "no cell explains the lines"
        return "cell found" if self.cells[0].is_likely else "no cell is likely"

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "source": self.pattern.source,
            "wavelength_A": self.pattern.wavelength_A,
            "notes": list(self.pattern.notes),
            "verdict": self.verdict,
            "lines_two_theta_deg": self.two_theta_deg.round(4).tolist(),
            "cells": [cell.to_dict() for cell in self.cells],
            "ms": round(self.ms, 1),
        }

    def table(self) -> RenderableType:
        """As a table for a terminal."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        count = len(self.two_theta_deg)
        table = Table(box=None, pad_edge=True, header_style="bold", show_edge=False)
        for name in ("", f"M{count}", f"F{count}", "left over", "lattice", "a", "b", "c", "α", "β", "γ", "V (Å³)"):
            table.add_column(name, justify="left" if name == "lattice" else "right", no_wrap=True)
        for number, cell in enumerate(self.cells, 1):
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
            *self.pattern.notes,
        ]
        parts: list[RenderableType] = [Text(self.verdict, style="bold")]
        if self.cells:
            parts.append(table)
        return Group(*parts, *(Text(f"  {line}", style="dim") for line in lines))
