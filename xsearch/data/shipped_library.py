"""The spectra that come with xsearch: measured references, and near edges and EXAFS of sites that FEFF10 computed.

`references.parquet`: measured spectra of the XAS Data Library (CC0), with beamline and sample. `sites.parquet`: a row a
symmetry-distinct site of a Materials Project structure, in edge steps. `exafs.parquet`: χ(k) of such sites, without
disorder. `structures.parquet`: the structures of these
materials, and those of the references' compounds (Materials Project, CC BY 4.0). Made by
`python -m xsearch.data.pack_library`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow.parquet as pq

from xsearch.chemistry.formula import parse_formula
from xsearch.data.xas_tables import Row, XasTables
from xsearch.paths import LIBRARY_FOLDER

REFERENCES, SITES, EXAFS, STRUCTURES = (
    LIBRARY_FOLDER / f"{name}.parquet" for name in ("references", "sites", "exafs", "structures")
)


@dataclass(frozen=True)
class ShippedLibrary:
    """The shipped spectra that belong into an index.

    Attributes:
        materials: ids of the index's entries; computed spectra of others are left out.
        elements: no reference holds others; None for all.
        edges: only these; all if none is given.
    """

    materials: Collection[str]
    elements: Collection[str] | None = None
    edges: Collection[str] = ()
    tables: XasTables = field(default_factory=lambda: XasTables((REFERENCES, SITES, EXAFS)), repr=False)

    @cached_property
    def spectra(self) -> dict[str, tuple[Row, ...]]:
        """Id and rows of each: references, sites, and the means of materials whose sites are complete."""
        return {name: rows for name, rows in self.tables.spectra() if self._belongs(rows[0])}

    def _belongs(self, row: Row) -> bool:
        if row["refused"] or (self.edges and row["edge"] not in self.edges):
            return False
        if row["material_id"]:
            return row["material_id"] in self.materials
        return self.elements is None or elements_of(row["reduced_formula"]) <= set(self.elements)


def elements_of(formula: str) -> set[str]:
    """Elements of a compound; none where the formula is not known."""
    return set(parse_formula(formula)) if formula else set()


def shipped_materials() -> frozenset[str]:
    """Ids of the shipped structures."""
    return frozenset(pq.read_table(STRUCTURES, columns=["material_id"]).column(0).to_pylist())
