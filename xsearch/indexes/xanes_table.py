"""The spectra of one absorber and edge: arrays that are searched as a whole, and their Arrow form."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xsearch.errors import BrokenIndex, BuildError
from xsearch.preprocess.xanes import WINDOW_POINTS

KINDS = ("simulated", "measured", "predicted")
LEVELS = ("material", "site")
TEXTS = ("spectrum_id", "material_id", "reduced_formula", "kind", "level", "code", "source", "licence")


@dataclass(frozen=True, slots=True, eq=False)
class XanesTable:
    """Spectra of one absorber and edge, n of them.

    Attributes:
        absorber, edge: of all of them.
        values: (n, 200) float32 windows, zero where unknown.
        known: (n, 200) bool.
        offset_eV: (n,) float32, E0 less the tabulated edge.
        elements: n sets of element symbols.
        spectrum_id: (n,) unique.
        material_id: (n,) the index's entry; empty where the spectrum is a reference of its own.
        reduced_formula: (n,).
        kind: (n,) one of `KINDS`.
        level: (n,) one of `LEVELS`: the mean over a material's absorbers, or one of them.
        code: (n,) what made it, such as `FEFF9` or a beamline.
        source, licence: (n,) of the data.
    """

    absorber: str
    edge: str
    values: NDArray[np.float32]
    known: NDArray[np.bool_]
    offset_eV: NDArray[np.float32]
    elements: tuple[frozenset[str], ...]
    spectrum_id: NDArray[np.object_]
    material_id: NDArray[np.object_]
    reduced_formula: NDArray[np.object_]
    kind: NDArray[np.object_]
    level: NDArray[np.object_]
    code: NDArray[np.object_]
    source: NDArray[np.object_]
    licence: NDArray[np.object_]

    def __post_init__(self) -> None:
        n = len(self.offset_eV)
        if self.values.shape != (n, WINDOW_POINTS) or self.known.shape != (n, WINDOW_POINTS):
            raise BuildError(
                f"{self.absorber} {self.edge}: {n} spectra need windows of {n} by {WINDOW_POINTS}, got "
                f"{self.values.shape} and {self.known.shape}."
            )
        if bad := [name for name in (*TEXTS, "elements") if len(getattr(self, name)) != n]:
            raise BuildError(f"{self.absorber} {self.edge}: {bad[0]} does not have {n} entries.")
        if strange := sorted(set(self.kind) - set(KINDS)):
            raise BuildError(f"Unknown kind {strange[0]!r} of spectrum; one of {', '.join(KINDS)} is expected.")

    def __len__(self) -> int:
        return len(self.offset_eV)

    def take(self, rows: NDArray[np.generic]) -> Self:
        """Some of the spectra, by index or mask."""
        chosen = np.flatnonzero(rows) if rows.dtype == bool else np.asarray(rows, np.int64)
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("absorber", "edge", "elements")}
        return type(self)(
            absorber=self.absorber,
            edge=self.edge,
            elements=tuple(self.elements[i] for i in chosen),
            **{name: array[chosen] for name, array in arrays.items()},
        )

    def within(self, allowed: frozenset[str]) -> NDArray[np.bool_]:
        """(n,) whether a spectrum's compound holds no element outside a set."""
        return np.array([e <= allowed for e in self.elements], bool)

    def to_arrow(self) -> pa.Table:
        """As an Arrow table; windows in half precision, their known part as first and last point."""
        first = self.known.argmax(1)
        last = WINDOW_POINTS - 1 - self.known[:, ::-1].argmax(1)
        halves = np.ascontiguousarray(self.values, np.float16)
        columns = {
            "values": pa.FixedSizeListArray.from_arrays(pa.array(halves.ravel()), WINDOW_POINTS),
            "first": pa.array(first.astype(np.uint8)),
            "last": pa.array(last.astype(np.uint8)),
            "offset_eV": pa.array(self.offset_eV),
            "elements": pa.array([" ".join(sorted(e)) for e in self.elements], pa.string()),
            **{name: pa.array(list(getattr(self, name)), pa.string()) for name in TEXTS},
        }
        return pa.table(columns).replace_schema_metadata({"absorber": self.absorber, "edge": self.edge})

    @classmethod
    def from_arrow(cls, table: pa.Table) -> Self:
        """Back from `to_arrow`."""
        meta = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
        table = table.combine_chunks()
        flat = table.column("values").combine_chunks().values.to_numpy(zero_copy_only=False)
        place = np.arange(WINDOW_POINTS)
        first, last = (table.column(name).to_numpy()[:, None] for name in ("first", "last"))
        return cls(
            absorber=meta["absorber"],
            edge=meta["edge"],
            values=flat.reshape(-1, WINDOW_POINTS).astype(np.float32),
            known=(place >= first) & (place <= last),
            offset_eV=table.column("offset_eV").to_numpy().astype(np.float32),
            elements=tuple(frozenset(text.split()) for text in table.column("elements").to_pylist()),
            **{name: np.array(table.column(name).to_pylist(), object) for name in TEXTS},
        )


def concatenate(tables: list[XanesTable]) -> XanesTable:
    """Tables of one absorber and edge as one."""
    if len({(t.absorber, t.edge) for t in tables}) != 1:
        raise BuildError("Only spectra of one absorber and edge make a table.")
    arrays = [f.name for f in fields(XanesTable) if f.name not in ("absorber", "edge", "elements")]
    return XanesTable(
        absorber=tables[0].absorber,
        edge=tables[0].edge,
        elements=tuple(e for t in tables for e in t.elements),
        **{name: np.concatenate([getattr(t, name) for t in tables]) for name in arrays},
    )


def save_tables(tables: list[XanesTable], folder: Path) -> None:
    """One Arrow file an absorber and edge, such as `Fe_K.arrow`; written aside and moved in."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        path = folder / f"{table.absorber}_{table.edge.replace(',', '')}.arrow"
        aside = path.with_suffix(".part")
        arrow = table.to_arrow()
        with pa.OSFile(str(aside), "wb") as sink, pa.ipc.new_file(sink, arrow.schema) as writer:
            writer.write_table(arrow)
        aside.replace(path)


def open_tables(folder: Path) -> dict[tuple[str, str], XanesTable]:
    """All tables of a folder by absorber and edge.

    Raises:
        BrokenIndex: where a file cannot be read.
    """
    found = {}
    for path in sorted(folder.glob("*.arrow")):
        try:
            table = XanesTable.from_arrow(pa.ipc.open_file(pa.memory_map(str(path))).read_all())
        except (pa.ArrowInvalid, KeyError, ValueError) as error:
            raise BrokenIndex(f"{path} cannot be read: {error}; rebuild the index.") from error
        found[table.absorber, table.edge] = table
    return found
