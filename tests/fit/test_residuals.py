"""Residuals of the levels of a fit."""

import numpy as np
import pytest

from tests.crystals import rutile
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.fit.prepared_pattern import PreparedPattern, prepare
from xsearch.fit.residuals import Residuals, residuals_of_cell
from xsearch.fit.rietveld import refine
from xsearch.fit.strain_fit import fit_strain
from xsearch.simulate.powder import simulate_reflections


def test_residuals_are_those_of_the_powder_dictionary():
    observed, calculated, variance = np.array([4.0, 9.0, 1.0]), np.array([3.0, 10.0, 1.0]), np.array([4.0, 9.0, 1.0])
    found = Residuals.of(observed, calculated, variance, 1)
    assert found.r == pytest.approx(2 / 14)
    assert found.r_wp == pytest.approx(np.sqrt((1 / 4 + 1 / 9) / (4 + 9 + 1)))
    assert found.chi_squared == pytest.approx((1 / 4 + 1 / 9) / 2)


@pytest.fixture(scope="module")
def prepared() -> PreparedPattern:
    return prepare(augmented_pattern(rutile(), 5))


def test_each_level_leaves_less_than_the_one_before(prepared):
    symmetry = find_symmetry(rutile())
    reflections = simulate_reflections([symmetry])[0]
    stored = residuals_of_cell(
        prepared.points, reflections, reflections.cell, zero_shift_deg=0.0, fwhm_deg=prepared.net.fwhm_deg
    )
    fit = fit_strain(reflections, prepared.log_q, 0.0)
    strain = fit.residuals(prepared.points, reflections)
    rietveld = refine(reflections, symmetry, fit, prepared.points).residuals
    assert 1 > stored.r_wp > strain.r_wp > rietveld.r_wp > 0
    assert rietveld.chi_squared < strain.chi_squared < stored.chi_squared
    assert rietveld.r < strain.r


def test_a_crystal_without_a_line_in_the_pattern_leaves_everything(prepared):
    reflections = simulate_reflections([find_symmetry(rutile())])[0]
    small = reflections.cell * np.array([0.05, 0.05, 0.05, 1, 1, 1])
    found = residuals_of_cell(prepared.points, reflections, small, zero_shift_deg=0.0, fwhm_deg=0.1)
    assert found.r == pytest.approx(1.0)
    assert found.r_wp == pytest.approx(1.0)
