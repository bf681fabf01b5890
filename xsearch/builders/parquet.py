"""Crystals from Parquet files, one a row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xsearch.builders.material import STATED_SPACE_GROUP, draft, reduced_or_empty
from xsearch.builders.source import Item, Process
from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.material import Material
from xsearch.errors import BuildError, CrystalError
from xsearch.indexes.files import sha256
from xsearch.paths import Paths, as_paths

IDS = ("material_id", "source_id")
CELL = ("a", "b", "c", "alpha", "beta", "gamma")
NEEDED = (*CELL, "species", "frac_coords")
"""Columns without which a row is no crystal; an id is needed as well."""

PROPERTIES = {
    "band_gap": ("band_gap_eV", "band_gap_src"),
    "formation_energy_per_atom": ("formation_energy_eV_atom", "formation_energy_src"),
    "energy_above_hull_formula_sg_min": ("energy_above_hull_formula_sg_min_eV", None),
    "year_first_reported": ("year_first_reported", None),
}
"""Column to property and the column that says where the number comes from."""

OTHERS = (
    "formula",
    "reduced_formula",
    "source",
    "licence",
    "spacegroup_number",
    "energy_above_hull",
    "energy_above_hull_src",
    "theoretical",
    "duplicate_of",
)


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a database that ids belong to: its name, whether its cells were measured, what to cite."""

    name: str
    is_measured: bool
    citation: str


MATERIALS_PROJECT = Origin("Materials Project", False, "A. Jain et al., APL Materials 1, 011002 (2013)")
ORIGINS = {
    "mp": MATERIALS_PROJECT,
    "mvc": MATERIALS_PROJECT,
    "cod": Origin("Crystallography Open Database", True, "S. Gražulis et al., Nucleic Acids Research 40, D420 (2012)"),
}
"""By the first part of an id."""

BATCH_ROWS = 1000
"""Rows read at a time. Set by hand."""


@dataclass(frozen=True)
class ParquetSource:
    """One or more Parquet files with a crystal a row: `NEEDED` columns, an id, and what else there is.

    Attributes:
        files: read one after another.
    """

    files: tuple[Path, ...]
    process: Process = field(default_factory=lambda: process_row, repr=False)

    @classmethod
    def of(cls, files: Paths) -> ParquetSource:
        """Of files that are there and have the columns.

        Raises:
            BuildError: for a file that is missing, is no Parquet file, or lacks columns.
        """
        paths = tuple(as_paths(files))
        if not paths:
            raise BuildError("No Parquet file was given.")
        for path in paths:
            _check(path)
        return cls(paths)

    @property
    def name(self) -> str:
        """The databases that the ids belong to, or else the files' names."""
        return ", ".join(
            dict.fromkeys(o.name if o else path.name for path, o in zip(self.files, self._origins, strict=True))
        )

    @property
    def is_materials_project(self) -> bool:
        """Whether ids of the Materials Project are among the entries'."""
        return MATERIALS_PROJECT in self._origins

    @property
    def citation(self) -> str:
        """Of those databases."""
        return "; ".join(dict.fromkeys(origin.citation for origin in self._origins if origin))

    @cached_property
    def licence(self) -> str:
        """All licences that rows state."""
        stated = [path for path in self.files if "licence" in pq.ParquetFile(path).schema_arrow.names]
        return ", ".join(sorted({text for path in stated for text in _strings(path, "licence")})) or "not stated"

    @cached_property
    def version(self) -> str:
        """The files' names with the start of their checksums."""
        return ", ".join(f"{path.name} sha256:{digest[:12]}" for path, digest in self._digests)

    def fingerprint(self) -> str:
        """A hash of the files' content."""
        return hashlib.sha256(" ".join(digest for _, digest in self._digests).encode()).hexdigest()

    def count(self) -> int | None:
        """Rows of all files."""
        return sum(int(pq.ParquetFile(path).metadata.num_rows) for path in self.files)

    def formulas(self) -> frozenset[str] | None:
        """Reduced formulas of all rows; None where no column states them."""
        found: set[str] = set()
        for path in self.files:
            columns = set(pq.ParquetFile(path).schema_arrow.names)
            if "reduced_formula" in columns:
                found.update(_strings(path, "reduced_formula"))
            elif "formula" in columns:
                found.update(reduced_or_empty(text) for text in _strings(path, "formula"))
            else:
                return None
        return frozenset(found - {""})

    def formula_by_id(self) -> dict[str, str]:
        """Reduced formula by id."""
        found: dict[str, str] = {}
        for path in self.files:
            columns = set(pq.ParquetFile(path).schema_arrow.names)
            name = next(c for c in ("reduced_formula", "formula", "species") if c in columns)
            table = pq.read_table(path, columns=[next(c for c in IDS if c in columns), name])
            ids, stated = (column.to_pylist() for column in table.columns)
            texts = stated if name != "species" else ["".join(symbols or ()) for symbols in stated]
            found.update((item_id, reduced_or_empty(text)) for item_id, text in zip(ids, texts, strict=True) if text)
        return found

    def items(self) -> Iterator[Item]:
        """One item a row, in the files' order."""
        for path in self.files:
            file = pq.ParquetFile(path)
            there = set(file.schema_arrow.names)
            sources = [source for _, source in PROPERTIES.values() if source]
            wanted = [name for name in (*IDS, *NEEDED, *OTHERS, *PROPERTIES, *sources) if name in there]
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=wanted):
                yield from _rows(batch)

    @cached_property
    def _origins(self) -> list[Origin | None]:
        """What the id of each file's first row says."""
        first = [next(ParquetSource((path,)).items(), None) for path in self.files]
        return [_origin_of(item.item_id) if item else None for item in first]

    @cached_property
    def _digests(self) -> list[tuple[Path, str]]:
        return [(path, sha256(path)) for path in self.files]


