"""An index opened for reading."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from xsearch.chemistry.gases import GASES
from xsearch.chemistry.material import Material
from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS
from xsearch.errors import BrokenIndex, QueryError
from xsearch.indexes import assemble, sql
from xsearch.indexes.chunk import Chunk, Entry
from xsearch.indexes.columns import COLUMN_DTYPE, UNKNOWN_SYSTEM, Columns
from xsearch.indexes.embedding import EMBEDDING, Embedding
from xsearch.indexes.manifest import MANIFEST, Manifest, check_hashes, check_sizes, read_manifest, touched_files
from xsearch.indexes.metadata import MATERIALS, Metadata, flat_materials, read_materials
from xsearch.indexes.outcome import Failure
from xsearch.indexes.records import table_to_materials
from xsearch.indexes.reflection_arrays import ReflectionArrays
from xsearch.indexes.spectra import SPECTRA, STORED_SCHEMA, stored_spectra, tables_of, with_exafs
from xsearch.indexes.stored_chunk import chunk_of_rows
from xsearch.indexes.tables import read_table, row_numbers
from xsearch.indexes.vectors import Profiles
from xsearch.indexes.versions import current_folder, folder_of
from xsearch.indexes.xanes_table import XanesTable
from xsearch.indexes.xanes_vectors import XANES_VECTORS, XanesVectors
from xsearch.models import xanes_encoder
from xsearch.options import Constraints
from xsearch.simulate.reflections import Reflections
from xsearch.spectra.xas import XasSpectrum

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TRIES = 3
"""To open a version while others are published."""

_EMPTY_NPY_BYTES = 128
"""Header of an `.npy` file without an element."""


class Index:
    """One version of an index, open for reading. Everything is mapped on opening, so that a reader keeps it for as
    long as it likes, whatever is built, swapped or removed meanwhile.

    Attributes:
        folder: the version's folder.
        name: the index's name, that of its folder.
        version: such as `0003-1a2b3c4d`.
        manifest: what it holds.
        catalog: the materials as an Arrow table, mapped from its file.
        spectra_table: the absorption spectra likewise; most materials have none.
        reflection_arrays: all reflections.
        profiles: (n, d) float16, a view of the file; d is 0 where there are none.
    """

    def __init__(self, version_folder: Path) -> None:
        self.folder = version_folder
        self.name = version_folder.parent.parent.name
        self.version = version_folder.name
        self.manifest: Manifest = read_manifest(version_folder)
        check_sizes(version_folder, self.manifest)
        self._check_touched()
        rows, bins = self.manifest.counts["materials"], self.manifest.profile_bins
        self.catalog = _open_table(version_folder / assemble.CATALOG)
        self._failed = _open_table(version_folder / assemble.FAILURES)
        is_flat = MATERIALS in self.manifest.files
        self._flat_file = pa.memory_map(str(version_folder / MATERIALS)) if is_flat else None
        path = version_folder / SPECTRA
        has_spectra = SPECTRA in self.manifest.files
        self.spectra_table = with_exafs(_open_table(path)) if has_spectra else pa.Table.from_batches([], STORED_SCHEMA)
        arrays = (assemble.OFFSETS, assemble.HKL, assemble.SQUARES, assemble.MULTIPLICITY)
        self.reflection_arrays = ReflectionArrays(*(_open_array(version_folder / name) for name in arrays))
        self._column_records = _open_array(version_folder / assemble.COLUMNS)
        self._profiles = Profiles(version_folder / assemble.PROFILES, rows, bins) if bins else None
        self.profiles: NDArray[np.float16] = (
            np.zeros((rows, 0), np.float16) if self._profiles is None else self._profiles.array
        )
        _ = self.embedding  # its file is mapped now: a later build may take the version's folder away
        self._check_counts()
        self._connections = threading.local()

    @classmethod
    def open(cls, name_or_folder: str | Path) -> Self:
        """Open the current version of an index.

        Args:
            name_or_folder: a name below `XSEARCH_HOME`, or the folder of an index anywhere (a `Path`, or text with a
                slash in it).

        Raises:
            MissingIndex: where there is none.
            BrokenIndex: where a file is missing, truncated, altered or of another format; it names the file.
        """
        index_folder = folder_of(name_or_folder)
        for left in reversed(range(_TRIES)):
            folder = current_folder(index_folder)
            try:
                return cls(folder)
            except (BrokenIndex, FileNotFoundError):
                # two publishes in the time of one opening remove the version under our hands: take the new one
                if left == 0 or folder == current_folder(index_folder):
                    raise
        raise AssertionError("unreachable")

    def __len__(self) -> int:
        """Number of rows: materials, and measured cells linked to them."""
        return self.catalog.num_rows

    def __repr__(self) -> str:
        return f"Index({self.name!r}, version={self.version!r}, {len(self):,} rows)"

    def material(self, row: int) -> Material:
        """The material of a row."""
        return self.materials([row])[0]

    def materials(self, rows: Iterable[int]) -> list[Material]:
        """The materials of some rows, in their order; a few hundred scattered ones take milliseconds."""
        wanted = np.asarray(list(rows), np.int64)
        if len(wanted) == 0:
            return []
        if wanted.min() < 0 or wanted.max() >= len(self):
            raise QueryError(f"Row {wanted.max()} is not in index {self.name!r}; it has {len(self):,} rows.")
        batches = self.catalog.to_batches()
        starts = np.cumsum([0, *(batch.num_rows for batch in batches)])
        where = np.searchsorted(starts, wanted, side="right") - 1
        found: list[Material | None] = [None] * len(wanted)
        for number in np.unique(where):
            places = np.flatnonzero(where == number)
            taken = batches[number].take(row_numbers(wanted[places] - starts[number]))
            for place, material in zip(places, table_to_materials(taken), strict=True):
                found[place] = material
        return [material for material in found if material is not None]

    def row_of(self, material_id: str) -> int:
        """The row of a material.

        Raises:
            QueryError: where no row has that id.
        """
        found = self._connection().execute(sql.ROW_OF_ID, [material_id]).fetchall()
        if not found:
            raise QueryError(f"Index {self.name!r} holds no material {material_id!r}.")
        return int(found[0][0])

    def reflections(self, row: int) -> Reflections:
        """The reflections of a row, views of the mapped arrays; none where they were not simulated."""
        offsets, hkl, squares, multiplicity = self.reflection_arrays
        part = slice(int(offsets[row]), int(offsets[row + 1]))
        code = int(self.columns.crystal_system[row])
        system = CRYSTAL_SYSTEMS[0 if code == UNKNOWN_SYSTEM else code]
        return Reflections(hkl[part], squares[part], multiplicity[part], self.columns.cell[row], system)

    def entry(self, row: int) -> Entry:
        """A row as its builder made it; its profile and vector in half precision's values."""
        (found,) = self.chunk(np.array([row])).entries()
        return found

    def chunk(self, rows: NDArray[np.integer]) -> Chunk:
        """Rows as the chunk that they came from: what an update keeps without making it again.

        Args:
            rows: (m,) row ids, in the order that the chunk's entries shall have.
        """
        vectors = self.embedding.array if self.embedding else None
        return chunk_of_rows(self.catalog, self.reflection_arrays, self.columns, self.profiles, vectors, rows)

    def spectra(self, row: int) -> list[XasSpectrum]:
        """The absorption spectra of a row's material, as they came; having none is a normal state."""
        return stored_spectra(self.spectra_table.filter(pc.equal(self.spectra_table.column("row_id"), row)))

    @cached_property
    def xanes(self) -> dict[tuple[str, str], XanesTable]:
        """The near-edge spectra that can be searched, by absorber and edge."""
        return tables_of(self.spectra_table)

    @cached_property
    def columns(self) -> Columns:
        """The numbers of every row that recall and ranking read."""
        return Columns.from_records(self._column_records)

    @cached_property
    def is_gas(self) -> NDArray[np.bool_]:
        """(n,) which rows are gases at room temperature and ambient pressure."""
        found = np.zeros(len(self), np.bool_)
        found[[row for (row,) in self.sql(sql.ROWS_OF_FORMULAS, [sorted(GASES)]).fetchall()]] = True
        return found

    @cached_property
    def stated_conditions(self) -> NDArray[np.float64]:
        """(2, n) pressure in GPa and temperature in K under which cells were determined; NaN where none is stated."""
        found = np.full((2, len(self)), np.nan)
        if any(self.catalog.column(name).null_count < len(self) for name in ("pressure_GPa", "temperature_K")):
            for row, pressure_GPa, temperature_K in self.sql(sql.STATED_CONDITIONS).fetchall():
                found[:, row] = [np.nan if one is None else one for one in (pressure_GPa, temperature_K)]
        return found

    @property
    def encoder(self) -> str | None:
        """Which weights the vectors in `embedding` come from, None without vectors."""
        return self.embedding.encoder if self.embedding else None

    @cached_property
    def embedding(self) -> Embedding | None:
        """The vectors of the powder network and their search structure; None where there are none."""
        return Embedding(self.folder, self.manifest) if EMBEDDING in self.manifest.files else None

    @cached_property
    def xanes_vectors(self) -> XanesVectors | None:
        """The learned vectors of the near edges, a row a stored spectrum; None where this xsearch did not make them."""
        made_by, encoder = self.manifest.extra.get("xanes_encoder"), xanes_encoder.load()
        if XANES_VECTORS not in self.manifest.files or encoder is None or made_by != encoder.identity:
            return None
        return XanesVectors(self.folder / XANES_VECTORS, self.spectra_table.num_rows, encoder.dimensions)

    @property
    def faiss(self) -> Any:
        """The FAISS index (inner product, half precision) over `profiles`, or None where there are none."""
        return None if self._profiles is None else self._profiles.faiss

    @cached_property
    def metadata(self) -> Metadata:
        """What users ask with SQL: the catalog without structures, one column a property."""
        flat = flat_materials(self.catalog) if self._flat_file is None else read_materials(self._flat_file)
        return Metadata(self.name, flat, self.spectra_table, self._failed)

    def select(self, constraints: Constraints, measured_cells: bool = True) -> NDArray[np.int64]:
        """Rows that meet the constraints, rising.

        Args:
            constraints: on elements, symmetry and metadata.
            measured_cells: whether measured cells linked to another entry are among them.

        Raises:
            QueryError: where its condition on the metadata cannot be understood.
        """
        if constraints.is_open:
            return np.arange(len(self)) if measured_cells else np.flatnonzero(self.columns.cell_of < 0)
        parameters = sql.select_parameters(constraints, measured_cells)
        found = self._connection().execute(sql.SELECT_ROWS, parameters).fetchnumpy()
        rows = np.sort(np.asarray(found["row_id"], np.int64), kind="stable")
        if constraints.of_entries.is_open:
            return rows
        return np.intersect1d(rows, self.metadata.rows(constraints), assume_unique=True)

    def sql(self, statement: str, parameters: Sequence[object] = ()) -> Any:
        """Run SQL on the whole catalog: views `materials`, `spectra` and `failures`, as `indexes/sql.py` lists them.

        It is the library's own; users ask `metadata`.

        Returns:
            A DuckDB relation, with `fetchall()`, `df()` and so on.
        """
        return self._connection().sql(statement, params=list(parameters))

    def failures(self) -> list[Failure]:
        """The input items that did not become entries, and why."""
        pairs = zip(self._failed.column("item_id").to_pylist(), self._failed.column("reason").to_pylist(), strict=True)
        return [Failure(item, reason) for item, reason in pairs]

    def verify(self) -> None:
        """Hash every file.

        Raises:
            BrokenIndex: naming the first file that is altered.
        """
        check_hashes(self.folder, self.manifest)

    def info(self) -> dict[str, Any]:
        """What there is to know about the index at a glance."""
        made = datetime.fromtimestamp((self.folder / MANIFEST).stat().st_mtime, UTC)
        return {
            "name": self.name,
            "version": self.version,
            "folder": str(self.folder),
            "made": made.isoformat(timespec="seconds"),
            "counts": self.manifest.counts,
            "profile_bins": self.manifest.profile_bins,
            "bytes": sum(int(file["size"]) for file in self.manifest.files.values()),
            "sources": dict(self.sql(sql.COUNTS.format(column="source")).fetchall()),
            "licences": dict(self.sql(sql.COUNTS.format(column="licence")).fetchall()),
            "edges": self.spectra_by_edge(),
            "settings": self.manifest.settings,
            **self.manifest.extra,
            **(self.embedding.info() if self.embedding else {}),
        }

    def spectra_by_edge(self) -> dict[str, dict[str, int]]:
        """By edge such as `Fe K`, how many materials and references can be searched: measured, and by code.

        Computed and predicted ones are counted by what made them, such as `simulated by FEFF10`.
        """
        found: dict[str, dict[str, int]] = {}
        for absorber, edge, kind, code, count in self.sql(sql.SPECTRA_BY_EDGE).fetchall():
            found.setdefault(f"{absorber} {edge}", {})[f"{kind} by {code}" if code else kind] = count
        return found

    def _connection(self) -> DuckDBPyConnection:
        if not hasattr(self._connections, "connection"):  # a DuckDB connection serves one thread at a time
            self._connections.connection = sql.connect(self.catalog, self._failed, self.spectra_table)
        connection: DuckDBPyConnection = self._connections.connection
        return connection

    def _check_touched(self) -> None:
        """Hash files that were copied or written since the version was made, so that an alteration cannot go by."""
        touched = touched_files(self.folder, self.manifest)
        if touched:
            check_hashes(self.folder, self.manifest, touched)
            stamp = (self.folder / MANIFEST).stat().st_mtime_ns
            with suppress(OSError):  # on a read-only copy they are hashed at each opening
                for name in touched:
                    os.utime(self.folder / name, ns=(stamp, stamp))

    def _check_counts(self) -> None:
        """Hold every part's type and length against the manifest and what this xsearch writes."""
        rows, lines = self.manifest.counts["materials"], self.manifest.counts["reflections"]
        failures, spectra = self.manifest.counts["failures"], self.manifest.counts.get("spectra", 0)
        offsets, hkl, squares, multiplicity = self.reflection_arrays
        records = self._column_records
        for name, kind, shape, expected_kind, expected_shape in (
            (assemble.CATALOG, self.catalog.schema, self.catalog.shape[:1], assemble.CATALOG_SCHEMA, (rows,)),
            (assemble.FAILURES, self._failed.schema, self._failed.shape[:1], assemble.FAILURE_SCHEMA, (failures,)),
            (SPECTRA, self.spectra_table.schema, self.spectra_table.shape[:1], STORED_SCHEMA, (spectra,)),
            (assemble.COLUMNS, records.dtype, records.shape, COLUMN_DTYPE, (rows,)),
            (assemble.OFFSETS, offsets.dtype, offsets.shape, np.int64, (rows + 1,)),
            (assemble.HKL, hkl.dtype, hkl.shape, np.int16, (lines, 3)),
            (assemble.SQUARES, squares.dtype, squares.shape, np.float32, (lines,)),
            (assemble.MULTIPLICITY, multiplicity.dtype, multiplicity.shape, np.int16, (lines,)),
        ):
            if kind != expected_kind:
                raise BrokenIndex(
                    f"{self.folder / name} has other columns than this xsearch writes; rebuild the index."
                )
            if shape != expected_shape:
                raise BrokenIndex(f"{self.folder / name} holds {shape}, {expected_shape} expected; rebuild the index.")


def _open_table(path: Path) -> pa.Table:
    with _reading(path):
        return read_table(path)


def _open_array(path: Path) -> np.ndarray:
    with _reading(path):
        if path.stat().st_size <= _EMPTY_NPY_BYTES:  # an empty array cannot be mapped
            return np.load(path, allow_pickle=False)
        # a plain view of the map: the methods of np.memmap cost time on every small slice
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Name the file whose content cannot be read, though its size fits and no time betrayed it: a disk that errs."""
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:  # numpy and Arrow raise almost anything on a damaged header
        raise BrokenIndex(f"{path} is altered: it cannot be read; roll back or rebuild the index.") from error
