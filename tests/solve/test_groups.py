"""Space groups in a cell, against gemmi's extinctions."""

import gemmi
import numpy as np
import pytest

from xsearch.chemistry.space_groups import MONOCLINIC, ORTHORHOMBIC
from xsearch.chemistry.wyckoff import space_group_positions
from xsearch.solve.groups import bases_of, groups_in, is_absent, numbers_of
from xsearch.solve.observed import ObservedLines
from xsearch.solve.settings import SOLVE

Cells = list[tuple[ObservedLines, float]]


@pytest.mark.parametrize("number", [4, 14, 15, 33, 62, 64, 88, 136, 141, 161, 167, 176, 205, 206, 225, 227, 230])
def test_absences_are_those_of_gemmi(number: int) -> None:
    steps = np.arange(-4, 5)
    hkl = np.array(np.meshgrid(steps, steps, steps)).reshape(3, -1).T
    hkl = hkl[hkl.any(axis=1)]
    operations = gemmi.SpaceGroup(gemmi.find_spacegroup_by_number(number).hm).operations()
    expected = [operations.is_systematically_absent(one) for one in hkl.tolist()]
    assert is_absent(space_group_positions(number), hkl).tolist() == expected


def lines_of(lattice: int, centring: int, cell: tuple[float, ...]) -> ObservedLines:
    """A cell without lines."""
    none = np.zeros(0)
    return ObservedLines(
        np.array(cell), lattice, centring, np.zeros((0, 3), np.int64), none, none, np.zeros((0, 1)), none, 1.0, 0.5,
        none, none, 1, 0,
    )  # fmt: skip


def test_a_group_stands_in_a_cell_in_every_way_that_differs() -> None:
    orthorhombic = lines_of(ORTHORHOMBIC, 0, (4.0, 5.0, 6.0, 90, 90, 90))
    monoclinic = lines_of(MONOCLINIC, 0, (4.0, 5.0, 6.0, 90, 100, 90))
    ways = {number: len(list(bases_of(space_group_positions(number), orthorhombic))) for number in (47, 55, 62, 61)}
    # Pmmm in one way, Pbam by its special axis, Pnma by all six orders of the axes, Pbca by the sense of the glides
    assert ways == {47: 1, 55: 3, 62: 6, 61: 2}
    ways = {number: len(list(bases_of(space_group_positions(number), monoclinic))) for number in (4, 14)}
    # the glide of P2_1/c may run along a, c or their diagonal
    assert ways == {4: 1, 14: 3}


def test_centred_cells_have_centred_groups() -> None:
    face = lines_of(ORTHORHOMBIC, 3, (4.0, 5.0, 6.0, 90, 90, 90))
    assert {38, 63, 64} <= set(numbers_of(face))
    assert not {47, 62, 71} & set(numbers_of(face))
    body = lines_of(MONOCLINIC, 4, (4.0, 5.0, 6.0, 90, 100, 90))
    assert set(numbers_of(body)) == {5, 8, 9, 12, 15}
    for basis in bases_of(space_group_positions(12), body):
        # the body centre becomes the centre of the ab face
        assert np.allclose((np.array([0.5, 0.5, 0.5]) @ np.linalg.inv(basis)) % 1, [0.5, 0.5, 0])


def test_the_group_of_rutile_is_among_the_likeliest(cells: Cells) -> None:
    found = groups_in(cells, SOLVE.groups)
    assert 136 in [one.group.number for one in found[:5]]
    # I-centred groups forbid lines that are there
    assert not {139, 140} & {one.group.number for one in found if one.lines is cells[0][0]}
    assert {one.group.number for one in groups_in(cells, SOLVE.groups, frozenset({136}))} == {136}
