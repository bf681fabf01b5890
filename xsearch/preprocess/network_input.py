"""What the powder network sees: a compressed profile on a fine log-q axis, and the range that was measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.preprocess.axis import INPUT_AXIS
from xsearch.preprocess.powder import NetPattern


def network_input(pattern: NetPattern) -> NDArray[np.float32]:
    """(2, bins): the compressed profile, zero outside the measured range, and that range as ones."""
    first, last = pattern.window(INPUT_AXIS)
    inside = pattern.profile(INPUT_AXIS)[first:last]
    highest = float(inside.max(initial=0.0)) or 1.0
    out = np.zeros((2, INPUT_AXIS.bins), np.float32)
    out[0, first:last] = INPUT_AXIS.compress(inside / highest) - INPUT_AXIS.floor**INPUT_AXIS.power
    out[1, first:last] = 1
    return out
