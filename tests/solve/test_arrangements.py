"""Arrangements of atoms over Wyckoff positions."""

from itertools import combinations_with_replacement

from xsearch.chemistry.wyckoff import equivalent_placements, space_group_positions
from xsearch.solve.arrangements import arrangements, canonical, in_group, placements_of
from xsearch.solve.groups import groups_in
from xsearch.solve.observed import ObservedLines
from xsearch.solve.settings import SOLVE, ArrangementSettings

Cells = list[tuple[ObservedLines, float]]

ALL = ArrangementSettings(most_of_element=10**6)


def slow_placements(number: int, count: int) -> set[tuple[int, ...]]:
    """Every multiset of positions whose atoms add up, fixed ones at most once."""
    group = space_group_positions(number)
    found = set()
    fewest = min(position.multiplicity for position in group.positions)
    for orbits in range(1, count // fewest + 1):
        for some in combinations_with_replacement(range(len(group.positions)), orbits):
            fixed = [place for place in some if not group.positions[place].free]
            atoms = sum(group.positions[place].multiplicity for place in some)
            if atoms == count and len(set(fixed)) == len(fixed):
                found.add(some)
    return found


def test_an_element_is_placed_in_every_way() -> None:
    for number, count in ((136, 4), (225, 16), (2, 3), (62, 8)):
        found = placements_of(space_group_positions(number), count, ALL)
        assert set(found) == slow_placements(number, count)
        assert len(found) == len(set(found))


def test_only_the_likeliest_are_kept_where_there_are_many() -> None:
    group = space_group_positions(62)
    most = ArrangementSettings(most_of_element=5)
    assert set(placements_of(group, 8, most)) <= set(placements_of(group, 8, ALL))
    assert len(placements_of(group, 8, most)) == 5


def test_no_fixed_position_is_taken_twice_and_shifts_count_once() -> None:
    group = space_group_positions(225)
    found = [placements for placements, _ in in_group(225, (4, 4), SOLVE.arrangements)]
    letters = [
        {group.positions[place].letter for placement in placements for place in placement} for placements in found
    ]
    # rock salt: one element on a, the other on b; a and b may change places by a shift
    assert letters.count({"a", "b"}) == 1
    assert all(len(one) == 2 for one in letters)


def test_a_shift_of_the_origin_changes_nothing() -> None:
    shifts = equivalent_placements(225)
    letters = [position.letter for position in space_group_positions(225).positions]
    a, b = letters.index("a"), letters.index("b")
    assert canonical(((a,), (b,)), shifts) == canonical(((b,), (a,)), shifts)


def test_rutile_is_among_the_first(cells: Cells) -> None:
    found = arrangements(groups_in(cells, SOLVE.groups), {"Ti": 1, "O": 2}, SOLVE.arrangements)
    assert [one.log_odds for one in found] == sorted((one.log_odds for one in found), reverse=True)
    group = space_group_positions(136)
    letters = [position.letter for position in group.positions]
    rutile = ((letters.index("a"),), (letters.index("f"),))
    first = next(place for place, one in enumerate(found) if one.where.group.number == 136 and one.placements == rutile)
    assert first < 40
    assert found[first].free == 1
    assert all(sum(group_of(one, orbit) for orbit in one.orbits) == 3 * one.units for one in found)


def group_of(one, orbit) -> int:
    return one.where.group.positions[orbit[1]].multiplicity
