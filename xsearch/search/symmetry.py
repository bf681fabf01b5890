"""The crystal system and space group of a pattern: what its hits have, weighed by their evidence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.indexes.columns import CRYSTAL_SYSTEMS, UNKNOWN_SYSTEM, Columns
from xsearch.results.symmetry import Symmetry

SPACE_GROUPS = 230
LEAST_KEPT = 0.005

TEMPERATURE = 1.0
"""The evidence of a phase counts as a natural logarithm divided by this."""

Array = NDArray[np.float64]


def symmetry(columns: Columns, rows: NDArray[np.int64], evidence: Array) -> Symmetry:
    """The probabilities of a pattern's symmetry.

    Args:
        columns: of the index.
        rows: (k,) the best row of each phase that was matched.
        evidence: (k,) their summed evidence.
    """
    systems, groups = hits_say(columns, rows, evidence)
    return Symmetry(
        {CRYSTAL_SYSTEMS[i]: float(systems[i]) for i in np.argsort(-systems, kind="stable")},
        {int(i) + 1: float(groups[i]) for i in np.argsort(-groups, kind="stable") if groups[i] >= LEAST_KEPT},
    )


def hits_say(columns: Columns, rows: NDArray[np.int64], evidence: Array) -> tuple[Array, Array]:
    """Probabilities of systems (7,) and groups (230,) by the evidence of those that have them."""
    weight = np.exp((evidence - evidence.max(initial=-np.inf)) / TEMPERATURE)
    systems, groups = np.zeros(len(CRYSTAL_SYSTEMS)), np.zeros(SPACE_GROUPS)
    known = (columns.crystal_system[rows] != UNKNOWN_SYSTEM) & (columns.space_group[rows] > 0)
    np.add.at(systems, columns.crystal_system[rows][known], weight[known])
    np.add.at(groups, columns.space_group[rows][known] - 1, weight[known])
    return _normal(systems), _normal(groups)


def _normal(values: Array) -> Array:
    total = values.sum()
    return np.asarray(values / total if total > 0 else np.full(len(values), 1 / len(values)))
