"""How many formula units a cell may hold, by its volume."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log

import numpy as np

from xsearch.chemistry.volume import log_volume
from xsearch.elements import ATOMIC_NUMBERS

MEAN = 3.09
"""Of ln V an atom, V in Å³, less what its composition contributes; over the Materials Project."""

SPREAD = 0.13
"""Standard deviation of the same."""

FARTHEST = 3.0
"""Standard deviations beyond which a number of units is left out. Set by hand."""


def log_units(volume_A3: float, points: int, formula: Mapping[str, float]) -> dict[int, float]:
    """Numbers of formula units that a conventional cell may hold, with the natural logarithm of the odds of each.

    Args:
        volume_A3: of the cell.
        points: lattice points in it; each has whole units.
        formula: atoms of each element in a unit.
    """
    numbers = np.array([[ATOMIC_NUMBERS[element] for element in formula]])
    per_atom = MEAN + float(log_volume(numbers, np.array([list(formula.values())]))[0])
    unit_A3 = sum(formula.values()) * exp(per_atom)
    found = {}
    for units in range(points, int(volume_A3 / unit_A3 * exp(FARTHEST * SPREAD)) + 1, points):
        away = log(volume_A3 / (units * unit_A3)) / SPREAD
        if abs(away) < FARTHEST:
            found[units] = -0.5 * away**2
    return found
