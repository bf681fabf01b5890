"""Wyckoff positions, against the operations of their space groups."""

import numpy as np
import pytest

from tests.crystals import perovskite, rutile
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.shortest_distances import shortest_distances
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.chemistry.wyckoff import (
    GENERIC,
    equivalent_placements,
    parse_coordinates,
    space_group_positions,
    write_wyckoff_table,
)
from xsearch.training.wyckoff_use import WyckoffUse, shortest


@pytest.mark.parametrize("number", range(1, 231, 7))
def test_a_position_has_as_many_atoms_as_its_multiplicity(number: int) -> None:
    group = space_group_positions(number)
    for place, position in enumerate(group.positions):
        rotations, translations = group.images(position)
        point = position.origin + position.directions @ GENERIC[: position.free]
        atoms = (rotations @ point + translations)[:, None] + group.centrings[None]
        away = atoms.reshape(-1, 1, 3) - atoms.reshape(1, -1, 3)
        apart = np.abs(away - np.round(away)).max(axis=2) + np.eye(position.multiplicity)
        assert apart.shape == (position.multiplicity, position.multiplicity)
        assert apart.min() > 1e-3
        assert group.place_of(point) == place


def test_the_general_position_is_always_there() -> None:
    for number in range(1, 231):
        group = space_group_positions(number)
        assert group.positions[-1].multiplicity == len(group.rotations)
        assert group.positions[-1].free == 3


def test_coordinates_are_read_as_the_tables_write_them() -> None:
    origin, directions = parse_coordinates("x,2x,1/4")
    assert origin.tolist() == [0, 0, 0.25]
    assert directions.tolist() == [[1], [2], [0]]
    origin, directions = parse_coordinates("-y+1/2,y,z")
    assert origin.tolist() == [0.5, 0, 0]
    assert directions.tolist() == [[-1, 0], [1, 0], [0, 1]]


def test_shifts_of_the_origin_exchange_equivalent_positions() -> None:
    letters = [position.letter for position in space_group_positions(225).positions]
    shifts = equivalent_placements(225)
    swapped = {(letters[shift[letters.index("a")]], letters[shift[letters.index("c")]]) for shift in shifts}
    assert swapped == {("a", "c"), ("b", "c")}


def test_the_positions_of_rutile_are_those_of_the_textbook() -> None:
    found = find_symmetry(rutile())
    group = space_group_positions(found.number)
    letters = {position.letter: position for position in group.positions}
    assert letters["a"].multiplicity == 2
    assert letters["a"].free == 0
    assert letters["f"].multiplicity == 4
    assert letters["f"].free == 1


def test_counting_gives_rows_that_can_be_read_again(tmp_path) -> None:
    use = WyckoffUse()
    use.add([rutile(), rutile("Sn", a=4.74, c=3.19), perovskite("Sr", "Ti", 3.905)])
    path = tmp_path / "positions.csv"
    write_wyckoff_table(use.rows(), path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert '136,a,2,"0,0,0",2,2' in lines
    assert len(use.distances[8, 22]) == 2


def test_the_shortest_distance_is_found_over_cell_borders() -> None:
    cell = Crystal.ordered(np.diag([4.0, 4.0, 4.0]), np.array([[0.05, 0, 0], [0.9, 0, 0]]), ["Na", "Cl"])
    found = shortest(cell)
    assert found[11, 17] == pytest.approx(0.6)
    assert found[11, 11] == pytest.approx(4.0)


def test_limits_hold_for_every_pair_and_are_those_of_bonds() -> None:
    limits = shortest_distances()
    assert np.array_equal(limits, limits.T)
    assert (limits[1:, 1:] > 0.5).all()
    assert 1.5 < limits[8, 14] < 1.65
    assert limits[8, 8] < limits[55, 55]
