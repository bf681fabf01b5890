"""Cells that explain the lines of a powder pattern."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.spectra import PowderPattern

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
