"""From a crystal and what is said of it to a complete material."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.expected_strain import expected_strain
from xsearch.chemistry.formula import anonymous_formula, formula_unit, parse_formula, reduced_formula
from xsearch.chemistry.material import Material
from xsearch.chemistry.symmetry import SYMPREC_A, Symmetry, find_symmetry
from xsearch.chemistry.template import template_key
from xsearch.errors import CrystalError

UNPLACED_HYDROGEN = "hydrogen_without_position"
"""Property that counts the hydrogen atoms of the cell that are known to be there and have no site."""

STATED_SPACE_GROUP = "stated_space_group"
"""Property with the space group number that the source states; kept only where the symmetry search finds another."""


def reduced_or_empty(formula: str) -> str:
    """The reduced formula of a text; empty where the text is no formula."""
    try:
        return reduced_formula(parse_formula(formula))
    except CrystalError:
        return ""


def draft(
    material_id: str,
    crystal: Crystal,
    *,
    source: str,
    licence: str,
    formula: str | None = None,
    hydrogen_without_position: float = 0.0,
    properties: dict[str, float | bool | str | None] | None = None,
    **known: Any,
) -> Material:
    """A material with its formulas worked out and its symmetry still open.

    Args:
        material_id: its id.
        crystal: its cell.
        source: where it comes from.
        licence: of the data.
        formula: as the source writes it; the reduced formula where it writes none.
        hydrogen_without_position: hydrogen atoms of the cell that belong to the formula but have no site.
        properties: further numbers.
        known: any other fields of `Material`.
    """
    unit = formula_unit(crystal, hydrogen_without_position)
    reduced = reduced_formula(unit)
    extra = dict(properties or {})
    if hydrogen_without_position:
        extra[UNPLACED_HYDROGEN] = round(hydrogen_without_position, 3)
    return Material(
        material_id=material_id,
        source=source,
        licence=licence,
        crystal=crystal,
        formula=formula or reduced,
        reduced_formula=reduced,
        anonymous_formula=anonymous_formula(unit),
        elements=tuple(sorted(unit)),
        properties=extra,
        **known,
    )


def complete(material: Material, symprec_A: float = SYMPREC_A) -> tuple[Material, Symmetry]:
    """The same material with space group, crystal system and template, and the symmetry they come from.

    Raises:
        CrystalError: where no symmetry can be found.
    """
    symmetry = find_symmetry(material.crystal, symprec_A)
    stated = material.properties.get(STATED_SPACE_GROUP)
    properties = {k: v for k, v in material.properties.items() if k != STATED_SPACE_GROUP or stated != symmetry.number}
    described = replace(
        material,
        space_group=symmetry.number,
        crystal_system=symmetry.crystal_system,
        template=template_key(material.crystal, symmetry),
        symprec_A=symmetry.symprec_A,
        properties=properties,
        expected_strain=expected_strain(material) if material.is_measured is False else None,
    )
    return described, symmetry
