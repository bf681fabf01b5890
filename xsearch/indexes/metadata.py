"""The metadata of an index as flat tables, one column a property: what users ask with SQL, read only.

A build writes them as Parquet files, which plain DuckDB opens. `xsearch index sql`, `--where`, `--system` and
`--space-group` see the same tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xsearch.errors import QueryError
from xsearch.indexes import sql
from xsearch.options import Constraints

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

MATERIALS, SPECTRA_METADATA, FAILED_ITEMS = "materials.parquet", "spectra.parquet", "failures.parquet"
"""Files of a version; the second is without the curves."""

NAMES_OF_MP = {
    "band_gap": "band_gap_eV",
    "e_above_hull": "energy_above_hull_eV",
    "energy_above_hull": "energy_above_hull_eV",
    "formation_energy_per_atom": "formation_energy_eV_atom",
    "efermi": "fermi_level_eV",
    "nsites": "n_sites",
    "nelements": "n_elements",
    "formula_pretty": "reduced_formula",
    "theoretical": "is_theoretical",
}
"""What the Materials Project calls a column; these names are understood too."""

ROW_GROUP = 65_536
"""Rows of a group of a Parquet file."""

_JSON_TYPES = {"BIGINT": "BIGINT", "UBIGINT": "BIGINT", "DOUBLE": "DOUBLE", "BOOLEAN": "BOOLEAN"}

_LOCKED: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "enable_external_access": "false",
    "python_enable_replacements": "false",
}
"""No file, no network, none of this process's variables."""


def flat_materials(catalog: pa.Table) -> pa.Table:
    """A catalog without its structures, each property a column; a linked measured cell has those of its entry."""
    import duckdb

    connection = duckdb.connect(config=_LOCKED)
    connection.register("catalog", catalog)
    found = connection.execute(sql.PROPERTY_TYPES).fetchall()
    taken = set(catalog.schema.names) | {"n_elements", "n_sites"}
    types = {name: _type_of(set(kinds) - {"NULL"}) for name, kinds in found if name not in taken}
    return connection.sql(sql.flat_materials(types)).to_arrow_table()


def _type_of(kinds: set[str]) -> str:
    found = {_JSON_TYPES.get(kind, "VARCHAR") for kind in kinds}
    if found == {"BIGINT", "DOUBLE"}:
        return "DOUBLE"
    return found.pop() if len(found) == 1 else "VARCHAR"


def write_metadata(folder: Path, catalog: pa.Table, spectra: pa.Table | None, failures: pa.Table) -> None:
    """Write the Parquet files of a version."""
    tables = {MATERIALS: flat_materials(catalog), FAILED_ITEMS: failures}
    if spectra is not None:
        tables[SPECTRA_METADATA] = _without_halves(spectra.drop_columns(["energy_eV", "mu"]))
    from pyarrow import parquet

    for name, table in tables.items():
        with (folder / name).open("wb") as file:
            parquet.write_table(table, file, compression="zstd", row_group_size=ROW_GROUP)


def read_materials(file: Any) -> pa.Table:
    """The flat table of a version from its file, opened or mapped."""
    from pyarrow import parquet

    return parquet.ParquetFile(file).read()  # `read_table` would load pandas, a third of a second


class Metadata:
    """The flat tables of an index.

    Args:
        name: of the index, for messages.
        materials: one row a row of the index, in their order.
        spectra: stored spectra.
        failures: items that did not become entries.
    """

    def __init__(self, name: str, materials: pa.Table, spectra: pa.Table, failures: pa.Table) -> None:
        self.name = name
        aliases = {alias: column for alias, column in NAMES_OF_MP.items() if column in materials.schema.names}
        arrays = [materials.column(column) for column in aliases.values()]
        self.columns = tuple(materials.schema.names)
        self._materials = pa.table(
            [*materials.columns, *arrays], names=[*self.columns, *(a for a in aliases if a not in self.columns)]
        )
        self._spectra, self._failures = _without_halves(spectra), failures

    def select(self, statement: str, most: int | None = None) -> pa.Table:
        """The answer to an SQL question about `materials`, `spectra` and `failures`.

        Args:
            statement: one `select`, `describe`, `show` or `explain`.
            most: rows that are wanted at most.

        Raises:
            QueryError: where it is no question, or DuckDB refuses it; the message lists the columns.
        """
        import duckdb

        connection = self._connect()
        try:
            statements = connection.extract_statements(statement)
            if [one.type for one in statements] not in ([duckdb.StatementType.SELECT], [duckdb.StatementType.EXPLAIN]):
                raise QueryError(
                    "An index is read only; one question is expected, such as: select formula from materials limit 5"
                )
            found = connection.sql(statement)
            return (found if most is None else found.limit(most)).to_arrow_table()
        except duckdb.Error as error:
            raise QueryError(f"{_reason(error)} {self._listed()}") from None

    def rows(self, constraints: Constraints) -> NDArray[np.int64]:
        """The rows, rising, that meet the conditions on symmetry and metadata; what is not known does not meet them.

        Raises:
            QueryError: where the condition cannot be understood; the message lists the columns.
        """
        chosen = self._connect().view("materials")
        if constraints.system is not None:
            chosen = chosen.filter(f"crystal_system = '{constraints.system}'")
        if constraints.space_group is not None:
            chosen = chosen.filter(f"space_group = {constraints.space_group:d}")
        return np.sort(self._row_ids(chosen, constraints.where))

    def unknown(self, condition: str) -> int:
        """Of how many rows it is not known whether they meet a condition, since a value is missing."""
        return len(self._row_ids(self._connect().view("materials"), f"({condition}\n) is null"))

    def _row_ids(self, rows: DuckDBPyRelation, condition: str | None) -> NDArray[np.int64]:
        import duckdb

        try:
            # DuckDB reads a condition as an expression: it can hold no second statement
            chosen = rows if condition is None else rows.filter(condition)
            return np.asarray(chosen.project("row_id").fetchnumpy()["row_id"], np.int64)
        except duckdb.Error as error:
            raise QueryError(
                f"The condition {condition!r} cannot be used: {_reason(error)} {self._listed(materials_only=True)}"
            ) from None

    def _connect(self) -> DuckDBPyConnection:
        """A database in memory of its own, so that nothing that a statement does outlives it."""
        import duckdb

        connection = duckdb.connect(config=_LOCKED)
        for name, table in (("materials", self._materials), ("spectra", self._spectra), ("failures", self._failures)):
            connection.register(name, table)
        connection.execute("set lock_configuration = true")
        return connection

    def _listed(self, *, materials_only: bool = False) -> str:
        known = f"Columns of {self.name!r}: {', '.join(self.columns)}"
        return known + ("." if materials_only else "; further tables: spectra, failures.")


def _without_halves(table: pa.Table) -> pa.Table:
    """A table less its columns in half precision, which DuckDB does not know."""
    return table.drop_columns([column.name for column in table.schema if "halffloat" in str(column.type)])


def _reason(error: Exception) -> str:
    """The first line of an error of DuckDB, without its kind."""
    line = str(error).splitlines()[0]
    return line.partition(": ")[2].rstrip("!. ") + "."
