"""Crystals from CIF text, through gemmi's parser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.expand import fill_cell, parse_operations
from xsearch.chemistry.formula import parse_formula
from xsearch.chemistry.labels import read_label
from xsearch.errors import CrystalError

if TYPE_CHECKING:
    import gemmi

CELL = tuple(
    f"_cell_{part}" for part in ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
)
"""Names of the core CIF dictionary. Below, for each item its names in order of preference, older dictionaries' too."""

OPERATIONS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz", "_space_group_symop.operation_xyz")
HERMANN_MAUGUIN = ("_symmetry_space_group_name_H-M", "_space_group_name_H-M_alt", "_space_group_name_H-M_ref")
HALL = ("_space_group_name_Hall", "_symmetry_space_group_name_Hall")
NUMBERS = ("_space_group_IT_number", "_symmetry_Int_Tables_number")
NAMES = ("_chemical_name_mineral", "_chemical_name_common", "_chemical_name_systematic")
FORMULAS = ("_chemical_formula_sum", "_chemical_formula_structural", "_chemical_formula_moiety")


@dataclass(frozen=True, slots=True)
class CifCrystal:
    """A crystal as a CIF data block gives it.

    Attributes:
        block: the block's name.
        crystal: the whole cell.
        hydrogen_without_position: hydrogen atoms in the cell that are named (`OH`, `Wat`) but not placed.
        name: mineral or common name.
        formula: as stated.
        space_group: number as stated or meant by the stated symbol; the atoms may have a higher symmetry.
        reference: authors, journal and year in one line, where stated.
        temperature_K, pressure_GPa: of the measurement, where stated.
        notes: what was assumed, one line each.
    """

    block: str
    crystal: Crystal
    hydrogen_without_position: float = 0.0
    name: str | None = None
    formula: str | None = None
    space_group: int | None = None
    reference: str | None = None
    temperature_K: float | None = None
    pressure_GPa: float | None = None
    notes: tuple[str, ...] = ()


def read_cif(text: str, source: str = "CIF") -> list[CifCrystal]:
    """Every crystal in the text of a CIF file; blocks without atoms are passed over.

    Args:
        text: of the file.
        source: its name, for messages.

    Raises:
        CrystalError: where the text is no CIF, holds no atoms, or a block makes no crystal.
    """
    try:
        document = _parse(text)
    except (ValueError, RuntimeError) as error:
        raise CrystalError(f"{source}: not a CIF file that can be read ({_one_line(error)}).") from None
    blocks = [
        block for block in document if block.find_loop("_atom_site_fract_x") or block.find_value("_atom_site_fract_x")
    ]
    if not blocks:
        raise CrystalError(f"{source}: no atoms found (_atom_site_fract_x); a CIF of a crystal structure is expected.")
    found = []
    for block in blocks:
        try:
            found.append(_read_block(block))
        except CrystalError as error:
            where = source if len(blocks) == 1 else f"{source}, block {block.name}"
            raise CrystalError(f"{where}: {error}") from None
    return found


def split_blocks(text: str) -> list[str]:
    """The data blocks of a CIF that hold atoms, each as a CIF of its own; text that cannot be read comes back whole."""
    if len(re.findall(r"(?mi)^data_", text)) < 2:
        return [text]
    try:
        document = _parse(text)
    except (ValueError, RuntimeError):
        return [text]
    blocks = [block.as_string() for block in document if block.find_values("_atom_site_fract_x")]
    return blocks or [text]


def _parse(text: str) -> gemmi.cif.Document:
    """gemmi's document; letters beyond ASCII outside quotes, which the CIF standard does not allow, become `?`."""
    import gemmi

    text = text.removeprefix("\ufeff")
    try:
        return gemmi.cif.read_string(text)
    except ValueError:
        if text.isascii():
            raise
    return gemmi.cif.read_string(text.encode("ascii", "replace").decode("ascii"))


