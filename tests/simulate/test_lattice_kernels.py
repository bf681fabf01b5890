"""The reciprocal lattice against the inverse of the direct one."""

import numpy as np
import pytest

from xsearch.chemistry.crystal import lattice_from_parameters
from xsearch.simulate.lattice_kernels import direction_cosines, inverse_d_sq, reciprocal_metric, reciprocal_vectors

CELLS = (
    (4.0, 4.0, 6.0, 90.0, 90.0, 90.0),
    (4.0, 4.0, 9.0, 90.0, 90.0, 120.0),
    (5.0, 6.0, 7.0, 90.0, 105.0, 90.0),
    (5.1, 6.2, 7.3, 85.0, 98.0, 105.0),
)
HKL = np.array([[1, 0, 0], [0, 2, 1], [1, -1, 3], [2, 2, -1]], np.int16)


def direct(cell):
    """Rows a*, b*, c* by inversion."""
    return np.linalg.inv(lattice_from_parameters(*cell)).T


@pytest.mark.parametrize("cell", CELLS)
def test_reciprocal_vectors_are_the_inverse_of_the_direct_lattice(cell):
    assert reciprocal_vectors(np.array(cell)) == pytest.approx(direct(cell), abs=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_the_metric_holds_the_products_of_the_vectors(cell):
    assert reciprocal_metric(np.array(cell)) == pytest.approx(direct(cell) @ direct(cell).T, abs=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_spacings_and_directions_are_those_of_the_vectors(cell):
    vectors, metric = HKL @ direct(cell), reciprocal_metric(np.array(cell))
    lengths = np.linalg.norm(vectors, axis=1)
    assert [inverse_d_sq(metric, *map(float, hkl)) for hkl in HKL] == pytest.approx(lengths**2)
    axis = np.array([1, 1, 0]) @ direct(cell)
    cosines = np.abs(vectors @ axis) / lengths / np.linalg.norm(axis)
    assert direction_cosines(HKL, metric, np.array([1, 1, 0])) == pytest.approx(cosines)


def test_a_cell_that_hardly_is_one_gives_numbers():
    flat = np.array([5.0, 6.0, 7.0, 30.0, 30.0, 60.0])
    assert np.isfinite(reciprocal_metric(flat)).all()
    assert np.isfinite(reciprocal_vectors(flat)).all()
