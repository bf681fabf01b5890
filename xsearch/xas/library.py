"""The spectra of an index as they are searched: one table an absorber and edge, each with its rows of the index."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.reference import Reference
from xsearch.errors import NothingSearched
from xsearch.indexes import Index
from xsearch.indexes.spectra import edge_rows, edges_of, exafs_arrays, exafs_edges_of, exafs_rows, xanes_table
from xsearch.indexes.tables import row_numbers
from xsearch.indexes.xanes_table import XanesTable
from xsearch.indexes.xanes_vectors import XanesVectors
from xsearch.options import Constraints
from xsearch.xas.exafs_matching import ExafsTable


@dataclass(frozen=True, slots=True, eq=False)
class EdgeLibrary:
    """Library spectra of one absorber and edge.

    Attributes:
        spectra: n of them.
        row: (n,) int64, the row of the index that each belongs to; -1 for a reference without an entry.
        note: (n,) phase, sample or file, as its source calls it; may be empty.
        exafs: of all of them, in a library of EXAFS; None in one of near edges.
        stored: (n,) rows of the index's spectra, and `vectors` of all of these; None where there are no vectors.
    """

    spectra: XanesTable
    row: NDArray[np.int64]
    note: NDArray[np.object_]
    exafs: ExafsTable | None = None
    stored: NDArray[np.int64] | None = None
    vectors: XanesVectors | None = None

    def __len__(self) -> int:
        return len(self.row)

    @property
    def name(self) -> str:
        """Such as `Fe K`, or `Fe K EXAFS`."""
        return f"{self.spectra.absorber} {self.spectra.edge}" + ("" if self.exafs is None else " EXAFS")

    def take(self, keep: NDArray[np.bool_]) -> EdgeLibrary:
        """Some of the spectra."""
        exafs = None if self.exafs is None else self.exafs.take(keep)
        stored = None if self.stored is None else self.stored[keep]
        return EdgeLibrary(self.spectra.take(keep), self.row[keep], self.note[keep], exafs, stored, self.vectors)

    def reference(self, place: int) -> Reference:
        """A measured spectrum as what stands for its compound."""
        table = self.spectra
        return Reference(
            material_id=str(table.spectrum_id[place]),
            source=str(table.source[place]),
            licence=str(table.licence[place]),
            reduced_formula=str(table.reduced_formula[place]),
            elements=tuple(sorted(table.elements[place])),
            name=str(self.note[place]) or None,
        )


class EdgeLibraries:
    """All of an index, each read at its first use."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._read: dict[tuple[str, str, bool], EdgeLibrary] = {}
        self._edges: list[tuple[str, str]] | None = None
        self._exafs_edges: set[tuple[str, str]] | None = None

    @property
    def edges(self) -> list[tuple[str, str]]:
        """Absorbers and edges of which there are near-edge spectra."""
        if self._edges is None:
            self._edges = edges_of(self._index.spectra_table)
        return self._edges

    @property
    def exafs_edges(self) -> set[tuple[str, str]]:
        """Absorbers and edges of which there is EXAFS."""
        if self._exafs_edges is None:
            self._exafs_edges = exafs_edges_of(self._index.spectra_table)
        return self._exafs_edges

    def of(self, absorber: str, edge: str, exafs: bool = False) -> EdgeLibrary:
        """The spectra of an absorber and edge.

        Args:
            absorber, edge: such as `Fe`, `K`.
            exafs: whether those that hold EXAFS are wanted, instead of near edges.

        Raises:
            QueryError: where the index has none; it says what there is.
        """
        edges = self.exafs_edges if exafs else self.edges
        if (absorber, edge) not in edges:
            what = "EXAFS" if exafs else "spectra"
            held = ", ".join(" ".join(key) for key in sorted(edges)) or f"no {what} at all"
            raise NothingSearched(
                f"Index {self._index.name!r} holds no {absorber} {edge} {what}; it has {held}. Add some: xsearch "
                f"build add {self._index.name} --spectra FOLDER."
            )
        if (absorber, edge, exafs) not in self._read:
            self._read[absorber, edge, exafs] = self._library(absorber, edge, exafs)
        return self._read[absorber, edge, exafs]

    def _library(self, absorber: str, edge: str, exafs: bool) -> EdgeLibrary:
        table = self._index.spectra_table
        stored = exafs_rows(table, absorber, edge) if exafs else edge_rows(table, absorber, edge)
        rows = table.take(row_numbers(stored))
        notes = np.array([text or "" for text in rows.column("reference").to_pylist()], object)
        owner = rows.column("row_id").fill_null(-1).to_numpy().astype(np.int64)
        spectra = xanes_table(rows, absorber, edge)
        # a prediction gives way to what was computed for the same entry
        superseded = (spectra.kind == "predicted") & np.isin(owner, owner[spectra.kind == "simulated"])
        # a measurement is the mean over sites: a site's spectrum gives way to that of its material
        made_by = [*zip(owner.tolist(), spectra.code.tolist(), strict=True)]
        averaged = {by for by, level in zip(made_by, spectra.level, strict=True) if level == "material"}
        of_site = np.array(
            [level == "site" and by in averaged for by, level in zip(made_by, spectra.level, strict=True)], bool
        )
        chi = ExafsTable(*exafs_arrays(rows), spectra.kind == "measured") if exafs else None
        vectors = None if exafs else self._index.xanes_vectors
        return EdgeLibrary(spectra, owner, notes, chi, stored, vectors).take(~superseded & ~of_site)

    def select(
        self,
        absorber: str,
        edge: str,
        constraints: Constraints,
        leave_out_rows: Collection[int],
        leave_out_spectra: Collection[str],
        exafs: bool = False,
    ) -> EdgeLibrary:
        """The spectra whose compound meets the conditions, less those that are to be left out.

        A reference without an entry stands for the entries of its formula, so one of these must meet conditions on
        symmetry or metadata.

        Args:
            absorber, edge: which library.
            constraints: the conditions.
            leave_out_rows: rows of the index.
            leave_out_spectra: ids of spectra.
            exafs: as in `of`.

        Raises:
            QueryError: where nothing is left.
        """
        whole = self.of(absorber, edge, exafs)
        passes: dict[frozenset[str], bool] = {}
        for elements in whole.spectra.elements:
            if elements not in passes:
                passes[elements] = absorber in elements and constraints.matches(elements)
        keep = np.array([passes[elements] for elements in whole.spectra.elements], bool)
        keep &= ~np.isin(whole.row, list(leave_out_rows)) | (whole.row < 0)
        if not constraints.of_entries.is_open:
            rows = self._index.select(constraints, measured_cells=False)
            column = self._index.catalog.column("reduced_formula")
            formulas = set(column.take(row_numbers(rows)).to_pylist())
            stands = np.array([name in formulas for name in whole.spectra.reduced_formula], bool)
            keep &= np.isin(whole.row, rows) | ((whole.row < 0) & stands)
        if leave_out_spectra:
            left_out = set(leave_out_spectra)
            keep &= np.array([name not in left_out for name in whole.spectra.spectrum_id], bool)
        if not keep.any():
            raise NothingSearched(
                f"Index {self._index.name!r} holds no {whole.name} spectrum with {constraints}; loosen the conditions."
            )
        return whole.take(keep)
