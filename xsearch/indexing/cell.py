"""Cells that explain the lines of a powder pattern."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.indexing.settings import THOROUGH, ThoroughSettings
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
        zero_shift_deg, displacement_deg: refined with it, see `xsearch.simulate.measurement`.
        wavelength_A: that it was refined with, Kα1's where Kα2 is there; NaN where it is that of the lines.
        log_evidence: natural logarithm of the evidence of the pattern for it, up to a constant; NaN where it was found
            from lines alone.
        probability: that it is right; NaN likewise.
        foreign: lines of the whole pattern that it does not give.
        relation: in words, of which better cell it is a multiple or a part; empty where of none.
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
    displacement_deg: float = 0.0
    wavelength_A: float = float("nan")
    log_evidence: float = float("nan")
    probability: float = float("nan")
    foreign: int = 0
    relation: str = ""

    def is_likely(self, settings: ThoroughSettings = THOROUGH) -> bool:
        """Whether the cell is probably right: by its probability, else by de Wolff's rule."""
        if np.isfinite(self.probability):
            return self.probability >= settings.likely_probability
        lines = settings.search
        return self.m_n >= lines.likely_m_n and self.unindexed <= lines.likely_unindexed


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
    settings: ThoroughSettings = THOROUGH

    @property
    def verdict(self) -> str:
        """In words, whether a cell was found."""
        if not self.cells:
            return "no cell explains the lines"
        return "cell found" if self.cells[0].is_likely(self.settings) else "no cell is likely"
