"""The distance of the first shell from EXAFS, beside the one that the near edge predicts.

|χ(R)| has its maxima some 0.2 to 0.5 Å below the distances, by the phase that absorber and neighbour shift the wave by.
The near edge says about where the first shell is, so that its maximum is not mistaken for background or for a second
shell; what both say is averaged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.preprocess.exafs import R_GRID_A, Exafs
from xsearch.settings import setting

PERIOD_ENDS = (10, 18, 36)
"""Atomic numbers at which the second, third and fourth period end."""


@dataclass(frozen=True, slots=True)
class FirstShellSettings:
    """Where the maximum of the first shell is sought, and what it is corrected by."""

    phase_A: tuple[float, float, float, float] = setting(
        (0.49, 0.49, 0.32, 0.23),
        "Å",
        "distance less maximum, by the period of the neighbour (up to Ne, Ar, Kr, beyond): medians over 50 measured "
        "compounds of known structure (xas_measured.parquet)",
    )
    within_A: float = setting(0.3, "Å", "of the distance that the near edge predicts; set by hand")
    range_A: tuple[float, float] = setting((1.0, 2.9), "Å", "of the maximum; set by hand")
    least_height: float = setting(0.2, "of the highest maximum", "set by hand")
    weight: float = setting(
        0.5, "1", "of EXAFS in the mean; python -m benchmarks.known_compounds distances: the mean is nearest"
    )
    error_A: float = setting(0.07, "Å", "of EXAFS alone, median over 58 compounds of known structure")


FIRST_SHELL = FirstShellSettings()


@dataclass(frozen=True, slots=True)
class FirstShell:
    """The mean distance of the nearest neighbours.

    Attributes:
        exafs_A: from the maximum of |χ(R)|, phase-corrected.
        xanes_A: as the near edge predicts it.
        combined_A: mean of both.
        neighbor_z: atomic number of the neighbour that the phase is of.
    """

    exafs_A: float
    xanes_A: float
    combined_A: float
    neighbor_z: int


def first_shell(
    exafs: Exafs, xanes_A: float, neighbor_z: int, settings: FirstShellSettings = FIRST_SHELL
) -> FirstShell | None:
    """The first shell near the distance that the near edge predicts; None where |χ(R)| has no maximum there.

    Args:
        exafs: of the spectrum.
        xanes_A: mean neighbour distance that the near edge predicts.
        neighbor_z: atomic number of the likeliest neighbour.
        settings: of the search.
    """
    phase = phase_A(neighbor_z, settings)
    found = [(height, at) for at, height in maxima(exafs, settings) if abs(at + phase - xanes_A) <= settings.within_A]
    if not found:
        return None
    distance = max(found)[1] + phase
    combined = settings.weight * distance + (1 - settings.weight) * xanes_A
    return FirstShell(distance, xanes_A, combined, neighbor_z)


def phase_A(neighbor_z: int, settings: FirstShellSettings = FIRST_SHELL) -> float:
    """By how much a maximum lies below the distance of a neighbour."""
    return settings.phase_A[int(np.searchsorted(PERIOD_ENDS, neighbor_z))]


def maxima(exafs: Exafs, settings: FirstShellSettings = FIRST_SHELL) -> list[tuple[float, float]]:
    """Where |χ(R)| has maxima (Å), between the grid's points by a parabola, and their heights."""
    magnitude: NDArray[np.float64] = np.abs(exafs.chi_r())
    inside = np.flatnonzero((settings.range_A[0] <= R_GRID_A) & (settings.range_A[1] >= R_GRID_A))
    peaks = [i for i in inside.tolist() if magnitude[i - 1] < magnitude[i] >= magnitude[i + 1]]
    highest = max((float(magnitude[i]) for i in peaks), default=0.0)
    found = []
    for i in peaks:
        left, middle, right = magnitude[i - 1 : i + 2].tolist()
        if middle >= settings.least_height * highest:
            step = float(R_GRID_A[1] - R_GRID_A[0])
            found.append((float(R_GRID_A[i]) + 0.5 * step * (left - right) / (left - 2 * middle + right), middle))
    return found
