"""Explanations by several phases, made of fitted hypotheses: hits, weights, and how sure each phase is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import Hit, Mixture, Phase
from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.density import cell_mass_u
from xsearch.fit.correlation import Matches
from xsearch.fit.multiphase import Hypothesis, MixturePattern
from xsearch.search.hits import make_hits
from xsearch.search.phase_search import PhaseSearch
from xsearch.search.rank import weigh
from xsearch.search.scope import Scope
from xsearch.search.selection import Selection
from xsearch.simulate.absorption import brindley_factor, linear_absorption_per_um

ROUNDS = 5
"""Of absorption factors and weights, each from the other; the third changes no weight by a thousandth."""


def make_mixture(explored: PhaseSearch, hypothesis: Hypothesis, particle_size_um: float | None = None) -> Mixture:
    """A hypothesis as an explanation, its phases in order of falling weight.

    Args:
        explored: the search that made the hypothesis.
        hypothesis: some phases with their amounts.
        particle_size_um: diameter of the sample's particles in µm, by which weights are corrected for absorption.
    """
    support = np.array(explored.support(hypothesis))
    hits = phase_hits(explored.selected, explored.target, hypothesis, support)
    factors = np.ones(len(hits))
    if particle_size_um is not None:
        crystals = [hit.matched_entry.crystal for hit in hits]
        parts = weight_fractions(hits, hypothesis.amounts)
        factors = absorption_factors(crystals, parts, particle_size_um, explored.target.pattern.wavelength_A)
    weights = weight_fractions(hits, hypothesis.amounts / factors)
    errors = jackknife_errors(
        np.array(
            [weight_fractions(hits, one / factors) for one in explored.target.amounts_by_parts(hypothesis.components)]
        )
    )
    order = np.argsort(-weights, kind="stable").tolist()
    return Mixture(
        components=tuple(
            Phase(
                hit=replace(hits[place], rank=rank),
                support=float(support[place]),
                weight_fraction=float(weights[place]),
                weight_error=float(errors[place]),
                scale=float(hypothesis.amounts[place]),
                absorption_factor=None if particle_size_um is None else float(factors[place]),
            )
            for rank, place in enumerate(order, start=1)
        ),
        log_evidence=hypothesis.evidence,
        unexplained=explored.target.unexplained(hypothesis),
    )


def phase_hits(
    selected: Selection, target: MixturePattern, hypothesis: Hypothesis, support: NDArray[np.float64]
) -> tuple[Hit, ...]:
    """A hit a phase, scored by the profile and the unexplained share of the sum, its support as the margin."""
    settings, components = selected.settings, hypothesis.components
    matches = Matches(
        rows=np.array(hypothesis.places, np.int64),
        amplitudes=np.stack([one.amplitudes for one in components]),
        expected=np.array([one.expected for one in components]),
        correlations=np.tile(hypothesis.correlations[: len(settings.correlation.scales)], (len(components), 1)),
        settings=settings.correlation,
    )
    widest = np.full(len(components), hypothesis.correlations[-1], np.float32)
    evidence = weigh(selected.index, matches, widest, selected.prior, settings, ranking=settings.phase_ranking)
    largest = settings.verdict.largest_margin
    return make_hits(
        selected.index,
        target.pattern,
        matches,
        evidence,
        np.clip(np.stack([support, support], axis=1), -largest, largest),
        [[place] for place in range(len(components))],
        selected.prior,
        target.unexplained(hypothesis),
        settings,
    )


def weight_fractions(hits: tuple[Hit, ...], amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) weight fractions from scale factors: amount · Z M V, normalised.

    Z M is the mass and V the volume of the conventional cell whose |F|² the scale factor multiplies (Hill and Howard,
    J. Appl. Cryst. 20 (1987) 467). Phases that were not found, and glass, are not in the sum.
    """
    parts = np.array(
        [amount * cell_mass(hit) * cell_volume(hit.cell) for hit, amount in zip(hits, amounts, strict=True)]
    )
    return parts / max(float(parts.sum()), 1e-300)


def absorption_factors(
    crystals: Sequence[Crystal],
    weights: NDArray[np.float64],
    particle_size_um: float,
    wavelength_A: float,
) -> NDArray[np.float64]:
    """(k,) Brindley's factors of phases in particles of one size; the mean absorption is that of their volumes.

    Args:
        crystals: k phases.
        weights: (k,) from scale factors alone, in one unit.
        particle_size_um: diameter of the particles in µm.
        wavelength_A: in Å.
    """
    absorption = np.array([linear_absorption_per_um(crystal, wavelength_A) for crystal in crystals])
    density = np.array([cell_mass_u(crystal) / crystal.volume_A3 for crystal in crystals])
    factors = np.ones(len(crystals))
    for _ in range(ROUNDS):
        volumes = weights / factors / density
        mean = float(volumes @ absorption / volumes.sum())
        factors = np.array([brindley_factor((one - mean) * particle_size_um) for one in absorption])
    return factors


def size_note(scope: Scope) -> tuple[str, ...]:
    """A note that weights were corrected, where a size was given."""
    if scope.particle_size_um is None:
        return ()
    return (f"Weights are corrected for absorption in particles of {scope.particle_size_um:g} µm (Brindley).",)


def jackknife_errors(left_out: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) standard errors of quantities from (n, k) estimates, each with one of n parts of the data left out.

    See B. Efron, The Jackknife, the Bootstrap and Other Resampling Plans (1982), ch. 3.
    """
    n = len(left_out)
    return np.asarray(np.sqrt((n - 1) / n * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0)))


def cell_mass(hit: Hit) -> float:
    """Mass of the conventional cell that matched, in atomic units."""
    return crystal_mass(hit.matched_entry.crystal, hit.reflections.cell)


def crystal_mass(crystal: Crystal, cell: NDArray[np.float64]) -> float:
    """Mass of a conventional cell of a crystal, in atomic units."""
    return cell_mass_u(crystal) * cell_volume(cell) / crystal.volume_A3


def cell_volume(cell: NDArray[np.float64] | tuple[float, ...]) -> float:
    """Volume in Å³ of a cell given as six parameters."""
    return float(abs(np.linalg.det(lattice_from_parameters(*cell))))
