"""Entries and crystals as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from xsearch.chemistry import Crystal, Material
from xsearch.chemistry.crystal import cell_parameters
from xsearch.chemistry.reference import Reference
from xsearch.chemistry.space_groups import space_group_symbol
from xsearch.report.provenance import attribution

CELL_KEYS = ("a_A", "b_A", "c_A", "alpha_deg", "beta_deg", "gamma_deg")


def cell_record(cell: Iterable[float]) -> dict[str, float]:
    """The six parameters of a cell by name."""
    return dict(zip(CELL_KEYS, (float(one) for one in cell), strict=True))


def material_record(material: Material | Reference) -> dict[str, Any]:
    """An entry as plain values, with its provenance; of a measured reference, what is known."""
    if isinstance(material, Reference):
        return {**asdict(material), "attribution": attribution(material), "crystal": None}
    number = material.space_group
    return {
        "material_id": material.material_id,
        "source": material.source,
        "licence": material.licence,
        "attribution": attribution(material),
        "reference": material.reference,
        "name": material.name,
        "formula": material.formula,
        "reduced_formula": material.reduced_formula,
        "anonymous_formula": material.anonymous_formula,
        "elements": list(material.elements),
        "space_group": number,
        "space_group_symbol": space_group_symbol(number) if number else None,
        "crystal_system": material.crystal_system,
        "template": material.template,
        "symprec_A": material.symprec_A,
        "is_measured": material.is_measured,
        "functional": material.functional,
        "temperature_K": material.temperature_K,
        "pressure_GPa": material.pressure_GPa,
        "cell_of": material.cell_of,
        "is_theoretical": material.is_theoretical,
        "energy_above_hull_eV": material.energy_above_hull_eV,
        "duplicate_of": material.duplicate_of,
        "properties": material.properties,
        "crystal": crystal_record(material.crystal),
    }


def crystal_record(crystal: Crystal) -> dict[str, Any]:
    """A crystal as plain values."""
    return {
        "cell": cell_record(cell_parameters(crystal.lattice_A)),
        "lattice_A": crystal.lattice_A.tolist(),
        "elements": list(crystal.elements),
        "frac_coords": crystal.frac_coords.tolist(),
        "occupancies": crystal.occupancies.tolist(),
    }
