"""Cells that a pattern itself tells: from the positions of its lines, and from the crystals that come near it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import gemmi
import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import lattice_from_parameters
from xsearch.fit.strain import strained
from xsearch.indexing.lines import find_lines
from xsearch.indexing.search import find_cells
from xsearch.indexing.settings import DEFAULTS as INDEXING
from xsearch.infer.evidence import FIT_PLACE
from xsearch.infer.lattice_mapping_kernels import reduce
from xsearch.infer.refinement import Fitted
from xsearch.preprocess.powder import net_pattern
from xsearch.spectra import PowderPattern

FROM_LINES, FROM_FITS = 8, 3
"""Cells of each kind that are tried at most. Of 29 true lattices among the first 20 of indexing 24 were the first."""

LEAST_CORRELATION = 0.9
"""Of a fit whose cell is believed: its lines lie where the pattern has some, whatever its atoms are."""

SAME_LENGTH = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class TrialCell:
    """A primitive cell that crystals are put into.

    Attributes:
        lattice_A: (3, 3) rows, a reduced basis.
        zero_shift_deg: that the pattern has with it.
    """

    lattice_A: NDArray[np.float64]
    zero_shift_deg: float

    @property
    def volume_A3(self) -> float:
        """Of the primitive cell."""
        return float(abs(np.linalg.det(self.lattice_A)))


def cells_of_lines(pattern: PowderPattern, most: int = FROM_LINES) -> list[TrialCell]:
    """Cells that indexing finds, the best first."""
    lines = find_lines(net_pattern(pattern)).first(INDEXING.n_lines)
    if len(lines.height) == 0:
        return []
    found = []
    for cell in find_cells(lines, most):
        vector = gemmi.GruberVector(gemmi.UnitCell(*cell.parameters), cell.centring)
        vector.niggli_reduce()
        found.append(_trial(lattice_from_parameters(*vector.cell_parameters()), cell.zero_shift_deg))
    return found


def cells_of_fits(fitted: Fitted, most: int = FROM_FITS) -> list[TrialCell]:
    """Different cells of the refined candidates whose lines lie where the pattern's do, the best first."""
    found = []
    for k in np.argsort([refined.misfit for refined in fitted.refined], kind="stable").tolist():
        fit = fitted.fits[k]
        if fit.correlation[FIT_PLACE] >= LEAST_CORRELATION:
            found.append(_trial(strained(fitted.symmetries[k], fit.cell).lattice_A, fit.zero_shift_deg))
    return different(found)[:most]


def different(cells: Iterable[TrialCell]) -> list[TrialCell]:
    """Each lattice once, the first of each."""
    kept: list[TrialCell] = []
    for cell in cells:
        if not _is_among(cell, kept):
            kept.append(cell)
    return kept


def _is_among(cell: TrialCell, others: Sequence[TrialCell]) -> bool:
    size = np.append(np.sort(np.linalg.norm(cell.lattice_A, axis=1)), np.cbrt(cell.volume_A3))
    for other in others:
        there = np.append(np.sort(np.linalg.norm(other.lattice_A, axis=1)), np.cbrt(other.volume_A3))
        if np.allclose(size, there, rtol=SAME_LENGTH):
            return True
    return False


def _trial(lattice_A: NDArray[np.float64], zero_shift_deg: float) -> TrialCell:
    reduced, steps = np.array(lattice_A), np.empty((3, 3))
    reduce(reduced, steps)
    return TrialCell(reduced, zero_shift_deg)
