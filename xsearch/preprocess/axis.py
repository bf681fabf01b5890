"""The log-q axis, on which isotropic lattice strain is a shift."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

FloatOrArray = TypeVar("FloatOrArray", float, NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class LogQAxis:
    """An even axis of ln q, with q = 2π/d in 1/Å.

    Attributes:
        q_min_invA, q_max_invA: the ends.
        step: distance of bins in ln q.
        width: standard deviation of a line in ln q.
        power, floor: intensities are compressed after broadening as (I + floor)^power, so that faint lines count; what
            is fainter than the floor counts little, noise least of all.
    """

    q_min_invA: float = 0.30
    q_max_invA: float = 6.0
    step: float = 0.006
    width: float = 0.018
    power: float = 0.35
    floor: float = 0.0

    @property
    def start(self) -> float:
        """ln q of the first bin."""
        return float(np.log(self.q_min_invA))

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return int(np.log(self.q_max_invA / self.q_min_invA) / self.step) + 1

    def index(self, ln_q: FloatOrArray) -> FloatOrArray:
        """Position of values in bins, unrounded."""
        return (ln_q - self.start) / self.step

    def values(self) -> NDArray[np.float64]:
        """(bins,) ln q."""
        return np.asarray(self.start + self.step * np.arange(self.bins), np.float64)

    def compress(self, relative: NDArray[np.float64]) -> NDArray[np.float64]:
        """Intensities relative to the highest, compressed."""
        return np.asarray((relative + self.floor) ** self.power)

    def two_theta_deg(self, place: int, wavelength_A: float) -> float:
        """Angle of a bin at a wavelength; 180° where it cannot be reached."""
        sine = np.exp(self.start + place * self.step) * wavelength_A / (4 * np.pi)
        return float(2 * np.degrees(np.arcsin(min(1.0, sine))))


def highest_bins(values: NDArray[np.float64], least: float, apart: int) -> Iterator[int]:
    """Bins of the highest values above a least one, the highest first, each more than `apart` from the others."""
    left = values.copy()
    while left.max() > least:
        place = int(left.argmax())
        yield place
        left[max(0, place - apart) : place + apart + 1] = 0


RECALL_AXIS = LogQAxis()
"""The axis of the profiles in an index: wide lines forgive a wrong cell, and recall best."""

MATCH_AXIS = LogQAxis(step=0.0015, width=0.0035, floor=0.02)
"""The axis on which recalled crystals are strained and correlated: narrow lines tell cells apart."""

SCREENING_AXIS = LogQAxis(q_min_invA=0.35, step=0.0025, width=0.012)
"""The axis on which inferred crystals are screened and their cells strained: a bin is a quarter of a per cent of the
lattice. Cu Kα from 5° to 95° lies within."""

INPUT_AXIS = LogQAxis(step=0.001, width=0.001, floor=0.02)
"""What the powder network sees, as fine as good instruments resolve lines at 60° 2θ: lines that split tell a lower
crystal system."""
