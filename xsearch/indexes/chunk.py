"""The entries that a builder makes of a run of input items, with their vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xsearch.chemistry.crystal import cell_parameters
from xsearch.chemistry.material import Material
from xsearch.errors import BuildError
from xsearch.indexes.outcome import FAILURE_FIELDS, Failure, Outcome
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
        pa.field("vector", pa.binary()),  # likewise
        *FAILURE_FIELDS,
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One row of an index to be: a material, its reflections and its profile vector.

    Attributes:
        material: the crystal and what is known about it.
        reflections: its powder lines, or None where they were not simulated.
        profile: (d,) float32, all entries of an index alike in length, or None.
        vector: (d,) float32 unit vector of the powder encoder, likewise.
    """

    material: Material
    reflections: Reflections | None = None
    profile: NDArray[np.float32] | None = None
    vector: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Chunk(Outcome):
    """The entries and failures of one run of input items; `CHUNK_SCHEMA` is the schema of its table."""

    schema = CHUNK_SCHEMA

    @classmethod
    def from_entries(cls, entries: Sequence[Entry], failures: Sequence[Failure] = ()) -> Chunk:
        """Entries in the order given, then failures.

        Raises:
            BuildError: where the profiles or vectors differ in length or hold values that are not finite.
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
            *(pa.array(_half_bytes(entries, name), pa.binary()) for name in ("profile", "vector")),
        ]
        return cls.with_failures(pa.table(columns, names=CHUNK_SCHEMA.names[: len(columns)]), failures)

    def entries(self) -> Iterator[Entry]:
        """The entries; profiles and vectors come back in half precision's values."""
        table = self.made
        lists = [arrays_of(table.column(n)) for n in ("hkl", "structure_factor_sq", "multiplicity", "reflection_cell")]
        has = table.column("has_reflections").to_pylist()
        systems = table.column("reflection_system").to_pylist()
        halves = {name: table.column(name).to_pylist() for name in ("profile", "vector")}
        for row, material in enumerate(table_to_materials(table)):
            hkl, squares, multiplicity, cell = (column[row] for column in lists)
            reflections = Reflections(hkl.reshape(-1, 3), squares, multiplicity, cell, systems[row])
            profile, vector = (
                None if column[row] is None else np.frombuffer(column[row], np.float16).astype(np.float32)
                for column in halves.values()
            )
            yield Entry(material, reflections if has[row] else None, profile, vector)


def _cell(entry: Entry) -> np.ndarray:
    if entry.reflections is not None:
        return entry.reflections.cell
    return np.array(cell_parameters(entry.material.crystal.lattice_A))


def _half_bytes(entries: Sequence[Entry], name: str) -> list[bytes | None]:
    """Profiles or vectors in half precision: 1e-3 relative, far below what measured patterns resolve."""
    vectors: list[NDArray[np.float32] | None] = [getattr(entry, name) for entry in entries]
    lengths = {v.shape for v in vectors if v is not None}
    if len(lengths) > 1 or any(len(shape) != 1 for shape in lengths):
        raise BuildError(f"All {name}s of an index must be vectors of one length, got {sorted(lengths)}.")
    halves = [None if v is None else v.astype(np.float16) for v in vectors]
    for entry, half in zip(entries, halves, strict=True):
        if half is not None and not np.isfinite(half).all():
            raise BuildError(f"{entry.material.material_id}: its {name} holds values that are not finite numbers.")
    return [None if half is None else half.tobytes() for half in halves]
