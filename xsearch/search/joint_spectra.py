"""One ranking from several edges and a powder pattern: logarithmic evidence, added material by material.

The powder search states its evidence in natural logarithms. That of an edge is brought to the same: the logarithm of
how far its correlation is from perfect, as the powder match does, less the cost of its shift. A material of which the
library holds no spectrum of that edge is neither helped nor hurt: it gets the mean of the candidates that have one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import QueryError
from xsearch.indexes.xanes_table import XanesTable
from xsearch.search.xanes_match import XanesMatches

MEASURED_WEIGHT, SIMULATED_WEIGHT = 3.0, 20.0
"""What a factor of e in the distance from perfect correlation is worth: little for a measured edge, whose distance is
mostly the simulation's own error, much for a simulated one, whose distance is noise."""
PATTERN_WEIGHT = 0.5
"""What the evidence of a powder pattern counts beside edges; alone it is somewhat too sure of itself."""
LEAST_DISTANCE = 1e-4
COST_WEIGHT = 50.0
"""What a unit of the match's costs (0.02 of them is one usual deviation squared) is worth."""


@dataclass(frozen=True, slots=True, eq=False)
class JointRanking:
    """Materials, the best first.

    Attributes:
        material_id: (n,).
        evidence: (n,) summed natural logarithms, up to a constant.
        probability: (n,) share of each among the candidates, as if the right one were among them.
        parts: name of each measurement to its (n,) evidence, NaN where there is none.
    """

    material_id: NDArray[np.object_]
    evidence: NDArray[np.float64]
    probability: NDArray[np.float64]
    parts: dict[str, NDArray[np.float64]]


def edge_evidence(
    matches: XanesMatches,
    table: XanesTable,
    weight: float = MEASURED_WEIGHT,
    keys: NDArray[np.object_] | None = None,
) -> dict[str, float]:
    """Evidence of one edge for each material that has a spectrum in the table; its best spectrum counts.

    Args:
        matches: of the query with the table.
        table: the library spectra.
        weight: of the distance's logarithm.
        keys: (n,) what is ranked; the materials if None.
    """
    distance = np.maximum(1 - np.clip(matches.correlation, -1, 1), LEAST_DISTANCE)
    cost = matches.correlation - matches.score
    evidence = -weight * np.log(distance) - COST_WEIGHT * cost * (matches.correlation > -1)
    found: dict[str, float] = {}
    for key, value in zip(table.material_id if keys is None else keys, evidence, strict=True):
        if key:
            found[key] = max(found.get(key, -np.inf), float(value))
    return found


def combine(
    parts: Mapping[str, Mapping[str, float]],
    candidates: Sequence[str] | None = None,
    weights: Mapping[str, float] | None = None,
) -> JointRanking:
    """Add up the evidence of several measurements.

    Args:
        parts: name of each measurement, such as `Fe K` or `pxrd`, to its evidence by material.
        candidates: the materials to rank; all that any measurement speaks of if None.
        weights: factors of some measurements, such as `{"pxrd": PATTERN_WEIGHT}`; the others count fully.

    Raises:
        QueryError: where there is nothing to rank.
    """
    materials = sorted(set(candidates) if candidates is not None else set().union(*parts.values()))
    if not materials or not parts:
        raise QueryError("There is no candidate left to rank; loosen the element conditions.")
    columns = {}
    total = np.zeros(len(materials))
    for name, evidence in parts.items():
        column = (weights or {}).get(name, 1.0) * np.array([evidence.get(m, np.nan) for m in materials])
        columns[name] = column
        if np.isfinite(column).any():
            total += np.where(np.isfinite(column), column, np.nanmean(column))
    order = np.lexsort((np.array(materials), -total))
    relative = np.exp(total - total.max())
    probability = relative / relative.sum()
    return JointRanking(
        np.array(materials, object)[order],
        total[order],
        probability[order],
        {name: column[order] for name, column in columns.items()},
    )


def fit_mixture(
    query: NDArray[np.float64], references: NDArray[np.float64], most: int = 3, least_share: float = 0.05
) -> tuple[list[int], NDArray[np.float64], float]:
    """A spectrum as a sum of few references with positive shares: phases, sites, or oxidation states side by side.

    References are taken one after the other, each time the one that lowers the residual most; a further one must
    lower it by a tenth, else it is noise that is fitted.

    Args:
        query: (p,) normalised absorption.
        references: (n, p) normalised, aligned with the query.
        most: largest number of references.
        least_share: a reference of a smaller share ends the search.

    Returns:
        The references' rows, their shares (summing to one), and the root mean square residual.
    """
    from scipy.optimize import nnls

    chosen: list[int] = []
    weights = np.zeros(0)
    residual = np.inf
    for _ in range(most):
        trials = []
        for row in range(len(references)):
            if row in chosen:
                continue
            found, norm = nnls(references[[*chosen, row]].T, query)
            trials.append((norm / np.sqrt(len(query)), row, found))
        if not trials:
            break
        best, row, found = min(trials, key=lambda t: (t[0], t[1]))
        if best > 0.9 * residual or (chosen and (found / max(found.sum(), 1e-12)).min() < least_share):
            break
        chosen, weights, residual = [*chosen, row], found, best
    return chosen, weights / max(float(weights.sum()), 1e-12), float(residual)
