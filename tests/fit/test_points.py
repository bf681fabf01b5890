"""A measured pattern point by point."""

import numpy as np
import pytest

from xsearch.fit.prepared_pattern import prepare
from xsearch.spectra import PowderPattern


def pattern(
    step_deg: float = 0.02, wavelength_A: float = 1.540593, counts: float = 2000.0, seed: int = 0
) -> PowderPattern:
    x = np.arange(10.0, 80.0, step_deg)
    lines = sum(np.exp(-4 * np.log(2) * ((x - at) / 0.2) ** 2) for at in (22.0, 31.0, 45.0, 56.0, 70.0))
    return PowderPattern(x, np.random.default_rng(seed).poisson(counts * lines + 100).astype(float), wavelength_A)


def test_the_points_are_the_excess_over_the_background():
    counts = prepare(pattern()).points
    assert counts.excess.max() == pytest.approx(1.0, abs=0.05)
    assert abs(np.median(counts.excess)) < 0.01
    assert counts.background_functions.sum(axis=1) == pytest.approx(1.0)
    assert counts.width_deg >= 0.12


@pytest.mark.parametrize("step_deg", [0.01, 0.02])
def test_the_stated_noise_is_that_of_the_points(step_deg):
    counts = prepare(pattern(step_deg)).points
    empty = np.ones(len(counts.excess), bool)
    for at in (22.0, 31.0, 45.0, 56.0, 70.0):
        empty &= np.abs(counts.two_theta_deg - at) > 1.5
    stated = np.sqrt(np.median(counts.variance[empty]))
    assert np.std(counts.excess[empty]) == pytest.approx(stated, rel=0.5)
    assert counts.variance.max() > 4 * np.median(counts.variance)


def test_the_second_line_of_a_doublet_is_known_where_the_first_was_stated():
    assert prepare(pattern(wavelength_A=1.540593)).points.second_A == pytest.approx(1.5444, abs=1e-4)
    assert prepare(pattern(wavelength_A=1.54184)).points.second_A == 0.0
