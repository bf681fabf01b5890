"""What is likely before any pattern is seen: known compounds, and those near the convex hull."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.indexes.columns import Columns
from xsearch.options import Prior

KNOWN_BONUS = 2.5
"""Natural logarithm of how much likelier a compound is that has been made already."""

HULL_COST_PER_EV = 1.6
HIGHEST_HULL_EV = 0.3
UNKNOWN_HULL_EV = 0.1

PRIOR_IN_RECALL = 0.015
"""What a unit of the logarithmic prior is worth in recall, in units of the correlation."""


def log_prior(columns: Columns, rows: NDArray[np.int64], prior: Prior) -> NDArray[np.float64]:
    """(k,) natural logarithm of the prior of rows, up to a constant.

    A measured cell counts as known and on the hull. Where it is not known whether a compound has been made, half the
    bonus is given.
    """
    if prior is Prior.NONE:
        return np.zeros(len(rows))
    measured = columns.is_measured[rows] == 1
    theoretical = columns.is_theoretical[rows]
    known = np.where(measured | (theoretical == 0), 1.0, np.where(theoretical < 0, 0.5, 0.0))
    hull = columns.energy_above_hull_eV[rows].astype(np.float64)
    hull = np.where(measured, 0.0, np.where(np.isnan(hull), UNKNOWN_HULL_EV, np.clip(hull, 0, HIGHEST_HULL_EV)))
    return KNOWN_BONUS * known - HULL_COST_PER_EV * hull
