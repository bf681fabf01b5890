"""Materials as rows of an Arrow table: the catalog's schema, and the way in and out of it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.material import Material
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.errors import BuildError

_PLAIN = {
    "material_id": pa.string(),
    "source": pa.string(),
    "licence": pa.string(),
    "formula": pa.string(),
    "reduced_formula": pa.string(),
    "anonymous_formula": pa.string(),
    "space_group": pa.int16(),
    "crystal_system": pa.string(),
    "template": pa.string(),
    "symprec_A": pa.float64(),
    "is_measured": pa.bool_(),
    "functional": pa.string(),
    "temperature_K": pa.float64(),
    "pressure_GPa": pa.float64(),
    "cell_of": pa.string(),
    "name": pa.string(),
    "reference": pa.string(),
    "is_theoretical": pa.bool_(),
    "energy_above_hull_eV": pa.float64(),
    "expected_strain": pa.float64(),
    "duplicate_of": pa.string(),
}
"""The fields of `Material` that are stored as they are."""

MATERIAL_SCHEMA = pa.schema(
    [
        *(pa.field(name, kind) for name, kind in _PLAIN.items()),
        pa.field("elements", pa.list_(pa.string())),
        pa.field("properties", pa.string()),  # a JSON object with sorted keys
        pa.field("lattice_A", pa.list_(pa.float64())),  # nine numbers, row by row
        pa.field("frac_coords", pa.list_(pa.float64())),  # three numbers a position
        pa.field("atomic_numbers", pa.list_(pa.uint8())),
        pa.field("occupancies", pa.list_(pa.float64())),  # null where every site is full
    ]
)
"""One material a row: every field of `Material`, its crystal as flat lists."""


def materials_to_table(materials: Sequence[Material]) -> pa.Table:
    """Materials as a table of `MATERIAL_SCHEMA`, losslessly.

    Raises:
        BuildError: where a property is neither a number, a truth value, text nor None.
    """
    crystals = [material.crystal for material in materials]
    columns: dict[str, pa.Array] = {
        name: pa.array([_storable(getattr(material, name)) for material in materials], kind)
        for name, kind in _PLAIN.items()
    }
    columns["elements"] = pa.array([list(material.elements) for material in materials], pa.list_(pa.string()))
    columns["properties"] = pa.array([_properties_to_json(material) for material in materials], pa.string())
    columns["lattice_A"] = ragged([crystal.lattice_A.ravel() for crystal in crystals], np.float64)
    columns["frac_coords"] = ragged([crystal.frac_coords.ravel() for crystal in crystals], np.float64)
    columns["atomic_numbers"] = ragged(
        [np.array([ATOMIC_NUMBERS[e] for e in crystal.elements], np.uint8) for crystal in crystals], np.uint8
    )
    columns["occupancies"] = ragged(
        [None if (crystal.occupancies == 1).all() else crystal.occupancies for crystal in crystals], np.float64
    )
    return pa.table([columns[field.name] for field in MATERIAL_SCHEMA], schema=MATERIAL_SCHEMA)


def table_to_materials(table: pa.Table | pa.RecordBatch) -> list[Material]:
    """The materials of a table of `MATERIAL_SCHEMA`; further columns are ignored."""
    plain = {name: table.column(name).to_pylist() for name in (*_PLAIN, "elements", "properties")}
    lists = {name: arrays_of(table.column(name)) for name in ("lattice_A", "frac_coords", "atomic_numbers")}
    occupancies = arrays_of(table.column("occupancies"))
    is_ordered = table.column("occupancies").is_null().to_pylist()
    materials = []
    for row in range(table.num_rows):
        fields: dict[str, Any] = {name: plain[name][row] for name in _PLAIN}
        numbers = lists["atomic_numbers"][row]
        crystal = Crystal(
            lists["lattice_A"][row].reshape(3, 3),
            lists["frac_coords"][row].reshape(-1, 3),
            tuple(SYMBOLS[z - 1] for z in numbers.tolist()),
            np.ones(len(numbers)) if is_ordered[row] else occupancies[row],
        )
        properties = json.loads(plain["properties"][row])
        elements = tuple(plain["elements"][row])
        materials.append(Material(crystal=crystal, elements=elements, properties=properties, **fields))
    return materials


def ragged(arrays: Sequence[np.ndarray | None], dtype: type[np.generic]) -> pa.ListArray:
    """Arrays of different lengths as one list column; None becomes a null."""
    lengths = np.array([0 if a is None else len(a) for a in arrays], np.int64)
    offsets = np.zeros(len(arrays) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    held = [np.asarray(a, dtype) for a in arrays if a is not None]
    values = pa.array(np.concatenate(held) if held else np.zeros(0, dtype))
    missing = pa.array([a is None for a in arrays], pa.bool_())
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=missing if any(a is None for a in arrays) else None)


def arrays_of(column: pa.Array | pa.ChunkedArray) -> list[np.ndarray]:
    """The rows of a list column as numpy arrays, views where Arrow allows it; a null is an empty array."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    # by DLPack, since `to_numpy` loads pandas, a third of a second
    offsets = np.from_dlpack(whole.offsets)
    values = np.from_dlpack(whole.values)
    return [values[start:stop] for start, stop in pairwise(offsets.tolist())]


def _storable(value: object) -> object:
    """NaN means missing in some sources; the catalog has one way to say so."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _properties_to_json(material: Material) -> str:
    clean = {}
    for name, value in material.properties.items():
        plain = value.item() if isinstance(value, np.generic) else value
        if plain is not None and not isinstance(plain, bool | int | float | str):
            raise BuildError(
                f"{material.material_id}: property {name!r} is a {type(plain).__name__}; "
                "a number, a truth value, text or None is expected."
            )
        clean[name] = None if isinstance(plain, float) and not math.isfinite(plain) else plain
    return json.dumps(clean, sort_keys=True, ensure_ascii=False)
