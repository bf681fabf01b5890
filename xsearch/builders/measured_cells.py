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
from xsearch.builders.settings import MEASURED_CELLS, MeasuredCellSettings
from xsearch.chemistry.material import Material
from xsearch.chemistry.symmetry import Symmetry, find_symmetry
from xsearch.chemistry.template import template_key
from xsearch.indexes.chunk import Entry

Key = tuple[str, int, str]


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredCells:
    """Measured crystals near ambient conditions, by phase.

    Attributes:
        by_phase: entries by reduced formula, space group and Wyckoff sites, each list by id.
        citation: of the database that they come from.
        settings: what links them to computed entries.
    """

    by_phase: dict[Key, tuple[Entry, ...]]
    citation: str = CITATION
    settings: MeasuredCellSettings = MEASURED_CELLS

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
        """Rows for the measured cells of a computed material: a few at most, no two of the same cell.

        Only a material that is known to be computed, and does not repeat another entry, gets any.

        Args:
            material: with its symmetry worked out.
            symmetry: of its crystal.
        """
        if material.is_measured is not False or material.duplicate_of or not (key := phase_key(material, symmetry)):
            return []
        alike = [e for e in self.by_phase.get(key, ()) if _is_alike(e, material, symmetry, self.settings)]
        return [
            replace(
                entry,
                material=replace(
                    entry.material,
                    material_id=f"{entry.material.material_id}@{material.material_id}",
                    cell_of=material.material_id,
                ),
            )
            for entry in representative_cells(alike, self.settings)
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


def is_near_ambient(material: Material, settings: MeasuredCellSettings = MEASURED_CELLS) -> bool:
    """Whether nothing says that the crystal was hot, cold or under pressure when it was measured."""
    temperature, pressure = material.temperature_K, material.pressure_GPa
    low, high = settings.temperatures_K
    return (temperature is None or low <= temperature <= high) and (pressure or 0.0) <= settings.highest_pressure_GPa


def volume_ratio(a: Material, b: Material) -> float:
    """Volume of one crystal over that of another, per atom that is not hydrogen."""
    return _volume_per_atom(a) / _volume_per_atom(b)


def representative_cells(entries: Sequence[Entry], settings: MeasuredCellSettings = MEASURED_CELLS) -> list[Entry]:
    """The entries closest to the median volume, leaving out cells that repeat one already taken."""
    if not entries:
        return []
    volumes = {e.material.material_id: _volume_per_atom(e.material) for e in entries}
    middle = float(np.median(list(volumes.values())))
    ranked = sorted(entries, key=lambda e: (abs(math.log(volumes[e.material.material_id] / middle)), _by_id(e)))
    chosen: list[Entry] = []
    for entry in ranked:
        if len(chosen) < settings.most_per_entry and not any(_same_cell(entry, other, settings) for other in chosen):
            chosen.append(entry)
    return chosen


def _volume_per_atom(material: Material) -> float:
    heavy = sum(n for element, n in material.crystal.composition.items() if element != "H")
    return material.crystal.volume_A3 / (heavy or sum(material.crystal.composition.values()))


def _is_alike(entry: Entry, material: Material, symmetry: Symmetry, settings: MeasuredCellSettings) -> bool:
    return (
        abs(volume_ratio(entry.material, material) - 1) <= settings.volume_within
        and entry.reflections is not None
        and _agree(entry.reflections.cell, symmetry.cell, settings.length_within, settings.angle_within_deg)
    )


def _same_cell(a: Entry, b: Entry, settings: MeasuredCellSettings) -> bool:
    if a.reflections is None or b.reflections is None:
        return False
    return _agree(a.reflections.cell, b.reflections.cell, settings.same_length, settings.same_angle_deg)


def _agree(one: NDArray[np.float64], other: NDArray[np.float64], length: float, angle_deg: float) -> bool:
    """Whether two cells agree in each edge, as a share, and in each angle."""
    edges, angles = np.abs(one[:3] / other[:3] - 1), np.abs(one[3:] - other[3:])
    return bool((edges <= length).all() and (angles <= angle_deg).all())


def _by_id(entry: Entry) -> str:
    return entry.material.material_id
