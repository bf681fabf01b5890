"""Chunks in, the files of an index version out, one chunk in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS
from xsearch.elements import element_masks
from xsearch.errors import BuildError
from xsearch.indexes.backends import backend_for, write_shortcut
from xsearch.indexes.chunk import Chunk
from xsearch.indexes.columns import COLUMN_DTYPE, UNKNOWN_SYSTEM
from xsearch.indexes.embedding import EMBEDDING, SHORTCUT
from xsearch.indexes.metadata import write_metadata
from xsearch.indexes.records import MATERIAL_SCHEMA
from xsearch.indexes.spectra import SPECTRA, SpectraChunk, write_spectra
from xsearch.indexes.tables import TableWriter, read_table
from xsearch.indexes.vectors import HalfWriter
from xsearch.indexes.xanes_vectors import XANES_VECTORS, write_xanes_vectors
from xsearch.models import xanes_encoder
from xsearch.options import Backend

CATALOG, FAILURES, COLUMNS = "catalog.arrow", "failures.arrow", "columns.npy"
OFFSETS, HKL, SQUARES, MULTIPLICITY = "offsets.npy", "hkl.npy", "structure_factor_sq.npy", "multiplicity.npy"
PROFILES = "profiles.faiss"

CATALOG_SCHEMA = pa.schema(
    [
        pa.field("row_id", pa.int32()),
        pa.field("elements_low", pa.uint64()),
        pa.field("elements_high", pa.uint64()),
        *MATERIAL_SCHEMA,
    ]
)
FAILURE_SCHEMA = pa.schema([pa.field("item_id", pa.string()), pa.field("reason", pa.string())])


def assemble(chunks: Iterable[Chunk], folder: Path, spectra: Iterable[SpectraChunk] = ()) -> tuple[dict[str, int], int]:
    """Write the files of an index version from its chunks.

    Of entries that share an id the first is kept and the others become failures.

    Args:
        chunks: of materials, in order.
        folder: where to write.
        spectra: chunks of absorption spectra, in order.

    Returns:
        The manifest's counts, and the length of a profile vector.

    Raises:
        BuildError: where the chunks' profiles differ in length, or there is no entry at all.
    """
    rows: dict[str, int] = {}
    failures: list[tuple[str, str]] = []
    columns = _ColumnCollector()
    offset = 0
    with (
        TableWriter(folder / CATALOG, CATALOG_SCHEMA) as catalog,
        NpyWriter(folder / OFFSETS, np.dtype(np.int64)) as offsets,
        NpyWriter(folder / HKL, np.dtype(np.int16), 3) as hkl,
        NpyWriter(folder / SQUARES, np.dtype(np.float32)) as squares,
        NpyWriter(folder / MULTIPLICITY, np.dtype(np.int16)) as multiplicity,
    ):
        profiles, vectors = HalfWriter("Profiles"), HalfWriter("Vectors")
        offsets.append(np.zeros(1, np.int64))
        for chunk in chunks:
            failures += [(failure.item_id, failure.reason) for failure in chunk.failures]
            table = _without_known(chunk.made, rows, failures)
            if table.num_rows == 0:
                continue
            first = len(rows)
            rows.update((name, first + i) for i, name in enumerate(table.column("material_id").to_pylist()))
            catalog.append(_catalog_rows(table, first))
            lines = _list_lengths(table, "structure_factor_sq")
            offsets.append(offset + np.cumsum(lines))
            offset += int(lines.sum())
            hkl.append(_flat(table, "hkl"))
            squares.append(_flat(table, "structure_factor_sq"))
            multiplicity.append(_flat(table, "multiplicity"))
            profiles.append(table.column("profile"))
            vectors.append(table.column("vector"))
            columns.append(table)
    if not rows:
        raise BuildError(f"The build made no entry; {len(failures)} items failed{_first_of(failures)}.")
    with NpyWriter(folder / COLUMNS, COLUMN_DTYPE) as records:
        records.append(columns.finish(rows))
    n_spectra = write_spectra(spectra, folder / SPECTRA, rows, failures)
    with TableWriter(folder / FAILURES, FAILURE_SCHEMA) as failed:
        failed.append(pa.table([pa.array(side, pa.string()) for side in _sides(failures)], schema=FAILURE_SCHEMA))
    profiles.write(folder / PROFILES)
    stored = read_table(folder / SPECTRA) if n_spectra else None
    if stored is not None and (encoder := xanes_encoder.load()) is not None:
        write_xanes_vectors(stored, folder / XANES_VECTORS, encoder)
    embedded = vectors.write(folder / EMBEDDING)
    if embedded is not None and (backend := backend_for(len(rows))) is not Backend.EXACT:
        write_shortcut(embedded, backend, folder / SHORTCUT)
    write_metadata(
        folder,
        read_table(folder / CATALOG),
        stored,
        read_table(folder / FAILURES),
    )
    counts = {"materials": len(rows), "reflections": offset, "failures": len(failures), "spectra": n_spectra}
    return counts, profiles.bins


class NpyWriter:
    """A `.npy` file that grows; its header is written again with the final length on closing."""

    def __init__(self, path: Path, dtype: np.dtype, width: int = 1) -> None:
        self._dtype, self._width, self._values = dtype.newbyteorder("<"), width, 0
        self._file = path.open("wb")
        self._write_header()

    def append(self, values: np.ndarray) -> None:
        """Append values; they are cast to the file's type and fill whole rows."""
        flat = np.ascontiguousarray(values, self._dtype).ravel()
        self._values += len(flat)
        self._file.write(flat.data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        with self._file:
            if failed is None:
                self._file.seek(0)
                self._write_header()

    def _write_header(self) -> None:
        # numpy pads the header so that its length does not depend on the length of the first axis
        rows = self._values // self._width
        shape = (rows,) if self._width == 1 else (rows, self._width)
        header = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)


