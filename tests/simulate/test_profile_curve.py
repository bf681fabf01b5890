"""Calculated profiles."""

import numpy as np
import pytest

from tests.crystals import rutile
from tests.peaks import plain_pseudo_voigt
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.simulate import Reflections
from xsearch.simulate.powder import line_positions, simulate_reflections
from xsearch.simulate.profile_curve import pattern_curve

X = np.arange(20, 80, 0.005)


@pytest.fixture(scope="module")
def reflections() -> Reflections:
    return simulate_reflections([find_symmetry(rutile())])[0]


def test_the_curve_is_the_sum_of_its_lines(reflections: Reflections) -> None:
    positions, intensity, _ = line_positions(reflections, 1.5406)
    plain = sum(i * plain_pseudo_voigt(X - p, 0.1) for p, i in zip(positions, intensity, strict=True))
    curve = pattern_curve(reflections, reflections.cell, X, 1.5406, 0.1)
    assert np.abs(curve - plain).max() < 1e-3 * plain.max()


def test_a_zero_shift_moves_the_curve(reflections: Reflections) -> None:
    still = pattern_curve(reflections, reflections.cell, X, 1.5406, 0.1)
    moved = pattern_curve(reflections, reflections.cell, X, 1.5406, 0.1, zero_shift_deg=0.05)
    assert np.allclose(moved[10:], still[:-10], atol=1e-9 * still.max())


def test_a_strained_cell_moves_each_line_by_its_indices(reflections: Reflections) -> None:
    taller = reflections.cell * np.array([1, 1, 1.01, 1, 1, 1])
    before, _, which = line_positions(reflections, 1.5406)
    after, _, _ = line_positions(reflections, 1.5406, taller)
    flat = reflections.hkl[which][:, 2] == 0
    assert np.allclose(after[flat], before[flat])
    assert (after[~flat] < before[~flat]).all()
