"""Absorption spectra of an index: raw numbers with their origin, and beside them what is searched.

One Arrow file holds them all, ordered as they were built. The near edge is searched as a window, EXAFS as k²χ(k) where
a spectrum reaches far enough. A spectrum whose edge cannot be found keeps its raw numbers and has neither. `row_id` is
resolved when the file is written: the entry of the index that a spectrum belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from xsearch.chemistry.formula import parse_formula
from xsearch.errors import CrystalError, SpectrumError
from xsearch.indexes.outcome import FAILURE_FIELDS, Failure, Outcome
from xsearch.indexes.records import arrays_of, ragged
from xsearch.indexes.tables import TableWriter, row_numbers
from xsearch.indexes.xanes_table import TEXTS, XanesTable
from xsearch.preprocess.exafs import EXAFS, K_GRID_invA, computed_k2_chi, extract_exafs
from xsearch.preprocess.xanes import WINDOW_POINTS, XanesWindow, normalize, window
from xsearch.spectra.xas import XasSpectrum

SPECTRA = "spectra.arrow"
BATCH_ROWS = 8192
"""Rows of a batch of spectra: some 40 MB."""

_TEXT = (
    "spectrum_id",
    "material_id",
    "reduced_formula",
    "absorber",
    "edge",
    "spectrum_type",
    "level",
    "kind",
    "code",
    "source",
    "licence",
    "reference",
    "last_updated",
)
SPECTRUM_SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in _TEXT),
        pa.field("site_index", pa.int32()),
        pa.field("energy_eV", pa.list_(pa.float64())),
        pa.field("mu", pa.list_(pa.float64())),
        pa.field("elements", pa.string()),  # of the compound, separated by blanks
        pa.field("window", pa.list_(pa.float16())),  # 200 values, null where there is no window
        pa.field("window_first", pa.uint8()),  # first and last of them that were measured
        pa.field("window_last", pa.uint8()),
        pa.field("window_offset_eV", pa.float32()),  # its zero less the tabulated edge
        pa.field("window_note", pa.string()),  # why there is none
        pa.field("k2_chi", pa.list_(pa.float16())),  # on the wave numbers of EXAFS, null where it does not reach far
    ]
)
CHUNK_SCHEMA = pa.schema([*SPECTRUM_SCHEMA, *FAILURE_FIELDS])
STORED_SCHEMA = pa.schema([pa.field("row_id", pa.int32()), *SPECTRUM_SCHEMA])


@dataclass(frozen=True, slots=True, eq=False)
class SpectraChunk(Outcome):
    """The spectra and failures of one run of input items; `CHUNK_SCHEMA` is the schema of its table."""

    schema = CHUNK_SCHEMA

    @classmethod
    def from_spectra(cls, spectra: Sequence[XasSpectrum], failures: Sequence[Failure] = ()) -> SpectraChunk:
        """Spectra in the order given with their windows worked out, then failures."""
        return cls.with_failures(_rows_of(spectra), failures)

    @classmethod
    def from_stored(cls, table: pa.Table) -> SpectraChunk:
        """Rows of an index's spectra back as a chunk."""
        return cls.with_failures(table.select(SPECTRUM_SCHEMA.names), ())


def write_spectra(
    chunks: Iterable[SpectraChunk], path: Path, rows: dict[str, int], failures: list[tuple[str, str]]
) -> int:
    """Write an index's spectra, each with the row of its material.

    Of spectra that share an id the first is kept; a spectrum of a material that did not become an entry, and failed
    items, are added to `failures`.

    Args:
        chunks: in order.
        path: the file; none is written where there is no spectrum.
        rows: row by material id.
        failures: pairs of item and reason, to be added to.

    Returns:
        How many there are.
    """
    seen: set[str] = set()
    count = 0
    with TableWriter(path, STORED_SCHEMA, BATCH_ROWS) as file:
        for chunk in chunks:
            failures += [(failure.item_id, failure.reason) for failure in chunk.failures]
            table = chunk.made
            keep, where = [], []
            pairs = zip(table.column("spectrum_id").to_pylist(), table.column("material_id").to_pylist(), strict=True)
            for name, material in pairs:
                reason = None
                if name in seen:
                    reason = "another spectrum has this id; the first one was kept"
                elif material is not None and material not in rows:
                    reason = f"its material {material} is no entry of this index"
                else:
                    seen.add(name)
                    where.append(None if material is None else rows[material])
                keep.append(reason is None)
                if reason is not None:
                    failures.append((name, reason))
            kept = table.filter(pa.array(keep, pa.bool_())).select(SPECTRUM_SCHEMA.names)
            file.append(pa.table([pa.array(where, pa.int32()), *kept.columns], schema=STORED_SCHEMA))
            count += kept.num_rows
    if not count:
        path.unlink()
    return count


