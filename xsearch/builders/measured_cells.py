"""Measured cells of phases whose computed cell an index holds.

A computed lattice is off by a percent or so, and not by the same factor along each axis; a measured crystal of the same
phase has the right one. Both are searched side by side.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.builders.amcsd import CITATION
from xsearch.chemistry.material import Material
from xsearch.chemistry.symmetry import Symmetry, find_symmetry
from xsearch.chemistry.template import template_key
from xsearch.indexes.chunk import Entry

MOST_PER_ENTRY = 5
HIGHEST_PRESSURE_GPA = 1.0
TEMPERATURES_K = (200.0, 400.0)
VOLUME_WITHIN = 0.08
"""Largest difference of volume between a measured cell and the computed one, as a share of the latter."""

LENGTH_WITHIN = 0.12
ANGLE_WITHIN_DEG = 4.0
"""The same for each edge, since the softest axis of a layered crystal is the worst computed, and for each angle."""

SAME_LENGTH = 1e-3
SAME_ANGLE_DEG = 0.1
"""Cells that agree this well are one measurement twice: two literature values differ by 0.1 % an axis."""

Key = tuple[str, int, str]


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredCells:
    """Measured crystals near ambient conditions, by phase.

    Attributes:
        by_phase: entries by reduced formula, space group and Wyckoff sites, each list by id.
        citation: of the database that they come from.
    """

    by_phase: dict[Key, tuple[Entry, ...]]
    citation: str = CITATION

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> MeasuredCells:
        """Those of the entries that were measured near ambient conditions."""
        found: defaultdict[Key, list[Entry]] = defaultdict(list)
        for entry in entries:
            if entry.material.is_measured and is_near_ambient(entry.material) and (key := phase_key(entry.material)):
                found[key].append(entry)
        return cls({key: tuple(sorted(found[key], key=_by_id)) for key in sorted(found)})

    def __len__(self) -> int:
        return sum(len(entries) for entries in self.by_phase.values())

    def linked_to(self, material: Material, symmetry: Symmetry) -> list[Entry]:
        """Rows for the measured cells of a computed material: at most `MOST_PER_ENTRY`, no two nearly alike.

        Only a material that is known to be computed, and does not repeat another entry, gets any.

        Args:
            material: with its symmetry worked out.
            symmetry: of its crystal.
        """
        if material.is_measured is not False or material.duplicate_of or not (key := phase_key(material, symmetry)):
            return []
        alike = [e for e in self.by_phase.get(key, ()) if _is_alike(e, material, symmetry)]
        return [
            replace(
                entry,
                material=replace(
                    entry.material,
                    material_id=f"{entry.material.material_id}@{material.material_id}",
                    cell_of=material.material_id,
                ),
            )
            for entry in representative_cells(alike)
        ]


def phase_key(material: Material, symmetry: Symmetry | None = None) -> Key | None:
    """What two crystals of one phase share: reduced formula, space group and Wyckoff sites, hydrogen's left out.

    X-rays hardly see hydrogen, so it often has no site, or a poor one.

    Args:
        material: with its symmetry worked out.
        symmetry: of its crystal; searched again where it is needed and not given.
    """
    if material.space_group is None or material.template is None:
        return None
    template = material.template
    if "H" in material.crystal.elements and len(material.elements) > 1:
        symmetry = symmetry or find_symmetry(material.crystal, material.symprec_A)
        template = template_key(material.crystal, symmetry, without=frozenset("H"))
    return material.reduced_formula, material.space_group, template


def is_near_ambient(material: Material) -> bool:
    """Whether nothing says that the crystal was hot, cold or under pressure when it was measured."""
    temperature, pressure = material.temperature_K, material.pressure_GPa
    low, high = TEMPERATURES_K
    return (temperature is None or low <= temperature <= high) and (pressure or 0.0) <= HIGHEST_PRESSURE_GPA


def volume_ratio(a: Material, b: Material) -> float:
    """Volume of one crystal over that of another, per atom that is not hydrogen."""
    return _volume_per_atom(a) / _volume_per_atom(b)


def representative_cells(entries: Sequence[Entry]) -> list[Entry]:
    """The entries nearest to the median volume, leaving out cells that repeat one already taken."""
    if not entries:
        return []
    volumes = {e.material.material_id: _volume_per_atom(e.material) for e in entries}
    middle = float(np.median(list(volumes.values())))
    ranked = sorted(entries, key=lambda e: (abs(math.log(volumes[e.material.material_id] / middle)), _by_id(e)))
    chosen: list[Entry] = []
    for entry in ranked:
        if len(chosen) < MOST_PER_ENTRY and not any(_same_cell(entry, other) for other in chosen):
            chosen.append(entry)
    return chosen


def _volume_per_atom(material: Material) -> float:
    heavy = sum(n for element, n in material.crystal.composition.items() if element != "H")
    return material.crystal.volume_A3 / (heavy or sum(material.crystal.composition.values()))


def _is_alike(entry: Entry, material: Material, symmetry: Symmetry) -> bool:
    return (
        abs(volume_ratio(entry.material, material) - 1) <= VOLUME_WITHIN
        and entry.reflections is not None
        and _agree(entry.reflections.cell, symmetry.cell, LENGTH_WITHIN, ANGLE_WITHIN_DEG)
    )


def _same_cell(a: Entry, b: Entry) -> bool:
    if a.reflections is None or b.reflections is None:
        return False
    return _agree(a.reflections.cell, b.reflections.cell, SAME_LENGTH, SAME_ANGLE_DEG)


def _agree(one: NDArray[np.float64], other: NDArray[np.float64], length: float, angle_deg: float) -> bool:
    """Whether two cells agree in each edge, as a share, and in each angle."""
    edges, angles = np.abs(one[:3] / other[:3] - 1), np.abs(one[3:] - other[3:])
    return bool((edges <= length).all() and (angles <= angle_deg).all())


def _by_id(entry: Entry) -> str:
    return entry.material.material_id
