"""Arrangements: how the atoms of a formula may be distributed over the Wyckoff positions of a space group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from heapq import nlargest
from math import lgamma, log
from operator import itemgetter

from xsearch.chemistry.formula_units import log_units
from xsearch.chemistry.wyckoff import SpaceGroupPositions, equivalent_placements, space_group_positions
from xsearch.solve.groups import GroupInCell
from xsearch.solve.settings import ArrangementSettings

Placement = tuple[int, ...]
"""Places of the Wyckoff positions that the orbits of one element take, rising."""


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement:
    """A distribution of the atoms over Wyckoff positions.

    Attributes:
        where: the space group in its cell.
        elements: of the formula.
        placements: of each element.
        units: formula units in the conventional cell.
        log_odds: natural logarithm of how likely it is before its coordinates are known, up to a constant.
    """

    where: GroupInCell
    elements: tuple[str, ...]
    placements: tuple[Placement, ...]
    units: int
    log_odds: float

    @property
    def orbits(self) -> list[tuple[str, int]]:
        """Element and place of the position of each orbit."""
        return [
            (element, place)
            for element, placement in zip(self.elements, self.placements, strict=True)
            for place in placement
        ]

    @property
    def free(self) -> int:
        """How many coordinates are free."""
        return sum(self.where.group.positions[place].free for _, place in self.orbits)


def arrangements(
    groups: Sequence[GroupInCell],
    formula: Mapping[str, int],
    settings: ArrangementSettings,
    is_over: Callable[[], bool] = lambda: False,
) -> list[Arrangement]:
    """The likeliest arrangements in all groups, the likeliest first.

    Args:
        groups: in their cells.
        formula: atoms of each element in the reduced formula.
        settings: how many there are, and which volumes.
        is_over: whether the time is over; the groups that are left are passed over then.
    """
    found: list[Arrangement] = []
    for where in groups:
        if found and is_over():
            break
        lines = where.lines
        for units, likely in log_units(lines.volume_A3, len(where.group.centrings), formula).items():
            counts = tuple(units * count for count in formula.values())
            if sum(counts) > settings.most_atoms * len(where.group.centrings):
                continue
            for placements, usual in in_group(where.group.number, counts, settings):
                total = where.log_odds + likely + usual
                found.append(Arrangement(where, tuple(formula), placements, units, total))
    return nlargest(settings.most, found, key=lambda one: one.log_odds)


@cache
def in_group(
    number: int, counts: tuple[int, ...], settings: ArrangementSettings
) -> tuple[tuple[tuple[Placement, ...], float], ...]:
    """The likeliest ways to place some numbers of atoms in a group, each with the logarithm of its share.

    Ways that a shift of the origin turns into one another stand once.
    """
    group = space_group_positions(number)
    each = [placements_of(group, count, settings) for count in counts]
    if not all(each):
        return ()
    ways: dict[tuple[Placement, ...], float] = {}
    for placements in _joined(each, group, settings):
        ways[canonical(placements, equivalent_placements(number))] = log_share(placements, group, settings)
    return tuple(nlargest(settings.most_of_group, ways.items(), key=lambda item: item[1]))


def placements_of(group: SpaceGroupPositions, count: int, settings: ArrangementSettings) -> list[Placement]:
    """The likeliest ways to place the atoms of one element, position after position."""
    # by how many atoms are left: the likeliest beginnings
    begun: dict[int, list[tuple[float, Placement]]] = {count: [(0.0, ())]}
    for place, position in enumerate(group.positions):
        log_mean = log(position.use + settings.spare_use)
        longer: dict[int, list[tuple[float, Placement]]] = {}
        for left, ways in begun.items():
            most = min(left // position.multiplicity, 1 if position.free == 0 else settings.most_orbits)
            for times in range(most + 1):
                worth = times * log_mean - lgamma(times + 1)
                longer.setdefault(left - times * position.multiplicity, []).extend(
                    (so_far + worth, taken + (place,) * times)
                    for so_far, taken in ways
                    if len(taken) + times <= settings.most_orbits
                )
        begun = {left: nlargest(settings.most_of_element, ways) for left, ways in longer.items()}
    return [taken for _, taken in begun.get(0, ())]


def _joined(
    each: Sequence[Sequence[Placement]], group: SpaceGroupPositions, settings: ArrangementSettings
) -> Iterator[tuple[Placement, ...]]:
    """All elements together, no fixed position taken twice, the likeliest of each step only."""
    # positions without freedom as bits, so that taking one twice is seen at once
    bit = [0 if position.free else 1 << place for place, position in enumerate(group.positions)]
    so_far: list[tuple[float, tuple[Placement, ...], int]] = [(0.0, (), 0)]
    for options in each:
        worth = [(log_share((one,), group, settings), one, sum({bit[place] for place in one})) for one in options]
        longer = [
            (before + more, (*taken, one), full | own)
            for before, taken, full in so_far
            for more, one, own in worth
            if not full & own
        ]
        so_far = nlargest(2 * settings.most_of_group, longer, key=itemgetter(0))
    yield from (taken for _, taken, _ in so_far)


def log_share(placements: tuple[Placement, ...], group: SpaceGroupPositions, settings: ArrangementSettings) -> float:
    """Natural logarithm of how usual the occupied positions are: orbits on each are counted as by Poisson."""
    total = -sum(position.use + settings.spare_use for position in group.positions)
    for place, times in Counter(place for placement in placements for place in placement).items():
        total += times * log(group.positions[place].use + settings.spare_use) - lgamma(times + 1)
    return total


def canonical(placements: tuple[Placement, ...], shifts: Sequence[tuple[int, ...]]) -> tuple[Placement, ...]:
    """One of all ways that shifts of the origin turn into each other."""
    return min(
        tuple(tuple(sorted(shift[place] for place in placement)) for placement in placements) for shift in shifts
    )
