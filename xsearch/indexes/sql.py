"""Every SQL statement on an index.

The catalog is Arrow files that DuckDB queries in place, memory-mapped: its own database files differ in padding
bytes from one build to the next, and an index must be the same bit for bit from the same input.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from xsearch.elements import SYMBOLS, element_masks
from xsearch.options import Constraints

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA = """
create view materials as
    select row_id,                                          -- row of the vectors, reflections and columns
           material_id, source, licence, name, reference,
           formula, reduced_formula, anonymous_formula, elements,
           elements_low, elements_high,                     -- bit masks: H to Gd, Tb and beyond
           space_group, crystal_system, template, symprec_A,
           is_measured, functional, temperature_K, pressure_GPa,
           cell_of,                                         -- the material whose measured cell this row is
           duplicate_of,                                    -- another entry that is the same phase
           is_theoretical, energy_above_hull_eV, expected_strain,
           properties,                                      -- JSON: properties->>'$.band_gap_eV'
           lattice_A, frac_coords, atomic_numbers, occupancies
    from catalog;
create view spectra as
    select spectrum_id,
           row_id, material_id,                             -- null for a reference without an entry
           reduced_formula, elements, absorber, edge,
           spectrum_type,                                   -- XANES, EXAFS or XAFS
           level, site_index,                               -- a material's mean, or one site
           kind,                                            -- simulated, measured or predicted
           code, source, licence, reference, last_updated,
           energy_eV, mu,                                   -- as they came
           window_note                                      -- why its near edge is not searched; null where it is
    from stored_spectra;
create view failures as
    select item_id, reason from failed;
"""

SELECT_ROWS = """
select row_id from catalog
where (elements_low & ?::ubigint) = 0 and (elements_high & ?::ubigint) = 0
  and (elements_low & ?::ubigint) = ?::ubigint and (elements_high & ?::ubigint) = ?::ubigint
  and ((elements_low & ?::ubigint) != 0 or (elements_high & ?::ubigint) != 0)
  and (? or cell_of is null)
"""

ROW_OF_ID = "select row_id from catalog where material_id = ?"

ROWS_OF_FORMULA = "select row_id from catalog where reduced_formula = ?"

FORMULAS_OF_ROWS = "select row_id, reduced_formula from catalog where list_contains(?::bigint[], row_id)"

STATED_CONDITIONS = (
    "select row_id, pressure_GPa, temperature_K from materials "
    "where pressure_GPa is not null or temperature_K is not null"
)

ROWS_OF_FORMULAS = "select row_id from materials where list_contains(?, reduced_formula)"

ENTRIES_OF_FORMULAS = (
    "select reduced_formula, row_id from materials where cell_of is null and list_contains(?, reduced_formula)"
)
"""Linked measured cells are left out."""

FORMULA_OF_ROWS = "select row_id, reduced_formula from catalog"

NAMED_PHASES = """
select reduced_formula, lower(name), space_group from materials
where name is not null and space_group is not null and list_contains(?, reduced_formula)
"""

ROWS_OF_SOURCE = "select row_id from materials where source = ? order by row_id"

LAST_CHANGES = """
select material_id, properties->>'$.last_updated' from materials where source = ? order by row_id
"""

LICENCES_BESIDE = "select licence from materials where source = ? union select licence from spectra where source <> ?"
"""Of the entries of one source, and of the spectra of all sources but one."""

TEMPLATES = """
select row_id, material_id, reduced_formula, template, coalesce(space_group, 0) as space_group,
       len(atomic_numbers) as n_sites, energy_above_hull_eV
from materials where occupancies is null and cell_of is null and template is not null order by row_id
"""

COMPUTED_K_EDGES = """
select absorber, arg_min(energy_eV, code), arg_min(mu, code) from spectra
where material_id = ? and kind = 'simulated' and level = 'material' and edge = 'K'
group by absorber order by absorber
"""

WITHOUT_EDGE = """
select row_id from materials
where cell_of is null and list_contains(elements, ?)
  and row_id not in (select row_id from spectra where row_id is not null and absorber = ? and edge = ?
                     and spectrum_type = 'XANES' and kind <> 'predicted')