def stored_spectra(table: pa.Table) -> list[XasSpectrum]:
    """Rows of an index's spectra as objects."""
    texts = {name: table.column(name).to_pylist() for name in _TEXT}
    sites = table.column("site_index").to_pylist()
    energies, mus = arrays_of(table.column("energy_eV")), arrays_of(table.column("mu"))
    return [
        XasSpectrum(
            energy_eV=energies[i],
            mu=mus[i],
            site_index=sites[i],
            **{name: values[i] for name, values in texts.items()},
        )
        for i in range(table.num_rows)
    ]


def tables_of(stored: pa.Table) -> dict[tuple[str, str], XanesTable]:
    """The windows of all near-edge spectra as tables that are searched, by absorber and edge."""
    return {key: xanes_table(spectra_of_edge(stored, *key), *key) for key in edges_of(stored)}


def edges_of(stored: pa.Table) -> list[tuple[str, str]]:
    """Absorber and edge of all spectra that can be searched, sorted."""
    pairs = stored.filter(stored.column("window").is_valid()).select(["absorber", "edge"])
    found = pairs.group_by(["absorber", "edge"]).aggregate([])
    return sorted(zip(found.column("absorber").to_pylist(), found.column("edge").to_pylist(), strict=True))


def spectra_of_edge(stored: pa.Table, absorber: str, edge: str) -> pa.Table:
    """The rows of an absorber and edge that can be searched."""
    return stored.take(row_numbers(edge_rows(stored, absorber, edge)))


def edge_rows(stored: pa.Table, absorber: str, edge: str) -> NDArray[np.int64]:
    """(n,) which rows of the stored spectra these are."""
    return _rows_with(stored, absorber, edge, "window")


def exafs_edges_of(stored: pa.Table) -> set[tuple[str, str]]:
    """Absorber and edge of all spectra that hold EXAFS."""
    pairs = stored.filter(stored.column("k2_chi").is_valid()).select(["absorber", "edge"])
    found = pairs.group_by(["absorber", "edge"]).aggregate([])
    return set(zip(found.column("absorber").to_pylist(), found.column("edge").to_pylist(), strict=True))


def exafs_rows(stored: pa.Table, absorber: str, edge: str) -> NDArray[np.int64]:
    """(n,) which rows of an absorber and edge hold EXAFS."""
    return _rows_with(stored, absorber, edge, "k2_chi")


def _rows_with(stored: pa.Table, absorber: str, edge: str, column: str) -> NDArray[np.int64]:
    mask = pc.and_(pc.equal(stored.column("absorber"), absorber), pc.equal(stored.column("edge"), edge))
    return np.flatnonzero(pc.and_(mask, stored.column(column).is_valid()).to_numpy()).astype(np.int64)


def exafs_arrays(rows: pa.Table) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """(n, 321) k²χ(k), zero where unknown, and (n,) wave numbers up to which it is known; of rows that hold EXAFS."""
    k2_chi = np.zeros((rows.num_rows, len(K_GRID_invA)), np.float32)
    end = np.zeros(rows.num_rows)
    for place, values in enumerate(arrays_of(rows.column("k2_chi"))):
        k2_chi[place, : len(values)] = values
        end[place] = K_GRID_invA[len(values) - 1]
    return k2_chi, end


def with_exafs(table: pa.Table) -> pa.Table:
    """The spectra of an index; one that was built before EXAFS was stored holds none."""
    if "k2_chi" in table.column_names:
        return table
    return table.append_column(SPECTRUM_SCHEMA.field("k2_chi"), pa.nulls(len(table), pa.list_(pa.float16())))


