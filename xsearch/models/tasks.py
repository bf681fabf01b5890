"""What the site models predict: classes with their values, and numbers with their usual scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

POINT_GROUP_ORDERS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 48)
"""Of the 32 crystallographic point groups."""

CLASSES: dict[str, tuple[int, ...]] = {
    "cn": tuple(range(1, 17)),
    "ocn": tuple(range(13)),
    "oxidation_state": tuple(range(-4, 9)),
    "site_symmetry_order": POINT_GROUP_ORDERS,
    "neighbor_z": tuple(range(1, 99)),
    "mixed": (0, 1),
    "psgo": POINT_GROUP_ORDERS,
}
"""Classification tasks: the value that each class stands for. `mixed`: whether absorbers of different oxidation
state or coordination add up to the spectrum. `site_symmetry_order`: of the absorber's site. `psgo`: of the crystal."""

OF_SITES = tuple(task for task in CLASSES if task != "psgo")
"""Classification tasks of the site alone, which every network answers; SPT has a head for the crystal's point group
too, as in its paper."""

SHARED = ("cn", "oxidation_state", "neighbor_z")
"""Tasks whose probabilities are shares of the absorber's atoms where a spectrum is of several kinds of sites."""

NUMBERS: dict[str, tuple[float, float]] = {
    "mnnd_A": (2.05, 0.15),
    "nnrs_A": (0.10, 0.10),
    "mood_A": (2.70, 0.25),
    "nnosm": (-1.9, 0.3),
    "cn2": (8.0, 4.0),
}
"""Regression tasks: a usual value and a usual spread, which bring them to one scale."""


def class_indices(task: str, values: NDArray[np.floating]) -> NDArray[np.int64]:
    """(n,) class of each value; -1 where the value is unknown or no class of the task."""
    found = np.full(len(values), -1, np.int64)
    for index, value in enumerate(CLASSES[task]):
        found[np.isclose(values, value)] = index
    return found
