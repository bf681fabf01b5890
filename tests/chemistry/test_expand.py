"""The asymmetric unit and the whole cell."""

import gemmi
import numpy as np
import pytest

from xsearch.chemistry.crystal import lattice_from_parameters
from xsearch.chemistry.expand import fill_cell, parse_operation, parse_operations
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import CrystalError

CUBE = np.eye(3) * 10.0


@pytest.mark.parametrize(
    "text", ["x,y,z", "1/2+x,-y,z-1/4", "-x+y,-x,1/3+z", "+y,+x,-z", "x-y,x,z+5/6", "0.5-X, y+.25, -Z", "z,-x,y"]
)
def test_operations_are_read_as_gemmi_reads_them(text: str) -> None:
    rotation, shift = parse_operation(text)
    reference = gemmi.Op(text)
    assert np.allclose(rotation, np.array(reference.rot) / gemmi.Op.DEN)
    assert np.allclose(np.array(shift) % 1, np.array(reference.tran) / gemmi.Op.DEN % 1)


@pytest.mark.parametrize("text", ["x,y", "x,y,w", "x,x,z", "hello", ""])
def test_what_is_no_operation_is_refused(text: str) -> None:
    with pytest.raises(CrystalError, match="symmetry operation"):
        parse_operation(text)


@pytest.mark.parametrize("number", [2, 14, 62, 88, 136, 148, 167, 176, 194, 205, 227])
def test_a_general_position_gives_the_group_back(number: int) -> None:
    group = gemmi.find_spacegroup_by_number(number)
    triplets = [op.triplet() for op in group.operations()]
    system = group.crystal_system_str()
    hexagonal = system in ("trigonal", "hexagonal")
    cell = {
        "triclinic": (9, 10, 11, 81, 95, 103),
        "monoclinic": (9, 10, 11, 90, 98, 90),
        "orthorhombic": (9, 10, 11, 90, 90, 90),
        "tetragonal": (10, 10, 13, 90, 90, 90),
        "cubic": (20, 20, 20, 90, 90, 90),
    }.get(system, (11, 11, 14, 90, 90, 120))
    assert hexagonal == (cell[5] == 120)
    atoms = np.array([[0.113, 0.172, 0.061], [0.31, 0.21, 0.127]])
    crystal, origin = fill_cell(
        lattice_from_parameters(*cell), atoms, ["Fe", "O"], np.ones(2), *parse_operations(triplets)
    )
    assert np.bincount(origin).tolist() == [len(triplets)] * 2
    assert find_symmetry(crystal, 0.01).number == number


def test_rounded_coordinates_are_moved_onto_the_symmetry_element() -> None:
    group = gemmi.find_spacegroup_by_number(194)
    operations = parse_operations([op.triplet() for op in group.operations()])
    crystal, _ = fill_cell(
        lattice_from_parameters(2.46, 2.46, 6.7, 90, 90, 120),
        np.array([[0, 0, 0.25], [0.33, 0.67, 0.25]]),
        ["C", "C"],
        np.ones(2),
        *operations,
    )
    assert len(crystal) == 4
    assert np.allclose(crystal.frac_coords[2], [1 / 3, 2 / 3, 0.25])


def test_halves_of_a_split_atom_stay_apart() -> None:
    mirror = parse_operations(["x,y,z", "-x,y,z"])
    atom = np.array([[0.005, 0.2, 0.3]])
    whole, _ = fill_cell(CUBE, atom, ["O"], np.array([1.0]), *mirror)
    split, _ = fill_cell(CUBE, atom, ["O"], np.array([0.5]), *mirror)
    assert (len(whole), len(split)) == (1, 2)


def test_overlapping_atoms_are_refused_and_shared_sites_are_not() -> None:
    identity = parse_operations(["x,y,z"])
    here = np.array([[0.1, 0.1, 0.1], [0.12, 0.1, 0.1]])
    with pytest.raises(CrystalError, match=r"Atoms overlap: Fe and O are 0\.20 Å apart"):
        fill_cell(CUBE, here, ["Fe", "O"], np.ones(2), *identity)
    crystal, _ = fill_cell(CUBE, here, ["Fe", "Mg"], np.array([0.4, 0.6]), *identity)
    assert len(crystal) == 2


def test_empty_sites_are_left_out() -> None:
    crystal, origin = fill_cell(
        CUBE, np.array([[0, 0, 0], [0.5, 0, 0]]), ["Fe", "O"], np.array([0.0, 1.0]), *parse_operations(["x,y,z"])
    )
    assert crystal.elements == ("O",)
    assert origin.tolist() == [1]