def xanes_table(rows: pa.Table, absorber: str, edge: str) -> XanesTable:
    """Rows of one absorber and edge as a table that is searched; of a row without a window nothing is known there."""
    place = np.arange(WINDOW_POINTS)
    first, last = (
        rows.column(f"window_{name}").fill_null(fill).to_numpy()[:, None]
        for name, fill in (("first", WINDOW_POINTS), ("last", 0))
    )
    has_window = rows.column("window").is_valid().to_numpy()
    values = np.zeros((rows.num_rows, WINDOW_POINTS), np.float32)
    values[has_window] = pc.list_flatten(rows.column("window")).to_numpy().astype(np.float32).reshape(-1, WINDOW_POINTS)
    texts = {name: np.array([text or "" for text in rows.column(name).to_pylist()], object) for name in TEXTS}
    return XanesTable(
        absorber=absorber,
        edge=edge,
        values=values,
        known=(place >= first) & (place <= last),
        offset_eV=rows.column("window_offset_eV").fill_null(0.0).to_numpy().astype(np.float32),
        elements=tuple(frozenset(text.split()) for text in rows.column("elements").to_pylist()),
        **texts,
    )


def _rows_of(spectra: Sequence[XasSpectrum]) -> pa.Table:
    cut = [_searched(spectrum) for spectrum in spectra]
    windows = [one.window for one in cut]
    columns: dict[str, pa.Array] = {
        name: pa.array([getattr(spectrum, name) for spectrum in spectra], pa.string()) for name in _TEXT
    }
    columns["site_index"] = pa.array([spectrum.site_index for spectrum in spectra], pa.int32())
    columns["energy_eV"] = ragged([spectrum.energy_eV for spectrum in spectra], np.float64)
    columns["mu"] = ragged([spectrum.mu for spectrum in spectra], np.float64)
    columns["elements"] = pa.array([_elements_of(spectrum) for spectrum in spectra], pa.string())
    columns["window"] = ragged([None if w is None else w.values for w in windows], np.float16)
    columns["window_first"] = pa.array([None if w is None else int(w.known.argmax()) for w in windows], pa.uint8())
    columns["window_last"] = pa.array(
        [None if w is None else WINDOW_POINTS - 1 - int(w.known[::-1].argmax()) for w in windows], pa.uint8()
    )
    columns["window_offset_eV"] = pa.array([None if w is None else w.offset_eV for w in windows], pa.float32())
    columns["window_note"] = pa.array([one.note for one in cut], pa.string())
    columns["k2_chi"] = ragged([one.k2_chi for one in cut], np.float16)
    return pa.table([columns[field.name] for field in SPECTRUM_SCHEMA], schema=SPECTRUM_SCHEMA)


class _Searched(NamedTuple):
    """What of a spectrum is searched: its window or why there is none, and k²χ(k) where it reaches far enough."""

    window: XanesWindow | None
    note: str | None
    k2_chi: NDArray[np.float64] | None


def _searched(spectrum: XasSpectrum) -> _Searched:
    is_near_edge = spectrum.spectrum_type == "XANES"
    note = None if is_near_edge else f"{spectrum.spectrum_type} has no near edge that is searched"
    if spectrum.spectrum_type == "EXAFS" and spectrum.kind == "simulated":
        whole = len(spectrum.mu) > 1 and bool(np.isfinite(spectrum.mu).all())
        return _Searched(None, note, computed_k2_chi(spectrum.energy_eV, spectrum.mu) if whole else None)
    try:
        normalized = normalize(spectrum.to_xanes())
    except SpectrumError as error:
        return _Searched(None, " ".join(str(error).split()) if is_near_edge else note, None)
    k2_chi = None
    if spectrum.kind != "predicted" and normalized.energy_eV[-1] - normalized.e0_eV >= EXAFS.least_reach_eV:
        with suppress(SpectrumError):
            k2_chi = extract_exafs(normalized).known_k2_chi
    return _Searched(window(normalized) if is_near_edge else None, note, k2_chi)


def _elements_of(spectrum: XasSpectrum) -> str:
    try:
        return " ".join(sorted(parse_formula(spectrum.reduced_formula)))
    except CrystalError:
        return spectrum.absorber
