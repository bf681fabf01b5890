"""Measured cells beside computed ones."""

from collections.abc import Callable

import pytest

from xsearch.builders.material import complete
from xsearch.builders.measured_cells import MeasuredCells, phase_key
from xsearch.builders.settings import MEASURED_CELLS
from xsearch.chemistry.material import Material
from xsearch.indexes.chunk import Entry
from xsearch.simulate.powder import simulate_reflections

Make = Callable[..., Material]


def entry(material: Material) -> Entry:
    material, symmetry = complete(material)
    return Entry(material, simulate_reflections([symmetry])[0])


def link(cells: MeasuredCells, material: Material) -> list[Material]:
    return [found.material for found in cells.linked_to(*complete(material))]


def test_a_measured_cell_of_the_same_phase_is_linked_and_says_whose_it_is(rocksalt: Make) -> None:
    cells = MeasuredCells.of([entry(rocksalt("amcsd-1", 5.64, is_measured=True, name="Halite"))])
    (found,) = link(cells, rocksalt("mp-22862", 5.69, is_measured=False))
    assert (found.material_id, found.cell_of, found.name) == ("amcsd-1@mp-22862", "mp-22862", "Halite")
    assert found.crystal.volume_A3 == pytest.approx(5.64**3)


@pytest.mark.parametrize(
    "known",
    [
        {"is_measured": None},
        {"is_measured": True, "pressure_GPa": 1.5},
        {"is_measured": True, "temperature_K": 20.0},
        {"is_measured": True, "temperature_K": 900.0},
    ],
)
def test_crystals_far_from_ambient_or_of_unknown_origin_are_not_linked(rocksalt: Make, known: dict) -> None:
    assert len(MeasuredCells.of([entry(rocksalt("amcsd-1", 5.64, **known))])) == 0


@pytest.mark.parametrize(
    ("a", "elements", "known"),
    [
        (6.0, ("Na", "Cl"), {"is_measured": False}),  # another volume
        (5.69, ("K", "F"), {"is_measured": False}),  # another formula
        (5.69, ("Na", "Cl"), {"is_measured": True}),  # measured itself
        (5.69, ("Na", "Cl"), {"is_measured": None}),
        (5.69, ("Na", "Cl"), {"is_measured": False, "duplicate_of": "mp-1"}),
    ],
)
def test_other_materials_get_no_cell(rocksalt: Make, a: float, elements: tuple[str, str], known: dict) -> None:
    cells = MeasuredCells.of([entry(rocksalt("amcsd-1", 5.64, is_measured=True))])
    assert link(cells, rocksalt("mp-1", a, elements, **known)) == []


def test_an_entry_gets_a_few_distinct_cells_nearest_to_the_middle(rocksalt: Make) -> None:
    edges = [5.50, 5.55, 5.60, 5.6001, 5.64, 5.68, 5.72, 5.76]
    made = [entry(rocksalt(f"amcsd-{n}", a, is_measured=True)) for n, a in enumerate(edges)]
    forward = link(MeasuredCells.of(made), rocksalt("mp-1", 5.65, is_measured=False))
    backward = link(MeasuredCells.of(made[::-1]), rocksalt("mp-1", 5.65, is_measured=False))
    names = [m.material_id for m in forward]
    assert names == [m.material_id for m in backward]
    assert len(names) == MEASURED_CELLS.most_per_entry
    assert len({"amcsd-2@mp-1", "amcsd-3@mp-1"} & set(names)) == 1
    assert "amcsd-0@mp-1" not in names


def test_hydrogen_does_not_part_a_phase(rocksalt: Make) -> None:
    with_sites, symmetry = complete(rocksalt("mp-1", 4.0, ("Pd", "H")))
    key = phase_key(with_sites, symmetry)
    assert key == ("HPd", 225, "A_225_a")
    assert phase_key(with_sites) == key
