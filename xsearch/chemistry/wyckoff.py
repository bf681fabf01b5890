"""Wyckoff positions of the space groups, and how often crystals of the Materials Project occupy them.

The letters and coordinates are those of moyo's standard setting, which the crystals of `symmetry.find_symmetry` are
in. Positions that none of the counted crystals occupies are not listed; the general one always is.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.paths import WEIGHTS_FOLDER

Array = NDArray[np.float64]

TABLE = WEIGHTS_FOLDER / "wyckoff_positions.csv"
"""Counted in the Materials Project by `python -m xsearch.training.wyckoff_use`."""

AXES = "xyz"

SHIFTS = (0.0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4)
"""Along an axis, of origins that turn a space group into itself."""

STEPS = np.array(list(product((-1, 0, 1, 2), repeat=3)), np.float64)
"""Lattice vectors by which coordinates of one point are compared."""

SAME = 1e-4
"""Coordinates that differ by less are one."""


@dataclass(frozen=True, slots=True, eq=False)
class WyckoffPosition:
    """A Wyckoff position.

    Attributes:
        letter: of the International Tables.
        multiplicity: atoms of one orbit in the conventional cell.
        origin: (3,) constant part of the first coordinates.
        directions: (3, d) what each free coordinate adds to them.
        use: orbits on it in a crystal of the space group, in the mean.
    """

    letter: str
    multiplicity: int
    origin: Array
    directions: Array
    use: float

    @property
    def free(self) -> int:
        """How many coordinates are free."""
        return self.directions.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class SpaceGroupPositions:
    """A space group with its positions.

    Attributes:
        number: 1 to 230.
        rotations: (n, 3, 3) int64, translations: (n, 3), of all operations of the conventional cell, x' = R x + t.
        centrings: (m, 3) translations of the lattice within that cell, zero first.
        positions: those that crystals occupy, the letter a first.
        entries: how many crystals were counted.
    """

    number: int
    rotations: NDArray[np.int64]
    translations: Array
    centrings: Array
    positions: tuple[WyckoffPosition, ...]
    entries: int

    def images(self, position: WyckoffPosition) -> tuple[NDArray[np.int64], Array]:
        """Operations that give the atoms of an orbit, each once, those of one lattice point only.

        Returns:
            (k, 3, 3) rotations and (k, 3) translations; k times the number of centrings is the multiplicity.
        """
        point = position.origin + position.directions @ GENERIC[: position.free]
        images = self.rotations @ point + self.translations
        kept: list[int] = []
        for k, image in enumerate(images):
            away = image - images[kept][:, None] + self.centrings
            if not (np.abs(away - np.round(away)).max(axis=2) < SAME).any():
                kept.append(k)
        return self.rotations[kept], self.translations[kept]

    def place_of(self, point: Array) -> int | None:
        """The place in `positions` of the position that a point is on; None where it is on none of them."""
        orbit = self._orbit(point)
        for place, position in enumerate(self.positions):
            if position.multiplicity == len(orbit) and _is_on(position, orbit):
                return place
        return None

    def _orbit(self, point: Array) -> Array:
        images = (self.rotations @ point + self.translations) % 1.0
        _, first = np.unique(np.round(images / SAME).astype(np.int64) % round(1 / SAME), axis=0, return_index=True)
        return np.asarray(images[first])


GENERIC = np.array([0.13741, 0.29173, 0.41357])
"""Coordinates of no symmetry."""


def _is_on(position: WyckoffPosition, points: Array) -> bool:
    """Whether one of (n, 3) points has the first coordinates of a position, up to lattice vectors."""
    inside = position.directions @ np.linalg.pinv(position.directions)
    away = points[:, None] - position.origin + STEPS
    return bool((np.abs(away - away @ inside.T).max(axis=2) < SAME).any())


@cache
def space_group_positions(number: int) -> SpaceGroupPositions:
    """A space group in moyo's standard setting."""
    import moyopy

    found = moyopy.operations_from_number(number, setting=moyopy.Setting.standard())
    rotations = np.array(found.rotations, np.int64)
    translations = np.array(found.translations, np.float64)
    identity = (rotations == np.eye(3, dtype=np.int64)).all(axis=(1, 2))
    centrings = translations[identity] % 1.0
    centrings = centrings[np.argsort(centrings.sum(axis=1), kind="stable")]
    entries, positions = _table().get(number, (0, ()))
    if not positions or positions[-1].multiplicity != len(rotations):
        general = WyckoffPosition("x", len(rotations), np.zeros(3), np.eye(3), 0.0)
        positions = (*positions, general)
    return SpaceGroupPositions(number, rotations, translations, centrings, positions, entries)


@cache
def equivalent_placements(number: int) -> tuple[tuple[int, ...], ...]:
    """What shifts of the origin that leave a space group as it is make of its positions.

    Returns:
        For each such shift, the place in `positions` that each position goes to; each once, the identity among them.
    """
    group = space_group_positions(number)
    found: set[tuple[int, ...]] = set()
    for shift in product(SHIFTS, repeat=3):
        moved = np.array(shift) - group.rotations @ np.array(shift)
        differences = moved[:, None] - group.centrings[None]
        if (np.abs(differences - np.round(differences)).max(axis=2).min(axis=1) > SAME).any():
            continue
        places = []
        for position in group.positions:
            point = position.origin + position.directions @ GENERIC[: position.free] + np.array(shift)
            places.append(group.place_of(point))
        if None not in places and len(set(places)) == len(places):
            found.add(tuple(place for place in places if place is not None))
    return tuple(sorted(found))


@cache
def _table() -> dict[int, tuple[int, tuple[WyckoffPosition, ...]]]:
    groups: dict[int, tuple[int, list[WyckoffPosition]]] = {}
    with TABLE.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            number, entries = int(row["space_group"]), int(row["entries"])
            origin, directions = parse_coordinates(row["coordinates"])
            position = WyckoffPosition(
                row["letter"], int(row["multiplicity"]), origin, directions, int(row["orbits"]) / entries
            )
            groups.setdefault(number, (entries, []))[1].append(position)
    return {number: (entries, tuple(positions)) for number, (entries, positions) in groups.items()}


def parse_coordinates(text: str) -> tuple[Array, Array]:
    """First coordinates of a position such as `x,2x,1/4`.

    Returns:
        (3,) their constant part, and (3, d) what each free coordinate adds.
    """
    origin, slopes = np.zeros(3), np.zeros((3, 3))
    for axis, part in enumerate(text.split(",")):
        for sign, factor, name in re.findall(r"([+-]?)(\d*(?:/\d+)?)([xyz]?)", part.replace(" ", "")):
            if not factor and not name:
                continue
            value = (-1 if sign == "-" else 1) * float(Fraction(factor or "1"))
            if name:
                slopes[axis, AXES.index(name)] += value
            else:
                origin[axis] += value
    used = np.flatnonzero(np.abs(slopes).sum(axis=0))
    return origin, slopes[:, used]


def write_wyckoff_table(rows: list[tuple[int, str, int, str, int, int]], path: Path = TABLE) -> None:
    """Write (space group, letter, multiplicity, coordinates, orbits, entries), one row a position."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["space_group", "letter", "multiplicity", "coordinates", "orbits", "entries"])
        writer.writerows(rows)
