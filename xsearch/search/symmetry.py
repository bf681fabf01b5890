"""The crystal system and space group of a pattern: what crystals like it have, and the network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.answers.symmetry import Symmetry
from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS, SYSTEM_OF_GROUP
from xsearch.indexes.columns import UNKNOWN_SYSTEM, Columns

SPACE_GROUPS = 230
LEAST_KEPT = 0.005

TEMPERATURE = 1.0
"""The evidence of a phase counts as a natural logarithm divided by this."""

LEAST_SHARE = 0.03
NETWORK_WEIGHT = 0.5
"""Where the network takes part: probability shared by what no crystal has, and exponent of what the network says.
Chosen on 150 simulated patterns of compounds that were taken out of the index; so was the temperature."""

Array = NDArray[np.float64]


def symmetry(systems: Array, groups: Array) -> Symmetry:
    """Probabilities of systems (7,) and groups (230,) by name and number, the likeliest first."""
    return Symmetry(
        {CRYSTAL_SYSTEMS[i]: float(systems[i]) for i in np.argsort(-systems, kind="stable")},
        {int(i) + 1: float(groups[i]) for i in np.argsort(-groups, kind="stable") if groups[i] >= LEAST_KEPT},
    )


def symmetry_posterior(columns: Columns, rows: NDArray[np.int64], evidence: Array) -> tuple[Array, Array]:
    """Probabilities of systems (7,) and groups (230,) by the evidence of the crystals that have them."""
    weight = np.exp((evidence - evidence.max(initial=-np.inf)) / TEMPERATURE)
    systems, groups = np.zeros(len(CRYSTAL_SYSTEMS)), np.zeros(SPACE_GROUPS)
    known = (columns.crystal_system[rows] != UNKNOWN_SYSTEM) & (columns.space_group[rows] > 0)
    np.add.at(systems, columns.crystal_system[rows][known], weight[known])
    np.add.at(groups, columns.space_group[rows][known] - 1, weight[known])
    return _normal(systems), _normal(groups)


def product(said: Array, logits: Array) -> Array:
    """What crystals and network say together: a product of powers; what no crystal has keeps a least share."""
    logarithm = np.log((1 - LEAST_SHARE) * said + LEAST_SHARE / len(said)) + NETWORK_WEIGHT * (logits - logits.max())
    return _normal(np.exp(logarithm - logarithm.max()))


def within_systems(groups: Array, systems: Array) -> Array:
    """(230,) probabilities of groups (230,) such that those of each system add up to its own (7,)."""
    system = SYSTEM_OF_GROUP[1:]
    totals = np.bincount(system, groups, len(CRYSTAL_SYSTEMS))
    return np.asarray(groups / np.maximum(totals, 1e-300)[system] * systems[system])


def _normal(values: Array) -> Array:
    total = values.sum()
    return np.asarray(values / total if total > 0 else np.full(len(values), 1 / len(values)))
