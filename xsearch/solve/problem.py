"""An arrangement as the compiled search takes it, and the crystal of its coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.shortest_distances import shortest_distances
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.simulate.form_factors import TABLE_STEP_INV_A, form_factor_table
from xsearch.solve.arrangements import Arrangement
from xsearch.solve.groups import GroupInCell, is_absent
from xsearch.solve.kernels import WAVES, anneal, place_orbit
from xsearch.solve.settings import SearchSettings

Array = NDArray[np.float64]

AROUND = np.array(list(product((0, -1, 1), repeat=3)), np.float64)
"""Cells in which neighbours are sought."""


@dataclass(frozen=True, eq=False)
class Frame:
    """What all arrangements of a space group in a cell share."""

    where: GroupInCell

    @cached_property
    def lattice_A(self) -> Array:
        """(3, 3) rows of the group's own setting."""
        return np.asarray(self.where.basis @ lattice_from_parameters(*self.where.lines.cell.tolist()))

    @cached_property
    def reflections(self) -> tuple[Array, Array, NDArray[np.int64]]:
        """hkl (n, 3) that symmetry does not relate, how many it relates to each (n,), and the line of each (n,)."""
        lines, group = self.where.lines, self.where.group
        laue = np.unique(np.concatenate([group.rotations, -group.rotations]), axis=0)
        hkl: list[NDArray[np.int64]] = []
        multiplicity, line_of = [], []
        for line, one in enumerate(lines.hkl):
            same = np.unique(np.concatenate([one @ lines.rotations, -(one @ lines.rotations)]), axis=0) @ (
                self.where.basis.T
            )
            left = {tuple(each) for each in same.tolist()}
            while left:
                first = np.array(max(left))
                orbit = {tuple(each) for each in (first @ laue).tolist()}
                left -= orbit
                hkl.append(first)
                multiplicity.append(float(len(orbit)))
                line_of.append(line)
        found = np.array(hkl)
        kept = ~is_absent(group, found)
        return found[kept].astype(np.float64), np.array(multiplicity)[kept], np.array(line_of)[kept]

    @cached_property
    def forms(self) -> dict[str, Array]:
        """Scattering of an atom at the s of each reflection, by element, as far as it was needed yet."""
        return {}

    def form(self, element: str) -> Array:
        """(n,) scattering of an atom of an element at each reflection."""
        if element not in self.forms:
            s = self.where.lines.s[self.reflections[2]]
            row = form_factor_table()[ATOMIC_NUMBERS[element] - 1]
            self.forms[element] = np.interp(s, np.arange(len(row)) * TABLE_STEP_INV_A, row)
        return self.forms[element]


@dataclass(frozen=True, eq=False)
class Problem:
    """An arrangement with everything that the search needs."""

    frame: Frame
    arrangement: Arrangement

    @cached_property
    def arguments(self) -> Mapping[str, Any]:
        """Those of `kernels.anneal` that do not change from run to run."""
        where, orbits = self.frame.where, self.arrangement.orbits
        group, lines = where.group, where.lines
        positions = [group.positions[place] for _, place in orbits]
        images = [group.images(position) for position in positions]
        most = max(len(rotations) for rotations, _ in images)
        rotations, translations = np.zeros((len(orbits), most, 3, 3)), np.zeros((len(orbits), most, 3))
        directions = np.zeros((len(orbits), 3, 3))
        for i, (turns, shifts) in enumerate(images):
            rotations[i, : len(turns)], translations[i, : len(shifts)] = turns, shifts
            directions[i, :, : positions[i].free] = positions[i].directions
        swaps = [
            (i, j)
            for i in range(len(orbits))
            for j in range(i)
            if orbits[i][1] == orbits[j][1] and orbits[i][0] != orbits[j][0] and positions[i].free
        ]
        numbers = [ATOMIC_NUMBERS[element] for element, _ in orbits]
        hkl, multiplicity, line_of = self.frame.reflections
        return {
            "origins": np.array([position.origin for position in positions]),
            "directions": directions,
            "free": np.array([position.free for position in positions]),
            "rotations": rotations,
            "translations": translations,
            "counts": np.array([len(turns) for turns, _ in images]),
            "multiplicities": np.array([position.multiplicity for position in positions]),
            "swaps": np.array(swaps, np.int64).reshape(-1, 2),
            "limits": np.ascontiguousarray(shortest_distances()[np.ix_(numbers, numbers)]),
            "hkl": hkl,
            "forms": np.array([self.frame.form(element) for element, _ in orbits]),
            "multiplicity": multiplicity,
            "line_of": line_of,
            "scale_of_line": lines.factor,
            "band": lines.band,
            "right": lines.right,
            "total": lines.total,
            "least": lines.least,
            "centrings": group.centrings,
            "lattice": self.frame.lattice_A,
            "steps": AROUND,
            "waves": WAVES,
        }

    def run(
        self, seed: int, moves: int, settings: SearchSettings, start: Array | None = None
    ) -> tuple[float, float, Array]:
        """Share left, crowding and coordinates (orbits, 3) of one run, from random or given coordinates."""
        orbits = len(self.arrangement.orbits)
        best = np.zeros((orbits, 3))
        first = np.zeros((orbits, 3)) if start is None else start
        left, crowd = anneal(
            np.random.default_rng(seed), moves, first, start is not None, settings.hot, settings.cold,
            settings.long_step_A, settings.short_step_A, settings.anywhere, settings.contact_weight,
            best=best, **self.arguments,
        )  # fmt: skip
        return float(left), float(crowd), best

    def crystal(self, at: Array) -> Crystal:
        """The conventional crystal of (orbits, 3) coordinates."""
        given = self.arguments
        coords: list[Array] = []
        elements: list[str] = []
        for i, (element, _) in enumerate(self.arrangement.orbits):
            atoms = np.zeros((int(given["counts"][i]), 3))
            place_orbit(
                given["origins"][i], given["directions"][i], given["free"][i], given["rotations"][i],
                given["translations"][i], len(atoms), at[i], atoms,
            )  # fmt: skip
            every = (atoms[:, None] + given["centrings"][None]).reshape(-1, 3) % 1.0
            coords.append(every)
            elements += [element] * len(every)
        return Crystal.ordered(self.frame.lattice_A, np.concatenate(coords), elements)