order by row_id
"""

WITHOUT_COMPUTED_EDGE = """
select row_id from materials
where cell_of is null and list_contains(elements, ?)
  and row_id not in (select row_id from spectra where row_id is not null and absorber = ? and edge = ?
                     and spectrum_type = 'XANES' and level = 'material' and kind = 'simulated')
order by is_theoretical is not false, coalesce(energy_above_hull_eV, 0.1), len(atomic_numbers), row_id
"""

SPECTRA_WITHOUT_COMPOUND = (
    "select spectrum_id from spectra where source = ? and reduced_formula = '' order by spectrum_id"
)
"""Of one source."""

PREDICTED_SPECTRA = "select row_id, absorber, edge, code from spectra where kind = 'predicted'"

SPECTRA_BY_EDGE = """
select absorber, edge, kind, case when kind = 'measured' then '' else code end as made_by,
       count(distinct coalesce(material_id, spectrum_id)) as n
from spectra where window_note is null
group by all order by all
"""

COUNTS = "select coalesce({column}, 'unknown') as value, count(*) as n from catalog group by 1 order by n desc, value"

PROPERTY_TYPES = """
select key, list(distinct json_type(properties, '$."' || key || '"'))
from (select properties, unnest(json_keys(properties)) as key from catalog) group by key order by key
"""
"""Which properties the entries have, and the JSON types of their values."""

ALL_BITS = 0xFFFF_FFFF_FFFF_FFFF
"""A mask of 64 elements."""


def flat_materials(types: Mapping[str, str]) -> str:
    """The statement that gives a catalog without its structures, its properties as columns of these types.

    A measured cell that is linked to an entry takes from it what it does not have itself.
    """
    inherited = ("space_group", "crystal_system", "template", "energy_above_hull_eV", "is_theoretical", "name")
    both = {name: f"coalesce(own.{name}, owner.{name}) as {name}" for name in inherited}
    columns = [
        *(f"own.{name}" for name in ("row_id", "material_id", "formula", "reduced_formula", "anonymous_formula")),
        both["name"], "own.elements", "len(own.elements)::int as n_elements",
        both["space_group"], both["crystal_system"], both["template"],
        "len(own.atomic_numbers)::int as n_sites", both["energy_above_hull_eV"], both["is_theoretical"],
        *(f"own.{name}" for name in ("is_measured", "temperature_K", "pressure_GPa", "functional", "expected_strain")),
        *(f"own.{name}" for name in ("cell_of", "duplicate_of", "source", "licence", "reference")),
    ]  # fmt: skip
    for name, kind in types.items():
        path = "'$.\"" + name.replace("'", "''") + "\"'"
        quoted = name.replace('"', '""')
        columns.append(f'coalesce(own.properties->>{path}, owner.properties->>{path})::{kind} as "{quoted}"')
    return (
        f"select {', '.join(columns)} from catalog own left join catalog owner on own.cell_of = owner.material_id "
        "order by own.row_id"
    )


def connect(catalog: pa.Table, failed: pa.Table, spectra: pa.Table) -> DuckDBPyConnection:
    """A database in memory with the views of `SCHEMA` over tables that stay where they are."""
    import duckdb

    # one thread: a scan takes 2 ms, and threads that wait for a busy core make ten of it
    connection = duckdb.connect(config={"threads": 1})
    connection.register("catalog", catalog)
    connection.register("failed", failed)
    connection.register("stored_spectra", spectra.drop_columns(["window", "k2_chi"]))  # DuckDB knows no halves
    connection.execute(SCHEMA)
    return connection


def select_parameters(constraints: Constraints, measured_cells: bool) -> list[int | bool]:
    """The parameters of `SELECT_ROWS`, two masks each: forbidden, required twice, and those of which one is enough."""
    forbidden_low, forbidden_high = element_masks(constraints.exclude)
    if constraints.allowed is not None:
        allowed_low, allowed_high = element_masks(constraints.allowed)
        forbidden_low |= ALL_BITS & ~allowed_low
        forbidden_high |= ALL_BITS & ~allowed_high
    required_low, required_high = element_masks(constraints.required)
    any_low, any_high = element_masks(constraints.any_of or SYMBOLS)
    required = [required_low, required_low, required_high, required_high]
    return [forbidden_low, forbidden_high, *required, any_low, any_high, measured_cells]
