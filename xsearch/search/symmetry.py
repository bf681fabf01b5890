"""The crystal system and space group of a pattern, from those of crystals that fit it and from the network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.answers.symmetry import Symmetry
from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS, SYSTEM_OF_GROUP
from xsearch.indexes.columns import UNKNOWN_SYSTEM, Columns
from xsearch.search.settings import DEFAULTS, SymmetrySettings

SPACE_GROUPS = 230
"""Of three-dimensional crystals."""

Array = NDArray[np.float64]


def symmetry(systems: Array, groups: Array, settings: SymmetrySettings = DEFAULTS.symmetry) -> Symmetry:
    """Probabilities of systems (7,) and groups (230,) by name and number, the likeliest first."""
    return Symmetry(
        {CRYSTAL_SYSTEMS[i]: float(systems[i]) for i in np.argsort(-systems, kind="stable")},
        {
            int(i) + 1: float(groups[i])
            for i in np.argsort(-groups, kind="stable")
            if groups[i] >= settings.least_reported
        },
    )


def symmetry_posterior(
    columns: Columns, rows: NDArray[np.int64], evidence: Array, settings: SymmetrySettings = DEFAULTS.symmetry
) -> tuple[Array, Array]:
    """Probabilities of systems (7,) and groups (230,) by the evidence of the crystals that have them."""
    weight = np.exp((evidence - evidence.max(initial=-np.inf)) / settings.temperature)
    systems, groups = np.zeros(len(CRYSTAL_SYSTEMS)), np.zeros(SPACE_GROUPS)
    known = (columns.crystal_system[rows] != UNKNOWN_SYSTEM) & (columns.space_group[rows] > 0)
    np.add.at(systems, columns.crystal_system[rows][known], weight[known])
    np.add.at(groups, columns.space_group[rows][known] - 1, weight[known])
    return _normal(systems), _normal(groups)


def product(posterior: Array, logits: Array, settings: SymmetrySettings = DEFAULTS.symmetry) -> Array:
    """The symmetry posterior with the network: a product of powers; what no crystal has keeps a least share."""
    least = settings.least_share
    logarithm = np.log((1 - least) * posterior + least / len(posterior))
    logarithm = logarithm + settings.network_weight * (logits - logits.max())
    return _normal(np.exp(logarithm - logarithm.max()))


def within_systems(groups: Array, systems: Array) -> Array:
    """(230,) probabilities of groups (230,) such that those of each system add up to its own (7,)."""
    system = SYSTEM_OF_GROUP[1:]
    totals = np.bincount(system, groups, len(CRYSTAL_SYSTEMS))
    return np.asarray(groups / np.maximum(totals, 1e-300)[system] * systems[system])


def _normal(values: Array) -> Array:
    total = values.sum()
    return np.asarray(values / total if total > 0 else np.full(len(values), 1 / len(values)))
