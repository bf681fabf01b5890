"""What a builder makes of a run of input items: entries with their vectors, and failures with their reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xsearch.chemistry.crystal import cell_parameters
from xsearch.chemistry.material import Material
from xsearch.errors import BuildError
from xsearch.indexes.records import MATERIAL_SCHEMA, arrays_of, materials_to_table, ragged, table_to_materials
from xsearch.simulate.reflections import Reflections

CHUNK_SCHEMA = pa.schema(
    [
        *MATERIAL_SCHEMA,
        pa.field("has_reflections", pa.bool_()),
        pa.field("hkl", pa.list_(pa.int16())),  # three indices a line
        pa.field("structure_factor_sq", pa.list_(pa.float32())),
        pa.field("multiplicity", pa.list_(pa.int16())),
        pa.field("reflection_cell", pa.list_(pa.float64())),  # six numbers
        pa.field("reflection_system", pa.string()),
        pa.field("profile", pa.binary()),  # float16, native order; null where there is none
        pa.field("failed_item", pa.string()),
        pa.field("failure", pa.string()),  # set on rows that are failures; all the rest is null there
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One row of an index to be: a material, its reflections and its profile vector.

    Attributes:
        material: the crystal and what is known about it.
        reflections: its powder lines, or None where they were not simulated.
        profile: (d,) float32, all entries of an index alike in length, or None.
    """

    material: Material
    reflections: Reflections | None = None
    profile: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """An input item that did not become an entry, and why, in one line."""

    item_id: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """The outcome of one run of input items as one Arrow table of `CHUNK_SCHEMA`.

    It can be pickled, and it turns into the same bytes wherever it was made.
    """

    table: pa.Table

    @classmethod
    def from_entries(cls, entries: Sequence[Entry], failures: Sequence[Failure] = ()) -> Chunk:
        """Entries in the order given, then failures.

        Raises:
            BuildError: where the profiles differ in length or hold values that are not finite.
        """
        reflections = [entry.reflections for entry in entries]
        made = materials_to_table([entry.material for entry in entries])
        columns = [
            *made.columns,
            pa.array([r is not None for r in reflections], pa.bool_()),
            ragged([None if r is None else r.hkl.ravel() for r in reflections], np.int16),
            ragged([None if r is None else r.structure_factor_sq for r in reflections], np.float32),
            ragged([None if r is None else r.multiplicity for r in reflections], np.int16),
            ragged([_cell(entry) for entry in entries], np.float64),
            pa.array([e.material.crystal_system if (r := e.reflections) is None else r.crystal_system for e in entries])
            if entries
            else pa.array([], pa.string()),
            pa.array(_profile_bytes(entries), pa.binary()),
            pa.nulls(len(entries), pa.string()),
            pa.nulls(len(entries), pa.string()),
        ]
        table = pa.table([c.cast(f.type) for c, f in zip(columns, CHUNK_SCHEMA, strict=True)], schema=CHUNK_SCHEMA)
        if failures:
            rows = {field.name: pa.nulls(len(failures), field.type) for field in CHUNK_SCHEMA}
            rows["failed_item"] = pa.array([f.item_id for f in failures], pa.string())
            rows["failure"] = pa.array([f.reason for f in failures], pa.string())
            table = pa.concat_tables([table, pa.table(rows, schema=CHUNK_SCHEMA)])
        return cls(table.combine_chunks())

    @property
    def entry_table(self) -> pa.Table:
        """The rows that are entries."""
        return self.table.filter(self.table.column("failure").is_null())

    @property
    def failures(self) -> list[Failure]:
        """The items that failed."""
        rows = self.table.filter(self.table.column("failure").is_valid())
        pairs = zip(rows.column("failed_item").to_pylist(), rows.column("failure").to_pylist(), strict=True)
        return [Failure(item, reason) for item, reason in pairs]

    def __len__(self) -> int:
        """How many entries there are; failures are not counted."""
        return int(self.table.column("failure").null_count)

    def entries(self) -> Iterator[Entry]:
        """The entries; profiles come back in half precision's values."""
        table = self.entry_table
        lists = [arrays_of(table.column(n)) for n in ("hkl", "structure_factor_sq", "multiplicity", "reflection_cell")]
        has = table.column("has_reflections").to_pylist()
        systems = table.column("reflection_system").to_pylist()
        profiles = table.column("profile").to_pylist()
        for row, material in enumerate(table_to_materials(table)):
            hkl, squares, multiplicity, cell = (column[row] for column in lists)
            reflections = Reflections(hkl.reshape(-1, 3), squares, multiplicity, cell, systems[row])
            profile = None if profiles[row] is None else np.frombuffer(profiles[row], np.float16).astype(np.float32)
            yield Entry(material, reflections if has[row] else None, profile)

    def to_bytes(self) -> bytes:
        """As an Arrow file in memory."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, CHUNK_SCHEMA) as writer:
            writer.write_table(self.table.combine_chunks())
        return sink.getvalue().to_pybytes()

    @classmethod
    def from_bytes(cls, content: bytes | pa.Buffer) -> Chunk:
        """Back from `to_bytes`, or from a memory map of such a file, without copying."""
        return cls(pa.ipc.open_file(content).read_all())


def _cell(entry: Entry) -> np.ndarray:
    if entry.reflections is not None:
        return entry.reflections.cell
    return np.array(cell_parameters(entry.material.crystal.lattice_A))


def _profile_bytes(entries: Sequence[Entry]) -> list[bytes | None]:
    """Profiles in half precision: 1e-3 relative, far below what measured patterns can tell apart."""
    vectors = [entry.profile for entry in entries]
    lengths = {v.shape for v in vectors if v is not None}
    if len(lengths) > 1 or any(len(shape) != 1 for shape in lengths):
        raise BuildError(f"All profiles of an index must be vectors of one length, got {sorted(lengths)}.")
    halves = [None if v is None else v.astype(np.float16) for v in vectors]
    for entry, half in zip(entries, halves, strict=True):
        if half is not None and not np.isfinite(half).all():
            raise BuildError(f"{entry.material.material_id}: its profile holds values that are not finite numbers.")
    return [None if half is None else half.tobytes() for half in halves]
