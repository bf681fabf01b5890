"""One lattice onto another by whole numbers."""

import numpy as np
import pytest

from xsearch.infer.lattice_mapping_kernels import UNIMODULAR, map_metric, reduce

TRICLINIC = np.array([[5.1, 0, 0], [1.2, 6.3, 0], [-0.7, 1.1, 7.9]])


def nearest(lattice, goal, limit=0.35, most=4):
    found, strains = np.zeros(most, np.int64), np.zeros(most)
    count = map_metric(lattice @ lattice.T, goal @ goal.T, UNIMODULAR, limit, found, strains)
    return UNIMODULAR[found[:count]], strains[:count]


def test_a_long_basis_is_brought_to_the_shortest_one():
    long = np.array([[1, 2, 0], [0, 1, 3], [0, 0, 1]]) @ TRICLINIC
    reduced, steps = long.copy(), np.empty((3, 3))
    reduce(reduced, steps)
    assert steps @ long == pytest.approx(reduced)
    assert abs(np.linalg.det(steps)) == pytest.approx(1.0)
    assert sorted(np.linalg.norm(reduced, axis=1)) == pytest.approx(sorted(np.linalg.norm(TRICLINIC, axis=1)))


def test_another_basis_of_a_lattice_is_mapped_without_strain():
    ways, strains = nearest(TRICLINIC, np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]]) @ TRICLINIC)
    assert strains[0] == pytest.approx(0.0, abs=1e-9)
    assert ways[0] @ TRICLINIC @ TRICLINIC.T @ ways[0].T == pytest.approx(
        np.roll(np.roll(TRICLINIC @ TRICLINIC.T, -1, 0), -1, 1)
    )


def test_the_axes_of_a_box_are_tried_in_each_order_once():
    ways, strains = nearest(np.diag([5.0, 5.1, 5.2]), np.diag([5.0, 5.1, 5.2]), limit=0.07, most=20)
    assert len(ways) == 6
    assert (np.diff(strains) >= 0).all()


def test_a_lattice_of_quite_another_shape_is_not_mapped():
    assert len(nearest(np.diag([3.0, 3.0, 12.0]), np.diag([4.76, 4.76, 4.76]))[0]) == 0