def _read_block(block: gemmi.cif.Block) -> CifCrystal:
    notes: list[str] = []
    cell = [_number(block.find_value(tag)) for tag in CELL]
    if any(value is None for value in cell):
        missing = ", ".join(tag for tag, value in zip(CELL, cell, strict=True) if value is None)
        raise CrystalError(f"The unit cell is not complete: {missing} missing.")
    lattice = lattice_from_parameters(*[float(value) for value in cell if value is not None])
    formula = _text(block, *FORMULAS)
    sites = _sites(block, _elements_of(formula), notes)
    operations, space_group = _symmetry(block, notes)
    rotations, translations = parse_operations(operations)
    crystal, origin = fill_cell(
        lattice,
        np.array([site.position for site in sites]),
        [site.element for site in sites],
        np.array([site.occupancy for site in sites]),
        rotations,
        translations,
    )
    hydrogen = float(sum(sites[i].hydrogens * sites[i].occupancy for i in origin))
    if hydrogen:
        notes.append("hydrogen atoms are named but have no position")
    pressure_kPa = _first_number(block, "_diffrn_ambient_pressure", "_cell_measurement_pressure")
    return CifCrystal(
        block=block.name,
        crystal=crystal,
        hydrogen_without_position=hydrogen,
        name=_text(block, *NAMES),
        formula=formula,
        space_group=space_group,
        reference=_reference(block),
        temperature_K=_first_number(block, "_diffrn_ambient_temperature", "_cell_measurement_temperature"),
        pressure_GPa=pressure_kPa / 1e6 if pressure_kPa is not None else None,
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class _Site:
    element: str
    hydrogens: int
    position: tuple[float, float, float]
    occupancy: float


def _sites(block: gemmi.cif.Block, expected: frozenset[str], notes: list[str]) -> list[_Site]:
    tags = ["fract_x", "fract_y", "fract_z", "?type_symbol", "?label", "?occupancy", "?calc_flag", "?disorder_group"]
    table = block.find("_atom_site_", tags)
    if len(table) == 0:
        raise CrystalError("The loop of atoms is incomplete: _atom_site_fract_x, _y and _z are needed.")
    sites: list[_Site] = []
    unplaced: list[str] = []
    for row in table:
        symbol = _plain(row[3]) if row.has(3) else None
        label = _plain(row[4]) if row.has(4) else None
        position = [_number(row[axis]) for axis in range(3)]
        if symbol is None and label is None:
            raise CrystalError("An atom has neither a label nor a type symbol.")
        if any(value is None for value in position):
            unplaced.append(label or symbol or "?")
            continue
        if row.has(6) and _plain(row[6]) == "dum":
            continue
        atom = read_label(symbol or label or "", expected)
        occupancy = _number(row[5]) if row.has(5) else 1.0
        occupancy = 1.0 if occupancy is None else occupancy
        if occupancy <= 0:
            continue
        if occupancy > 1.0:
            if occupancy > 1.1:
                raise CrystalError(f"The occupancy {occupancy:g} of {label or symbol} is above 1.")
            occupancy = 1.0
        x, y, z = (float(value) for value in position if value is not None)
        sites.append(_Site(atom.element, atom.hydrogens, (x, y, z), occupancy))
    if unplaced:
        notes.append(f"atoms without a position left out: {', '.join(sorted(set(unplaced)))}")
    if not sites:
        raise CrystalError("No atom has a position.")
    return sites


def _symmetry(block: gemmi.cif.Block, notes: list[str]) -> tuple[list[str], int | None]:
    """The operations, from the list if there is one, else by the group's symbol or number, else the identity."""
    import gemmi

    stated = _first_number(block, *NUMBERS)
    number = int(stated) if stated and 1 <= stated <= 230 else None
    group = None
    if hall := _text(block, *HALL):
        operations = _hall_operations(hall)
        group = gemmi.find_spacegroup_by_ops(operations) if operations else None
    if group is None and (symbol := _text(block, *HERMANN_MAUGUIN)):
        gamma, alpha = (_number(block.find_value(f"_cell_angle_{angle}")) or 0.0 for angle in ("gamma", "alpha"))
        group = gemmi.find_spacegroup_by_name(symbol.replace("_", ""), alpha, gamma)
    if number is None and group is not None:
        number = group.number
    for tag in OPERATIONS:
        listed = [_plain(value) for value in block.find_values(tag)]
        operations_given = [value for value in listed if value]
        if operations_given:
            return operations_given, number
    if group is None and number is not None:
        group = gemmi.find_spacegroup_by_number(number)
        notes.append(f"only the space group's number was given: its standard setting assumed ({group.hm})")
    if group is None:
        notes.append("no symmetry stated: P1 assumed")
        return ["x,y,z"], number
    return [operation.triplet() for operation in group.operations()], number


def _hall_operations(hall: str) -> gemmi.GroupOps | None:
    import gemmi

    try:
        return gemmi.symops_from_hall(hall)
    except (ValueError, RuntimeError):
        return None


def _reference(block: gemmi.cif.Block) -> str | None:
    authors = [name for tag in ("_publ_author_name", "_citation_author_name") for name in block.find_values(tag)]
    names = list(dict.fromkeys(name for value in authors if (name := _plain(value))))
    journal = _text(block, "_journal_name_full", "_citation_journal_full", "_citation_journal_abbrev")
    year = _text(block, "_journal_year", "_citation_year")
    who = ", ".join(names[:3]) + (" et al." if len(names) > 3 else "")
    parts = [who, journal, year]
    return ", ".join(part for part in parts if part) or None


def _elements_of(formula: str | None) -> frozenset[str]:
    try:
        return frozenset(parse_formula(formula)) if formula else frozenset()
    except CrystalError:
        return frozenset()


def _text(block: gemmi.cif.Block, *tags: str) -> str | None:
    for tag in tags:
        if (value := block.find_value(tag)) and (text := _plain(value)):
            return text
    return None


def _plain(value: str | None) -> str | None:
    """A value without its quotes, in one line; None for unknown."""
    import gemmi

    if value is None or gemmi.cif.is_null(value):
        return None
    return " ".join(gemmi.cif.as_string(value).split()) or None


def _number(value: str | None) -> float | None:
    """A number without its standard uncertainty; None for unknown."""
    import gemmi

    if value is None or gemmi.cif.is_null(value):
        return None
    number = gemmi.cif.as_number(value)
    return None if np.isnan(number) else float(number)


def _first_number(block: gemmi.cif.Block, *tags: str) -> float | None:
    return next((number for tag in tags if (number := _number(block.find_value(tag))) is not None), None)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:160]
