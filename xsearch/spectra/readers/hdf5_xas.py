"""X-ray absorption in HDF5 files: NXxas, the scans of BLISS and of other SPEC-like recorders, and beamlines' own trees.

A scan is a group that holds columns of one length: its counters may stand side by side (`measurement`, `scan_data`,
`data`), or each in a detector of its own (`instrument/i0/data`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import h5py
import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MIN_POINTS
from xsearch.spectra.readers import hdf5
from xsearch.spectra.readers.source import SourceFile
from xsearch.spectra.readers.table import TextTable
from xsearch.spectra.readers.wanted import Wanted
from xsearch.spectra.readers.xas_scan import XasScan
from xsearch.spectra.readers.xas_text import xas_from_table

MOST_SCANS = 500
"""Of a file; set by hand."""
MOST_COLUMNS = 300
"""Of a scan; set by hand."""
MOST_CHANNELS = 128
"""Of a detector that stands in one dataset; more are a spectrum of its own at each point. Set by hand."""
_GENERIC = re.compile(r"(data|value|values|counts|raw|intensity|signal|y|x|(data|actuator)_\d+(_\d+)?)", re.IGNORECASE)
"""Names of datasets that say nothing: the detector's name is that of the group."""
_FIELDS = {
    "element": "Element.symbol", "symbol": "Element.symbol", "absorber": "Element.symbol",
    "absorbing_element": "Element.symbol", "edge": "Element.edge", "absorption_edge": "Element.edge",
    "absorbed_edge": "Element.edge", "d_spacing": "Mono.d_spacing", "formula": "Sample.formula",
    "chemical_formula": "Sample.formula",
}  # fmt: skip
"""Fields of a scan by their names, as XDI calls them."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a scan: its name, where it lies, and its values, (n,)."""

    name: str
    path: str
    unit: str
    values: NDArray[np.float64]


def xas_in_hdf5(source: SourceFile, wanted: Wanted) -> tuple[XasScan, ...]:
    """All absorption spectra of an HDF5 file.

    Args:
        source: the file.
        wanted: what the user says; columns are names or paths of datasets.

    Raises:
        SpectrumError: where the file is damaged, or holds no absorption spectrum.
    """
    with hdf5.opened(source) as file:
        entries = list(_entries(file))
        scans: list[XasScan] = []
        problem: SpectrumError | None = None
        left_out = 0
        for name, entry in entries[:MOST_SCANS]:
            try:
                scans += _of_entry(name if len(entries) > 1 else "", entry, source.name, wanted)
            except SpectrumError as error:
                problem, left_out = problem or error, left_out + 1
    if not scans:
        raise problem or SpectrumError(f"{source.name}: an HDF5 file without a column of energies in it.")
    if not left_out:
        return tuple(scans)
    said = f"{left_out} of {len(entries)} scans in the file hold no absorption spectrum and were left out."
    return tuple(replace(scan, notes=(*scan.notes, said)) for scan in scans)


def _entries(file: h5py.File) -> Iterator[tuple[str, h5py.Group]]:
    """The scans of a file: its entries, or all of it where there are none."""
    inner = {name: hdf5.child(file, name) for name in hdf5.names(file)}
    groups = {name: group for name, group in inner.items() if isinstance(group, h5py.Group)}
    classes = {name: hdf5.attribute(group, "NX_class") for name, group in groups.items()}
    if any(kind == "NXentry" for kind in classes.values()):
        groups = {name: group for name, group in groups.items() if classes[name] in ("NXentry", "NXsubentry")}
    if not groups or any(
        isinstance(one, h5py.Dataset) and one.ndim == 1 and len(one) >= MIN_POINTS for one in inner.values()
    ):
        yield "", file
        return
    yield from sorted(groups.items(), key=lambda item: [int(n) for n in re.findall(r"\d+", item[0])] or [0])


def _of_entry(name: str, entry: h5py.Group, file_name: str, wanted: Wanted) -> tuple[XasScan, ...]:
    """The spectra of a scan: of the group that holds its columns, else of all columns below it."""
    header, title = _words(entry)
    label = ", ".join(word for word in (name, title) if word)[:60]
    problem = SpectrumError(f"{file_name}: no column of energies in it; an absorption spectrum is expected.")
    for columns in _tables(entry):
        table = TextTable(
            np.column_stack([column.values for column in columns]),
            tuple(column.name for column in columns),
            (*header, *(f"Column.{i}: {c.name} {c.unit}" for i, c in enumerate(columns, start=1) if c.unit)),
            (),
        )
        try:
            return xas_from_table(table, file_name, _by_name(wanted, columns), label)
        except SpectrumError as error:
            problem = error
    raise problem


