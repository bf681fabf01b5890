"""Linear combination fits as explanations of an edge: hits, fractions, and how sure each compound is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import Evidence, Hit, Lcf, LcfComponent
from xsearch.answers.edge_match import EdgeMatch
from xsearch.indexes import Index
from xsearch.preprocess.xanes import NormalizedXanes, WINDOW_GRID_eV
from xsearch.search.edge_score import edge_features, edge_score
from xsearch.search.xanes_hits import hit_by_edges
from xsearch.xas.compounds import entry_of
from xsearch.xas.evidence import closeness, library_errors, shift_costs
from xsearch.xas.lcf import Component, LcfFit, LcfTarget
from xsearch.xas.lcf_search import CompoundSearch
from xsearch.xas.settings import DEFAULTS, LcfSettings


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


def make_lcf(compared: Compared, fit: LcfFit, explored: CompoundSearch) -> Lcf:
    """A fit as an explanation, its compounds in order of falling fraction."""
    target = explored.target
    curves, inside = target.curves(fit)
    energy = compared.spectrum.centre_eV + WINDOW_GRID_eV[inside]
    errors = target.fraction_errors(fit)
    support = explored.support(fit)
    order = np.argsort(-fit.fractions, kind="stable").tolist()
    components = tuple(
        LcfComponent(
            hit=_hit(compared, target, fit, at, rank, float(support[at]), (energy, curves[at, inside])),
            support=float(support[at]),
            fraction=float(fit.fractions[at]),
            fraction_error=float(errors[at]),
            weight=float(fit.weights[at]),
        )
        for rank, at in enumerate(order, start=1)
    )
    measured, total = target.measured[0, inside], curves[:, inside].sum(0)
    return Lcf(
        components=components,
        log_evidence=fit.evidence,
        correlation=fit.correlation,
        r_factor=float(((measured - total) ** 2).sum() / (measured**2).sum()),
        reduced_chi_squared=reduced_chi_squared(
            compared.spectrum, energy, total, 2 * len(fit.components), target.settings.lcf
        ),
        energy_eV=energy,
        measured=measured,
        mu=total,
    )


def reduced_chi_squared(
    spectrum: NormalizedXanes,
    energy_eV: NDArray[np.float64],
    mu: NDArray[np.float64],
    fitted: int,
    settings: LcfSettings = DEFAULTS.lcf,
) -> float:
    """χ² per degree of freedom at the measured points, with the noise of the edge's own tail.

    Args:
        spectrum: the edge.
        energy_eV, mu: (n,) the fit.
        fitted: how many numbers were fitted.
        settings: which part of the edge is its tail.
    """
    noise = tail_noise(spectrum, settings)
    inside = (spectrum.energy_eV >= energy_eV[0]) & (spectrum.energy_eV <= energy_eV[-1])
    left = spectrum.mu[inside] - np.interp(spectrum.energy_eV[inside], energy_eV, mu)
    free = len(left) - fitted
    return float((left**2).sum() / noise**2 / free) if noise > 0 and free > 0 else float("nan")


def tail_noise(spectrum: NormalizedXanes, settings: LcfSettings = DEFAULTS.lcf) -> float:
    """Standard deviation of a point, from fourth differences in the tail above the edge; NaN for too short a tail."""
    tail = spectrum.mu[spectrum.energy_eV > spectrum.centre_eV + settings.tail_start_eV]
    if len(tail) < settings.fewest_tail_points:
        return float("nan")
    return float(np.sqrt(np.mean(np.diff(tail, 4) ** 2) / 70))


def agreement_of(target: LcfTarget, fit: LcfFit, one: Component) -> float:
    """Evidence for a component, as a search has it of one spectrum: the agreement of the fit, less its own shift."""
    numbers, kind = target.settings.evidence, target.library.spectra.kind
    places = list(fit.places)
    error = fit.fractions**2 @ library_errors(kind[places], numbers)
    measured = fit.fractions @ target.is_measured[places]
    away = (one.shift_eV - target.expected.mean_eV[one.place]) / target.expected.sigma_eV[one.place]
    agreement, errors, parts = (np.array([value]) for value in (fit.correlation, error, measured))
    found = closeness(agreement, errors, parts, numbers)
    return float(found[0] - shift_costs(kind[[one.place]], numbers)[0] * away**2)


def _hit(
    compared: Compared,
    target: LcfTarget,
    fit: LcfFit,
    at: int,
    rank: int,
    support: float,
    curve: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> Hit:
    """A compound of a fit, scored by the agreement of the fit and by the compound's support."""
    one, table = fit.components[at], target.library.spectra
    agreement = agreement_of(target, fit, one)
    material, row = entry_of(compared.index, target.library, target.compounds[one.place], one.place)
    certain = float(1 / (1 + np.exp(-np.clip(support, -30, 30))))
    is_measured = bool(target.is_measured[one.place])
    score = edge_score(edge_features(certain, [agreement], is_measured, compared.compared, compared.choices))
    match = EdgeMatch(
        edge=target.library.name,
        **{name: str(getattr(table, name)[one.place]) for name in ("spectrum_id", "kind", "level", "code", "source")},
        formula=str(table.reduced_formula[one.place]),
        correlation=fit.correlation,
        shift_eV=one.shift_eV,
        broadening_eV=one.broadening_eV,
        log_evidence=agreement,
        energy_eV=curve[0],
        mu=curve[1],
    )
    evidence = Evidence(edges={target.library.name: agreement})
    return hit_by_edges(compared.index, row, material, rank, score, evidence, (match,))