def process_row(item: Item) -> Material:
    """A material from its row.

    Raises:
        CrystalError: where cell and sites make no crystal.
    """
    row = item.payload
    if any(row.get(name) is None for name in NEEDED):
        raise CrystalError(f"No value for {', '.join(name for name in NEEDED if row.get(name) is None)}.")
    species = ["H" if symbol in ("D", "T") else symbol for symbol in row["species"]]
    coords = np.asarray(row["frac_coords"])
    if len(coords) != 3 * len(species):
        raise CrystalError(f"{len(species)} species need {3 * len(species)} coordinates, got {len(coords)}.")
    crystal = Crystal.ordered(lattice_from_parameters(*(float(row[name]) for name in CELL)), coords, species)
    origin = _origin_of(item.item_id)
    hull, loose_hull = row.get("energy_above_hull"), row.get("energy_above_hull_formula_sg_min")
    return draft(
        item.item_id,
        crystal,
        source=origin.name if origin else row.get("source") or "Parquet",
        licence=row.get("licence") or "not stated",
        formula=row.get("formula"),
        is_measured=origin.is_measured if origin else None,
        is_theoretical=row.get("theoretical"),
        energy_above_hull_eV=loose_hull if hull is None else hull,
        duplicate_of=row.get("duplicate_of"),
        properties=_properties(row, coords),
    )


def _origin_of(item_id: str) -> Origin | None:
    return ORIGINS.get(item_id.partition("-")[0])


def _properties(row: dict[str, Any], coords: np.ndarray) -> dict[str, float | bool | str | None]:
    found: dict[str, float | bool | str | None] = {}
    for column, (name, source) in PROPERTIES.items():
        if row.get(column) is not None:
            found[name] = row[column]
            if source and row.get(source):
                found[f"{name.rpartition('_')[0] if name.endswith('_eV') else name}_source"] = row[source]
    if row.get("energy_above_hull") is not None:
        found["energy_above_hull_source"] = row.get("energy_above_hull_src")
    elif row.get("energy_above_hull_formula_sg_min") is not None:
        found["energy_above_hull_source"] = "least of the same formula and space group"
    if row.get("spacegroup_number") is not None:
        found[STATED_SPACE_GROUP] = row["spacegroup_number"]
    if _beyond_six_digits(coords):
        found["coordinates_beyond_six_digits"] = True
    return {name: value for name, value in found.items() if value is not None}


def _beyond_six_digits(coords: np.ndarray) -> bool:
    """Whether any coordinate was published with more than six decimals: a hint at the functional, seen in the data."""
    single = np.asarray(coords, np.float32)
    return bool((np.round(single.astype(np.float64), 6).astype(np.float32) != single).any())


def _rows(batch: pa.RecordBatch) -> Iterator[Item]:
    columns: dict[str, Any] = {}
    for name in batch.schema.names:
        column = batch.column(name)
        is_list = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
        if name == "frac_coords" and is_list and column.null_count == 0:
            values, offsets = column.flatten().to_numpy(zero_copy_only=False), column.offsets.to_numpy()
            offsets = offsets - offsets[0]
            columns[name] = [values[i:j] for i, j in pairwise(offsets.tolist())]
        elif pa.types.is_float32(column.type):
            # 0.0262 as it was written, not the nearest number in single precision spelled out to 17 digits
            columns[name] = [None if v is None else float(f"{v:.7g}") for v in column.to_pylist()]
        else:
            columns[name] = column.to_pylist()
    ids = columns.pop("material_id", None) or columns.pop("source_id")
    names = list(columns)
    for number, values in enumerate(zip(*columns.values(), strict=True)):
        yield Item(str(ids[number]), dict(zip(names, values, strict=True)))


def _check(path: Path) -> None:
    if not path.is_file():
        raise BuildError(f"{path}: no such file; give a Parquet file of crystal structures.")
    try:
        columns = set(pq.ParquetFile(path).schema_arrow.names)
    except (pa.ArrowInvalid, OSError) as error:
        raise BuildError(f"{path}: not a Parquet file ({' '.join(str(error).split())[:120]}).") from None
    missing = [name for name in NEEDED if name not in columns]
    if not columns.intersection(IDS):
        missing.insert(0, " or ".join(IDS))
    if missing:
        raise BuildError(f"{path}: lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}.")


def _strings(path: Path, column: str) -> set[str]:
    found: set[str] = set()
    for batch in pq.ParquetFile(path).iter_batches(columns=[column]):
        found.update(text for text in batch.column(0).unique().to_pylist() if text)
    return found
