"""Explanations of an edge by several compounds, made of fitted sums: hits, shares, and how sure each compound is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import Hit, Lcf, LcfComponent
from xsearch.answers.edge_match import EdgeMatch
from xsearch.indexes import Index
from xsearch.preprocess.xanes import NormalizedXanes, WINDOW_GRID_eV
from xsearch.search.xanes_hits import hit_by_edges
from xsearch.xas.compounds import material_of
from xsearch.xas.evidence import CLOSENESS_WEIGHT
from xsearch.xas.lcf import EdgeSum, EdgeTarget
from xsearch.xas.lcf_search import CompoundSearch, Kind
from xsearch.xas.probability import spectra_score

FEWEST_POINTS = 8
"""Points of a tail from which its noise can be told."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What an edge was compared with.

    Attributes:
        index: the index.
        spectrum: the edge.
        compared: entries and references with a spectrum.
        choices: entries that meet the conditions.
    """

    index: Index
    spectrum: NormalizedXanes
    compared: int
    choices: int


def make_lcf(compared: Compared, one: EdgeSum, explored: CompoundSearch) -> Lcf:
    """A sum as an explanation, its compounds in order of falling share."""
    target = explored.target
    curves, inside = target.curves(one)
    energy = compared.spectrum.centre_eV + WINDOW_GRID_eV[inside]
    errors = target.share_errors(one)
    support = explored.support(one)
    order = np.argsort(-one.shares, kind="stable").tolist()
    hits = tuple(
        _hit(compared, target, one, explored.kinds, at, rank, support[at], (energy, curves[at, inside]))
        for rank, at in enumerate(order, start=1)
    )
    measured, total = target.asked[0, inside], curves[:, inside].sum(0)
    return Lcf(
        hits=hits,
        components=tuple(
            LcfComponent(float(one.shares[at]), float(errors[at]), float(one.weights[at]), float(support[at]))
            for at in order
        ),
        evidence=one.evidence,
        correlation=one.correlation,
        r_factor=float(((measured - total) ** 2).sum() / (measured**2).sum()),
        reduced_chi_squared=reduced_chi_squared(compared.spectrum, energy, total, 2 * len(one.parts)),
        energy_eV=energy,
        measured=measured,
        mu=total,
    )


def reduced_chi_squared(
    spectrum: NormalizedXanes, energy_eV: NDArray[np.float64], mu: NDArray[np.float64], fitted: int
) -> float:
    """χ² per degree of freedom at the points that were measured; their noise is told by the edge's own tail.

    Args:
        spectrum: the edge.
        energy_eV, mu: (n,) the sum.
        fitted: how many numbers were fitted.
    """
    noise = tail_noise(spectrum)
    inside = (spectrum.energy_eV >= energy_eV[0]) & (spectrum.energy_eV <= energy_eV[-1])
    left = spectrum.mu[inside] - np.interp(spectrum.energy_eV[inside], energy_eV, mu)
    free = len(left) - fitted
    return float((left**2).sum() / noise**2 / free) if noise > 0 and free > 0 else float("nan")


def tail_noise(spectrum: NormalizedXanes) -> float:
    """Standard deviation of a point, from fourth differences beyond 15 eV above the edge; NaN for too short a tail."""
    tail = spectrum.mu[spectrum.energy_eV > spectrum.centre_eV + 15]
    if len(tail) < FEWEST_POINTS:
        return float("nan")
    return float(np.sqrt(np.mean(np.diff(tail, 4) ** 2) / 70))


def _hit(
    compared: Compared,
    target: EdgeTarget,
    one: EdgeSum,
    kinds: Sequence[Kind],
    at: int,
    rank: int,
    support: float,
    curve: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> Hit:
    """A compound of a sum, scored by the agreement of the sum and by its own support."""
    part, table = one.parts[at], target.library.spectra
    agreement = -CLOSENESS_WEIGHT * np.log(target.distance(one)) - target.shifts_cost((part,))
    material, row = material_of(compared.index, target.library, kinds, part.place)
    certain = float(1 / (1 + np.exp(-np.clip(support, -30, 30))))
    measured = bool(target.is_measured[part.place])
    score = spectra_score(certain, [agreement], measured, compared.compared, compared.choices)
    match = EdgeMatch(
        edge=target.library.name,
        **{name: str(getattr(table, name)[part.place]) for name in ("spectrum_id", "kind", "level", "code", "source")},
        formula=str(table.reduced_formula[part.place]),
        correlation=one.correlation,
        shift_eV=part.shift_eV,
        broadening_eV=part.broadening_eV,
        evidence=float(agreement),
        energy_eV=curve[0],
        mu=curve[1],
    )
    evidence = {target.library.name: float(agreement), "support": float(support), "fraction": float(one.shares[at])}
    return hit_by_edges(compared.index, row, material, rank, score, evidence, (match,))
