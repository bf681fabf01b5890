"""Crystals as flat arrays, and their way to pymatgen and back."""

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from xsearch.chemistry.crystal import Crystal, cell_parameters, lattice_from_parameters
from xsearch.errors import CrystalError


def test_a_structure_with_mixed_sites_survives_the_round_trip() -> None:
    structure = Structure(
        Lattice.from_parameters(4, 5, 6, 80, 95, 100),
        [{"Fe3+": 0.6, "Mg2+": 0.4}, {"O": 1.0}, {"D": 0.5}],
        [[0, 0, 0], [0.5, 0.4, 0.3], [0.2, 0.7, 0.9]],
    )
    crystal = Crystal.from_structure(structure)
    assert sorted(crystal.elements) == ["Fe", "H", "Mg", "O"]
    back = crystal.to_structure()
    assert len(back) == 3
    assert back.composition.as_dict() == pytest.approx({"Fe": 0.6, "Mg": 0.4, "O": 1.0, "H": 0.5})
    assert np.allclose(back.lattice.matrix, structure.lattice.matrix)
    assert not crystal.is_ordered


def test_cell_parameters_and_lattices_are_inverse() -> None:
    cell = (4.1, 5.2, 9.3, 77.0, 101.0, 115.0)
    assert cell_parameters(lattice_from_parameters(*cell)) == pytest.approx(cell)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"elements": ("Xx",)}, "Unknown element Xx"),
        ({"occupancies": np.array([1.3])}, "Occupancies"),
        ({"occupancies": np.array([0.0])}, "Occupancies"),
        ({"frac_coords": np.array([[np.nan, 0, 0]])}, "not a finite number"),
        ({"lattice_A": np.eye(3) * 0.1}, "at least 1 Å³"),
        ({"elements": ()}, "no atoms"),
        ({"elements": ("Fe", "O")}, "do not agree"),
    ],
)
def test_what_makes_no_crystal_is_refused(changed: dict[str, object], message: str) -> None:
    fine = {
        "lattice_A": np.eye(3) * 4,
        "frac_coords": np.zeros((1, 3)),
        "elements": ("Fe",),
        "occupancies": np.ones(1),
    }
    Crystal(**fine)  # type: ignore[arg-type]
    with pytest.raises(CrystalError, match=message):
        Crystal(**{**fine, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize("cell", [(4, 4, 4, 90, 90, 0), (4, 4, 4, 30, 30, 90), (0, 4, 4, 90, 90, 90)])
def test_parameters_that_make_no_cell_are_refused(cell: tuple[float, ...]) -> None:
    with pytest.raises(CrystalError, match="do not make a cell"):
        lattice_from_parameters(*cell)


def test_elements_on_the_same_sites_in_a_larger_cell_are_the_crystal_that_is_built_anew():
    salt = Crystal.ordered(5.64 * np.eye(3), [[0, 0, 0], [0.5, 0.5, 0.5]], ["Na", "Cl"])
    other = salt.with_elements(("K", "Br"), 1.1)
    anew = Crystal.ordered(5.64 * 1.1 * np.eye(3), salt.frac_coords, ["K", "Br"])
    assert other.elements == anew.elements
    assert np.array_equal(other.lattice_A, anew.lattice_A)
    assert np.array_equal(other.occupancies, anew.occupancies)
    assert salt.elements == ("Na", "Cl")
