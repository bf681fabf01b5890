"""Simulated powder patterns with what measurement and computed cells do to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.indexes import Index
from xsearch.options import Task
from xsearch.simulate.conditions import MEAN_STRAIN, Conditions, conditions_of, draw_conditions, draw_many, ideal
from xsearch.simulate.measurement import measure
from xsearch.simulate.powder import simulate_reflections
from xsearch.spectra import PowderPattern

D_MIN_A = 0.7
"""Smallest spacing simulated: that of 2θ = 90° with Cu Kα under 4.5 % of strain, and some beyond."""

LABORATORY_A = 1.541838
"""Cu Kα, the mean of Kα1 and Kα2 weighted 2:1."""

PUBLISHED = {"wavelength_A": 1.540593, "last_deg": 90.0, "instrument_deg": 0.1, "counts": 5000.0, "floor": 50.0}
"""Conditions of the protocol that the literature on crystal systems uses: broadened lines and noise, nothing else."""

PUBLISHED_SIZES_A = (200.0, 1500.0)
"""Range of its crystallite sizes."""


def augmented_pattern(crystal: Crystal, seed: int) -> PowderPattern:
    """A pattern of a crystal as some laboratory might measure it, under conditions drawn at random.

    The conditions are those that the learned models are trained on (`simulate.conditions.draw_conditions`).

    Args:
        crystal: the crystal.
        seed: the same seed gives the same pattern.
    """
    random = np.random.default_rng(seed)
    conditions = draw_conditions(random)
    reflections = simulate_reflections([find_symmetry(crystal)], d_min_A=D_MIN_A)[0]
    two_theta_deg, counts = measure(reflections, conditions, random)
    return PowderPattern(two_theta_deg, counts, conditions.wavelength_A)


def laboratory(drawn: Conditions, random: np.random.Generator) -> Conditions:
    """The same conditions with copper, over the range that laboratories use for minerals."""
    return replace(
        drawn,
        wavelength_A=LABORATORY_A,
        alpha2_A=0.0,
        first_deg=float(random.uniform(4, 12)),
        last_deg=float(random.uniform(75, 90)),
        step_deg=0.02,
    )


def random_lines(seed: int) -> PowderPattern:
    """Ten to sixty lines at random angles and of random heights, over background and noise: a pattern of no crystal."""
    random = np.random.default_rng(seed)
    x = np.arange(8.0, 88.0, 0.02)
    y = np.full(len(x), random.uniform(5, 100))
    for _ in range(random.integers(10, 61)):
        height = 1000 * np.exp(-random.exponential(1.5))
        y += height * np.exp(-4 * np.log(2) * ((x - random.uniform(10, 86)) / random.uniform(0.1, 0.3)) ** 2)
    return PowderPattern(x, random.poisson(y).astype(np.float64), 1.540593)


def drawn_conditions(index: Index, row: int, random: np.random.Generator) -> Conditions:
    """Conditions drawn at random, the strain about what is expected of a row's cell."""
    record = draw_many(1, random)
    record["mean_strain"] += index.columns.expected_strain[row] - MEAN_STRAIN
    return conditions_of(record[0])


def measured_row(index: Index, row: int, conditions: Conditions, random: np.random.Generator) -> PowderPattern:
    """A row of an index measured under given conditions."""
    two_theta_deg, counts = measure(index.reflections(row), conditions, random)
    return PowderPattern(two_theta_deg, counts, conditions.wavelength_A, source=f"row {row}")


def pattern_for_task(index: Index, row: int, task: Task, random: np.random.Generator) -> PowderPattern:
    """A row measured under a task's conditions."""
    conditions = (
        drawn_conditions(index, row, random)
        if task is Task.STRONG
        else conditions_of(published_conditions(1, random)[0])
    )
    return measured_row(index, row, conditions, random)


def published_conditions(count: int, random: np.random.Generator) -> NDArray[np.void]:
    """(count,) records of the published protocol."""
    records = ideal(count)
    for name, value in PUBLISHED.items():
        records[name] = value
    records["size_A"] = random.uniform(*PUBLISHED_SIZES_A, count)
    return records
