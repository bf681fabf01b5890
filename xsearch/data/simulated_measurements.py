"""Simulated powder patterns with what measurement and computed cells do to them, for evaluations."""

from __future__ import annotations

import numpy as np

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.simulate.conditions import draw_conditions
from xsearch.simulate.measurement import measure
from xsearch.simulate.powder import simulate_reflections
from xsearch.spectra import PowderPattern

D_MIN_A = 0.7
"""Smallest spacing simulated: that of 2θ = 90° with Cu Kα under 4.5 % of strain, and some beyond."""


def disturbed_pattern(crystal: Crystal, seed: int) -> PowderPattern:
    """A pattern of a crystal as some laboratory might measure it, under conditions drawn at random.

    What is done to it is what the learned models are trained on (`simulate.measurement.draw_conditions`).

    Args:
        crystal: the crystal.
        seed: the same seed gives the same pattern.
    """
    chance = np.random.default_rng(seed)
    conditions = draw_conditions(chance)
    reflections = simulate_reflections([find_symmetry(crystal)], d_min_A=D_MIN_A)[0]
    two_theta_deg, counts = measure(reflections, conditions, chance)
    return PowderPattern(two_theta_deg, counts, conditions.wavelength_A)


def random_lines(seed: int) -> PowderPattern:
    """Ten to sixty lines at random angles and of random heights, over background and noise: the pattern of nothing."""
    chance = np.random.default_rng(seed)
    x = np.arange(8.0, 88.0, 0.02)
    y = np.full(len(x), chance.uniform(5, 100))
    for _ in range(chance.integers(10, 61)):
        height = 1000 * np.exp(-chance.exponential(1.5))
        y += height * np.exp(-4 * np.log(2) * ((x - chance.uniform(10, 86)) / chance.uniform(0.1, 0.3)) ** 2)
    return PowderPattern(x, chance.poisson(y).astype(np.float64), 1.540593)
