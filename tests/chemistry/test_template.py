"""Template keys: the same for crystals built alike, whatever the origin, the elements or the choice of cell."""

import numpy as np
import pytest

from tests.crystals import rutile
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.chemistry.template import relabellings, template_key


def key(crystal: Crystal, **options) -> str:
    return template_key(crystal, find_symmetry(crystal), **options)


def rocksalt(one: str, other: str, a: float = 5.6, shift: float = 0.0) -> Crystal:
    faces = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    coords = np.concatenate([faces, faces + 0.5]) + shift
    return Crystal.ordered(np.eye(3) * a, coords, [one] * 4 + [other] * 4)


def test_known_structures_have_their_known_wyckoff_letters() -> None:
    assert key(rocksalt("Na", "Cl")) == "AB_225_a_b"
    assert key(rutile()) == "AB2_136_a_f"


def test_exchanging_elements_of_equal_amount_keeps_the_key() -> None:
    assert key(rocksalt("Na", "Cl")) == key(rocksalt("Cl", "Na")) == key(rocksalt("Fe", "O"))


@pytest.mark.parametrize("shift", [0.25, 0.5, 0.137])
def test_the_origin_does_not_matter(shift: float) -> None:
    assert key(rocksalt("Na", "Cl", shift=shift)) == "AB_225_a_b"
    moved = rutile()
    other = Crystal.ordered(moved.lattice_A, moved.frac_coords + 0.5, moved.elements)
    assert key(other) == key(moved)


def test_a_supercell_has_the_key_of_its_primitive_cell() -> None:
    crystal = rutile()
    coords = np.concatenate([crystal.frac_coords, crystal.frac_coords + np.array([0, 0, 1])]) / [1, 1, 2]
    double = Crystal.ordered(crystal.lattice_A * [[1], [1], [2]], coords, crystal.elements * 2)
    assert key(double) == key(crystal)


def test_a_solid_solution_has_the_key_of_its_end_members() -> None:
    pure = rocksalt("Mg", "O")
    coords = np.concatenate([pure.frac_coords[:4], pure.frac_coords])
    mixed = Crystal(pure.lattice_A, coords, ("Fe",) * 4 + pure.elements, np.array([0.1] * 4 + [0.9] * 4 + [1.0] * 4))
    assert key(mixed) == key(pure)


def test_different_structures_of_one_formula_differ() -> None:
    zincblende = rocksalt("Zn", "S")
    moved = np.concatenate([zincblende.frac_coords[:4], zincblende.frac_coords[4:] - 0.25])
    assert key(Crystal.ordered(zincblende.lattice_A, moved, zincblende.elements)) != key(zincblende)


def test_elements_can_be_left_out() -> None:
    crystal = rocksalt("Pd", "H")
    assert key(crystal, without=frozenset("H")) == "A_225_a"


def test_every_space_group_has_relabellings_that_begin_with_none() -> None:
    for number in range(1, 231):
        first = relabellings(number)[0]
        assert all(old == new for old, new in first.items())
