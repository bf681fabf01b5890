"""Atoms moved as their symmetry allows."""

import numpy as np
import pytest

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.fit.atom_displacements import MovableLines, allowed_displacements
from xsearch.simulate.powder import simulate_reflections

RUTILE = Crystal.ordered(
    np.diag([4.59, 4.59, 2.96]),
    [[0, 0, 0], [0.5, 0.5, 0.5], [0.305, 0.305, 0], [0.695, 0.695, 0], [0.195, 0.805, 0.5], [0.805, 0.195, 0.5]],
    ["Ti", "Ti", "O", "O", "O", "O"],
)


def moved(symmetry, displacement_A):
    primitive = symmetry.primitive
    positions = primitive.frac_coords + displacement_A.reshape(-1, 3) @ np.linalg.inv(primitive.lattice_A)
    return Crystal.ordered(primitive.lattice_A, positions, primitive.elements)


def test_rutile_has_one_free_coordinate_and_rock_salt_none():
    symmetry = find_symmetry(RUTILE)
    allowed = allowed_displacements(symmetry.primitive)
    assert allowed.shape == (18, 1)
    titanium = np.repeat([element == "Ti" for element in symmetry.primitive.elements], 3)
    assert allowed[titanium] == pytest.approx(0.0, abs=1e-9)
    salt = Crystal.ordered(
        2.82 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]), [[0, 0, 0], [0.5, 0.5, 0.5]], ["Na", "Cl"]
    )
    assert allowed_displacements(find_symmetry(salt).primitive).shape == (6, 0)


def test_an_allowed_displacement_keeps_the_space_group_and_another_does_not():
    symmetry = find_symmetry(RUTILE)
    allowed = allowed_displacements(symmetry.primitive)[:, 0]
    assert find_symmetry(moved(symmetry, 0.3 * allowed), 0.001).number == 136
    other = np.random.default_rng(0).normal(size=18)
    other -= allowed * (allowed @ other)
    assert find_symmetry(moved(symmetry, 0.3 * other / np.linalg.norm(other)), 0.001).number != 136


def test_a_crystal_without_symmetry_may_move_all_but_as_a_whole():
    generic = Crystal.ordered(
        [[4.0, 0, 0], [0.9, 5.1, 0], [0.4, 1.1, 6.3]],
        [[0, 0, 0], [0.31, 0.22, 0.41], [0.63, 0.74, 0.17]],
        ["K", "O", "F"],
    )
    assert allowed_displacements(find_symmetry(generic).primitive).shape == (9, 6)


def test_moved_lines_are_those_that_a_simulation_of_the_moved_crystal_gives():
    symmetry = find_symmetry(RUTILE)
    before = simulate_reflections([symmetry], faintest=0.0)[0]
    lines = MovableLines(symmetry, before.hkl.astype(float), before.structure_factor_sq.astype(float), 0.1)
    strong = before.structure_factor_sq > 0.02 * before.structure_factor_sq.max()
    assert lines.square(np.zeros(1))[strong] == pytest.approx(before.structure_factor_sq[strong], rel=1e-3)
    after = find_symmetry(moved(symmetry, lines.moves @ np.array([0.8])), 0.01)
    simulated = simulate_reflections([after], faintest=0.0)[0]
    wanted = {
        tuple(hkl): square for hkl, square in zip(simulated.hkl.tolist(), simulated.structure_factor_sq, strict=True)
    }
    found = lines.square(np.array([0.8]))
    for hkl, square, counts in zip(before.hkl.tolist(), found, strong, strict=True):
        if counts:
            assert square == pytest.approx(wanted[tuple(hkl)], rel=0.02)


def test_slopes_are_those_of_small_steps():
    symmetry = find_symmetry(RUTILE)
    reflections = simulate_reflections([symmetry])[0]
    lines = MovableLines(symmetry, reflections.hkl.astype(float), reflections.structure_factor_sq.astype(float), 0.1)
    at, step = np.array([0.4]), np.array([1e-4])
    slow = (lines.square(at + step) - lines.square(at - step)) / 2e-4
    assert lines.slopes(at)[:, 0] == pytest.approx(slow, rel=1e-4, abs=1e-3 * np.abs(slow).max())


def test_a_crystal_without_a_symmetry_that_can_be_found_moves_nothing():
    on_top = Crystal.ordered(np.eye(3) * 4.0, np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1e-5]]), ["Na", "Na"])
    assert allowed_displacements(on_top).shape == (6, 0)
