"""The prior of entries: experimentally reported compounds, and those close to the convex hull, are likelier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.indexes.columns import Columns
from xsearch.indexes.settings import PRIOR, PriorSettings
from xsearch.options import Prior


def log_prior(
    columns: Columns, rows: NDArray[np.int64], prior: Prior, settings: PriorSettings = PRIOR
) -> NDArray[np.float64]:
    """(k,) natural logarithm of the prior of rows, up to a constant.

    A measured cell counts as experimentally reported and on the hull. Where it is not known whether a compound is
    reported, half the bonus is given.
    """
    if prior is Prior.NONE:
        return np.zeros(len(rows))
    measured = columns.is_measured[rows] == 1
    theoretical = columns.is_theoretical[rows]
    known = np.where(measured | (theoretical == 0), 1.0, np.where(theoretical < 0, 0.5, 0.0))
    hull = columns.energy_above_hull_eV[rows].astype(np.float64)
    hull = np.where(np.isnan(hull), settings.unknown_hull_eV, np.clip(hull, 0, settings.highest_hull_eV))
    hull = np.where(measured, 0.0, hull)
    return settings.known_bonus * known - settings.hull_cost * hull
