"""What the powder network sees: a compressed profile on a fine log-q axis, and the range that was measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.preprocess.axis import LogQAxis
from xsearch.preprocess.powder import NetPattern

INPUT_AXIS = LogQAxis(step=0.001, width=0.001)
"""As fine as good instruments resolve lines at 60° 2θ: lines that split tell a lower crystal system."""

FLOOR = 0.02


def network_input(pattern: NetPattern) -> NDArray[np.float32]:
    """(2, bins): the compressed profile, zero outside the measured range, and that range as ones."""
    first, last = pattern.window(INPUT_AXIS)
    inside = pattern.profile(INPUT_AXIS)[first:last]
    highest = float(inside.max(initial=0.0)) or 1.0
    out = np.zeros((2, INPUT_AXIS.bins), np.float32)
    out[0, first:last] = (inside / highest + FLOOR) ** INPUT_AXIS.power - FLOOR**INPUT_AXIS.power
    out[1, first:last] = 1
    return out
