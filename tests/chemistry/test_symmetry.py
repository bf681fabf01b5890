"""The symmetry search."""

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from xsearch.builders.aflow import AflowSource
from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.space_groups import crystal_system
from xsearch.chemistry.symmetry import find_symmetry, shortest_translation
from xsearch.errors import CrystalError


def test_space_groups_agree_with_spglib() -> None:
    source = AflowSource()
    items = list(source.items())
    for item in items[::12]:
        crystal = source.process(item).crystal
        expected = SpacegroupAnalyzer(crystal.to_structure(), symprec=0.1).get_space_group_number()
        assert find_symmetry(crystal).number == expected


def test_indices_of_the_primitive_cell_become_those_of_the_conventional_one() -> None:
    for name, basis in (
        ("Fm-3m", [[0, 0, 0]]),
        ("I4/mmm", [[0, 0, 0]]),
        ("C2/m", [[0.1, 0, 0.3]]),
        ("R-3m", [[0, 0, 0]]),
    ):
        lattice = {
            "Fm-3m": Lattice.cubic(4),
            "I4/mmm": Lattice.tetragonal(4, 7),
            "C2/m": Lattice.monoclinic(9, 4, 6, 103),
            "R-3m": Lattice.hexagonal(3, 14),
        }[name]
        crystal = Crystal.from_structure(Structure.from_spacegroup(name, lattice, ["Fe"], basis))
        found = find_symmetry(crystal)
        hkl = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 2, -1]])
        primitive = np.linalg.norm(hkl @ np.linalg.inv(found.primitive.lattice_A).T, axis=1)
        conventional = Lattice.from_parameters(*found.cell)
        moved = hkl @ found.to_conventional
        assert np.allclose(1 / primitive, [conventional.d_hkl(index) for index in moved])


def test_mixed_sites_differ_from_full_ones() -> None:
    full = Crystal.ordered(np.eye(3) * 3, np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), ["Fe", "Fe"])
    mixed = Crystal(
        np.eye(3) * 3,
        np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]),
        ("Fe", "Fe", "Al"),
        np.array([1, 0.5, 0.5]),
    )
    assert (find_symmetry(full).number, find_symmetry(mixed).number) == (229, 221)


def test_numbers_that_are_no_space_group_are_refused() -> None:
    assert crystal_system(148) == "trigonal"
    with pytest.raises(CrystalError, match="231 does not exist"):
        crystal_system(231)


def test_a_tolerance_that_is_large_for_the_cell_does_not_search_forever() -> None:
    # like a layered oxide of long stacking, each atom a little off its place: there moyo may not come back
    lattice = lattice_from_parameters(2.936, 2.936, 19.543, 96.7, 96.7, 59.783)
    heights = [i / 16 for i in range(16)]
    positions = np.array([[z / 3 + 0.01 * (i % 3), z / 3, z] for i, z in enumerate(heights)])
    crystal = Crystal.ordered(lattice, positions, ["Li", "O", "Ni", "O"] * 4)
    assert shortest_translation(lattice) == pytest.approx(2.926, abs=0.01)
    assert find_symmetry(crystal, 0.3).symprec_A < 0.3
