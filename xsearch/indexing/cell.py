"""Cells that explain the lines of a powder pattern."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.indexing.settings import DEFAULTS, IndexingSettings
from xsearch.spectra import PowderPattern


@dataclass(frozen=True, slots=True, eq=False)
class IndexedCell:
    """A cell found from line positions.

    Attributes:
        lattice: crystal system of the lattice, the highest that the atoms may have; trigonal crystals have hexagonal
            ones.
        centring: P, C, I, F, or R in hexagonal axes.
        parameters: (6,) a b c in Å, α β γ in degrees, of the conventional cell.
        volume_A3: of that cell.
        m_n: figure of merit of de Wolff (J. Appl. Cryst. 1 (1968) 108), from all lines of the indexing.
        f_n: figure of merit of Smith and Snyder (J. Appl. Cryst. 12 (1979) 60), in 1/degrees.
        unindexed: number of lines that the cell does not give.
        reflections: different ones that the cell has up to the last line.
        zero_shift_deg: refined with it.
    """

    lattice: str
    centring: str
    parameters: NDArray[np.float64]
    volume_A3: float
    m_n: float
    f_n: float
    unindexed: int
    reflections: int
    zero_shift_deg: float

    def is_likely(self, settings: IndexingSettings = DEFAULTS) -> bool:
        """Whether the cell is probably right by de Wolff's rule."""
        return self.m_n >= settings.likely_m_n and self.unindexed <= settings.likely_unindexed


@dataclass(frozen=True, slots=True, eq=False)
class IndexedCells:
    """The cells of a pattern.

    Attributes:
        pattern: that was indexed.
        two_theta_deg: (n,) its lines.
        cells: the best first; each lattice once.
        ms: wall time.
        settings: of the indexing.
    """

    pattern: PowderPattern
    two_theta_deg: NDArray[np.float64]
    cells: tuple[IndexedCell, ...]
    ms: float
    settings: IndexingSettings = DEFAULTS

    @property
    def verdict(self) -> str:
        """In words, whether a cell was found."""
        if not self.cells:
            return "no cell explains the lines"
        return "cell found" if self.cells[0].is_likely(self.settings) else "no cell is likely"
