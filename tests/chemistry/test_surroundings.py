"""Descriptors of an atom's surroundings."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.crystals import rutile
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.surroundings import feature_count, site_features
from xsearch.errors import CrystalError


def test_turning_and_moving_a_crystal_changes_nothing():
    crystal = rutile()
    turn = Rotation.from_euler("xyz", [20, 50, 70], degrees=True).as_matrix()
    moved = Crystal.ordered(
        crystal.lattice_A @ turn, crystal.frac_coords + np.array([0.13, 0.57, 0.91]), crystal.elements
    )
    assert np.allclose(site_features(crystal, [0]), site_features(moved, [0]), atol=1e-4)


def test_a_supercell_and_another_choice_of_axes_change_nothing():
    crystal = rutile()
    doubled = Crystal.ordered(
        crystal.lattice_A * [[1], [1], [2]],
        np.vstack([crystal.frac_coords / [1, 1, 2], crystal.frac_coords / [1, 1, 2] + [0, 0, 0.5]]),
        crystal.elements * 2,
    )
    sheared = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]])
    other = Crystal.ordered(sheared @ crystal.lattice_A, crystal.frac_coords @ np.linalg.inv(sheared), crystal.elements)
    reference = site_features(crystal, [0])
    assert np.allclose(reference, site_features(doubled, [0]), atol=1e-4)
    assert np.allclose(reference, site_features(other, [0]), atol=1e-4)


def test_equivalent_sites_have_equal_features_and_others_do_not():
    rows = site_features(rutile(), [0, 1, 2])
    assert rows.shape == (3, feature_count())
    assert np.allclose(rows[0], rows[1], atol=1e-4)
    assert not np.allclose(rows[0], rows[2], atol=0.1)


def test_another_neighbour_or_distance_is_felt():
    crystal = rutile()
    sulfide = Crystal.ordered(crystal.lattice_A, crystal.frac_coords, ["Ti", "Ti", "S", "S", "S", "S"])
    stretched = Crystal.ordered(crystal.lattice_A * 1.01, crystal.frac_coords, crystal.elements)
    reference = site_features(crystal, [0])
    assert not np.allclose(reference, site_features(sulfide, [0]), atol=0.1)
    assert not np.allclose(reference, site_features(stretched, [0]), atol=0.01)


def test_a_site_that_is_not_there_is_refused():
    with pytest.raises(CrystalError, match="6 atoms"):
        site_features(rutile(), [6])


def test_an_atom_alone_in_space_is_refused():
    lonely = Crystal.ordered(np.eye(3) * 20.0, np.zeros((1, 3)), ["Cu"])
    with pytest.raises(CrystalError, match="no neighbour"):
        site_features(lonely, [0])