def _tables(entry: h5py.Group) -> Iterator[list[_Column]]:
    """Columns that may make a scan: of each group that holds several, then of the whole entry by their length."""
    pool: dict[int, list[_Column]] = {}
    seen: set[tuple[int, int]] = set()
    for path, group in _below(entry):
        here: dict[int, list[_Column]] = {}
        for column, key in _columns(path, group):
            here.setdefault(len(column.values), []).append(column)
            if key not in seen:
                seen.add(key)
                pool.setdefault(len(column.values), []).append(column)
        for columns in here.values():
            if len(columns) > 1 and any("ene" in column.name.lower() for column in columns):
                yield columns[:MOST_COLUMNS]
    for length in sorted(pool, key=lambda n: -len(pool[n])):
        if len(pool[length]) > 1:
            yield pool[length][:MOST_COLUMNS]


def _below(entry: h5py.Group) -> Iterator[tuple[str, h5py.Group]]:
    """The groups of an entry with their paths, those with the scan's columns first."""
    found = list(hdf5.groups(entry))
    order = ("measurement", "scan_data", "data")
    yield from sorted(found, key=lambda item: next((i for i, w in enumerate(order) if item[0].endswith(w)), len(order)))


def _columns(path: str, group: h5py.Group) -> Iterator[tuple[_Column, tuple[int, int]]]:
    """The columns of a group, each with its address in the file; the channels of a detector are summed."""
    for name, dataset in list(hdf5.datasets(group).items())[: 4 * MOST_COLUMNS]:
        if not hdf5.is_numeric(dataset) or dataset.ndim not in (1, 2) or dataset.shape[0] < MIN_POINTS:
            continue
        if dataset.ndim == 2 and dataset.shape[1] > MOST_CHANNELS:
            continue
        values = hdf5.values(dataset)
        values = values.sum(axis=1) if values.ndim == 2 else values
        full = f"{path.rstrip('/')}/{name}"
        yield (
            _Column(_called(dataset, name, path), full, hdf5.attribute(dataset, "units"), values),
            hdf5.address(dataset),
        )


def _called(dataset: h5py.Dataset, name: str, path: str) -> str:
    """What a column is called: by its own name, its long name, or that of its detector."""
    if not _GENERIC.fullmatch(name):
        return name
    if long_name := hdf5.attribute(dataset, "long_name") or hdf5.attribute(dataset, "local_name"):
        return re.sub(r"\s+", "_", long_name.rpartition("/")[2].strip())
    parent = path.rstrip("/").rpartition("/")[2]
    return parent if parent and parent not in ("data", "measurement", "scan_data") else name


def _words(entry: h5py.Group) -> tuple[tuple[str, ...], str]:
    """What a scan says of its element, edge, crystal and sample, as XDI's header lines, and its title."""
    header: list[str] = []
    title = ""
    for path, group in hdf5.groups(entry):
        parent = path.rstrip("/").rpartition("/")[2].lower()
        for name, dataset in list(hdf5.datasets(group).items())[:MOST_COLUMNS]:
            word = name.lower()
            if word == "title" and not title:
                title = hdf5.text_of(dataset).strip().replace("\n", " ")
            if word == "name" and parent in ("element", "edge"):
                word = parent
            if word in _FIELDS:
                text = hdf5.text_of(dataset) or (str(dataset[()]) if dataset.ndim == 0 else "")
                header.append(f"{_FIELDS[word]}: {text.strip()}")
    return tuple(header), title


def _by_name(wanted: Wanted, columns: list[_Column]) -> Wanted:
    """What the user says, with the paths of datasets as the numbers of their columns."""
    numbers = {column.path: str(i) for i, column in enumerate(columns, start=1)}
    given = {
        role: next((number for path, number in numbers.items() if text.startswith("/") and text.endswith(path)), text)
        for role, text in wanted.reading.columns.items()
    }
    return replace(wanted, reading=replace(wanted.reading, columns=given))
