"""The reflections of all rows of an index, end to end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class ReflectionArrays(NamedTuple):
    """All reflections of an index, mapped from their files; row i has those from offsets[i] to offsets[i + 1].

    Attributes:
        offsets: (rows + 1,) int64.
        hkl: (N, 3) int16.
        structure_factor_sq: (N,) float32.
        multiplicity: (N,) int16.
    """

    offsets: NDArray[np.int64]
    hkl: NDArray[np.int16]
    structure_factor_sq: NDArray[np.float32]
    multiplicity: NDArray[np.int16]
