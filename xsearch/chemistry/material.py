"""One entry of an index: a crystal and what is known about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from xsearch.chemistry.crystal import Crystal


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """A crystal with its identity, symmetry and properties. Anything but the first block may be missing.

    Attributes:
        material_id: unique in an index, such as `mp-149` or `amcsd-1234`.
        source: where it comes from, such as `Materials Project 2025-02`.
        licence: of the data, such as `CC-BY-4.0`.
        crystal: the cell as the source gives it, usually primitive.
        formula: as the source writes it.
        reduced_formula: pymatgen's reduced formula.
        anonymous_formula: such as `AB2C4`.
        elements: symbols in alphabetical order.
        space_group: number at `symprec_A`, or None where none was found.
        crystal_system: of that space group.
        template: key of the prototype: anonymous formula, space group and Wyckoff letters.
        symprec_A: tolerance of the symmetry search in Å.
        is_measured: whether the cell was measured (None: unknown); computed cells name their `functional`.
        temperature_K, pressure_GPa: of a measured cell, where stated.
        cell_of: the material whose measured cell this is; such rows are searched beside that material.
        name: a mineral name or prototype label.
        reference: publication, in one line.
        is_theoretical: True if never reported from experiment.
        energy_above_hull_eV: per atom.
        expected_strain: mean linear strain that leads from a computed cell to a measured one, ln(measured / computed).
        duplicate_of: another entry that is the same phase.
        properties: further numbers by name, each with its unit in the name, such as `band_gap_eV`.
    """

    material_id: str
    source: str
    licence: str
    crystal: Crystal
    formula: str
    reduced_formula: str
    anonymous_formula: str
    elements: tuple[str, ...]

    space_group: int | None = None
    crystal_system: str | None = None
    template: str | None = None
    symprec_A: float = 0.1
    is_measured: bool | None = None
    functional: str | None = None
    temperature_K: float | None = None
    pressure_GPa: float | None = None
    cell_of: str | None = None
    name: str | None = None
    reference: str | None = None
    is_theoretical: bool | None = None
    energy_above_hull_eV: float | None = None
    expected_strain: float | None = None
    duplicate_of: str | None = None
    properties: dict[str, float | bool | str | None] = field(default_factory=dict)