class _ColumnCollector:
    """The ranking columns, gathered chunk by chunk; references to other rows are resolved at the end."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray] = []
        self._groups: dict[str, int] = {}
        self._references: dict[str, list[str | None]] = {"cell_of": [], "duplicate_of": []}

    def append(self, table: pa.Table) -> None:
        part = np.zeros(table.num_rows, COLUMN_DTYPE)
        part["cell"] = _flat(table, "reflection_cell").reshape(-1, 6)
        codes = {system: code for code, system in enumerate(CRYSTAL_SYSTEMS)}
        systems = table.column("reflection_system").to_pylist()
        part["crystal_system"] = [codes.get(system, UNKNOWN_SYSTEM) for system in systems]
        part["space_group"] = table.column("space_group").fill_null(0).to_numpy()
        formulas = table.column("reduced_formula").to_pylist()
        part["formula_group"] = [self._groups.setdefault(formula, len(self._groups)) for formula in formulas]
        hull = table.column("energy_above_hull_eV").cast(pa.float32())
        part["energy_above_hull_eV"] = hull.fill_null(np.nan).to_numpy()
        part["expected_strain"] = table.column("expected_strain").cast(pa.float32()).fill_null(0).to_numpy()
        for name in ("is_theoretical", "is_measured"):
            part[name] = table.column(name).cast(pa.int8()).fill_null(-1).to_numpy()
        part["n_elements"] = _list_lengths(table, "elements")
        for name, found in self._references.items():
            found += table.column(name).to_pylist()
        self._parts.append(part)

    def finish(self, rows: dict[str, int]) -> np.ndarray:
        records = np.concatenate(self._parts)
        for name, found in self._references.items():
            records[name] = [-1 if target is None else rows.get(target, -1) for target in found]
        return records


def _without_known(table: pa.Table, rows: dict[str, int], failures: list[tuple[str, str]]) -> pa.Table:
    keep = np.ones(table.num_rows, bool)
    seen: set[str] = set()
    for i, name in enumerate(table.column("material_id").to_pylist()):
        if name in rows or name in seen:
            keep[i] = False
            failures.append((name, "another entry has this id; the first one was kept"))
        seen.add(name)
    return table if keep.all() else table.filter(pa.array(keep))


def _catalog_rows(table: pa.Table, first: int) -> pa.Table:
    masks = [element_masks(elements) for elements in table.column("elements").to_pylist()]
    low, high = (np.array([mask[side] for mask in masks], np.uint64) for side in (0, 1))
    ids = np.arange(first, first + table.num_rows, dtype=np.int32)
    columns = [pa.array(ids), pa.array(low), pa.array(high), *(table.column(f.name) for f in MATERIAL_SCHEMA)]
    return pa.table(columns, schema=CATALOG_SCHEMA)


def _list_lengths(table: pa.Table, name: str) -> np.ndarray:
    return pc.list_value_length(table.column(name)).fill_null(0).to_numpy().astype(np.int64)


def _flat(table: pa.Table, name: str) -> np.ndarray:
    return pc.list_flatten(table.column(name)).to_numpy()


def _sides(pairs: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [a for a, _ in pairs], [b for _, b in pairs]


def _first_of(failures: list[tuple[str, str]]) -> str:
    return f", the first ({failures[0][0]}): {failures[0][1]}" if failures else ""
