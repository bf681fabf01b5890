"""Stored rows of an index as the chunk that they were built from."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS
from xsearch.indexes.chunk import CHUNK_SCHEMA, Chunk
from xsearch.indexes.columns import Columns
from xsearch.indexes.records import MATERIAL_SCHEMA
from xsearch.indexes.reflection_arrays import ReflectionArrays


def chunk_of_rows(
    catalog: pa.Table,
    reflections: ReflectionArrays,
    columns: Columns,
    profiles: NDArray[np.float16],
    vectors: NDArray[np.float16] | None,
    rows: NDArray[np.integer],
) -> Chunk:
    """The chunk whose entries are these rows; it has the bytes of the one that they were built from.

    Args:
        catalog: the index's materials.
        reflections: its reflections.
        columns: its ranking columns.
        profiles: (n, d) its profiles.
        vectors: (n, d) its vectors, or None.
        rows: (m,) row ids in the order wanted.
    """
    rows = np.asarray(rows, np.int64)
    counts = reflections.offsets[rows + 1] - reflections.offsets[rows]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    lines = np.repeat(reflections.offsets[rows] - offsets[:-1], counts) + np.arange(offsets[-1])
    missing = pa.array(counts == 0)

    def lists(values: NDArray[np.generic], width: int) -> pa.ListArray:
        starts = pa.array((offsets * width).astype(np.int32))
        return pa.ListArray.from_arrays(starts, pa.array(values[lines].ravel()), mask=missing)

    names = np.array([*CRYSTAL_SYSTEMS, *[None] * (256 - len(CRYSTAL_SYSTEMS))], dtype=object)
    made = {
        "has_reflections": pa.array(counts > 0),
        "hkl": lists(reflections.hkl, 3),
        "structure_factor_sq": lists(reflections.structure_factor_sq, 1),
        "multiplicity": lists(reflections.multiplicity, 1),
        "reflection_cell": pa.ListArray.from_arrays(
            pa.array(np.arange(len(rows) + 1, dtype=np.int32) * 6), pa.array(columns.cell[rows].ravel())
        ),
        "reflection_system": pa.array(names[columns.crystal_system[rows]].tolist(), pa.string()),
        "profile": _halves(profiles[rows]),
        "vector": pa.nulls(len(rows), pa.binary()) if vectors is None else _halves(vectors[rows]),
        "failed_item": pa.nulls(len(rows), pa.string()),
        "failure": pa.nulls(len(rows), pa.string()),
    }
    taken = catalog.select(MATERIAL_SCHEMA.names).take(pa.array(rows))
    table = pa.table(
        [*taken.columns, *(made[name] for name in CHUNK_SCHEMA.names[len(MATERIAL_SCHEMA) :])], CHUNK_SCHEMA
    )
    return Chunk(table.combine_chunks())


def _halves(rows: NDArray[np.float16]) -> pa.Array:
    """Rows as bytes, null for rows of zeros."""
    return pa.array([row.tobytes() if row.any() else None for row in rows], pa.binary())
