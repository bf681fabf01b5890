"""X-ray absorption in columns of text: .dat, .csv, .txt, .nor, .xmu, XDI and what else beamlines write."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.edges import edges_of
from xsearch.spectra.mend import MIN_POINTS
from xsearch.spectra.radiation import HC_EV_A
from xsearch.spectra.readers.absorption import ScanColumns, absorptions
from xsearch.spectra.readers.columns import named_columns
from xsearch.spectra.readers.detectors import Column, Signal, columns_of
from xsearch.spectra.readers.table import TextTable
from xsearch.spectra.readers.wanted import Wanted
from xsearch.spectra.readers.xas_labels import column_names
from xsearch.spectra.readers.xas_scan import MOST_KEV, XasScan, find_absorber

_D_SPACING = re.compile(
    r"\b(?:mono\.)?d[_ -]?spacing\s*[:=]?\s*(?P<value>\d*\.\d+)|\bd\s*=\s*(?P<short>\d\.\d+)", re.IGNORECASE
)
_TWO_D = re.compile(r"\b2\s?d\s*(?:spacing)?\s*[:=]\s*(?P<value>\d+\.\d+)", re.IGNORECASE)
_CRYSTAL = re.compile(r"\b(?P<name>si|ge)\s*[\s(\[]\s*(?P<hkl>\d\s*,?\s*\d\s*,?\s*\d)\b", re.IGNORECASE)
_LATTICE_A = {"si": 5.431020511, "ge": 5.65735}
"""Lattice constants of monochromator crystals at room temperature (CODATA 2018; Smakula and Kalnajs 1955)."""
_MONOTONE = 0.9
"""Of the steps of an energy axis that go one way; set by hand."""
_SPEC_SCAN = re.compile(r"S\s+(?P<number>\d+)\s+(?P<command>\S.*)")
_LEAST_SPAN_EV = 15.0
"""Of the energies of a scan; set by hand."""
_LEAST_SHARE_OF_SCAN = 0.5
"""Of the range of energies that each of several scans, one after another, covers; set by hand."""
_PLAUSIBLE_EV = (40.0, 300_000.0)
"""Energies at which there are edges; set by hand."""


@dataclass(frozen=True, slots=True)
class _Energies:
    """The energies of a scan.

    Attributes:
        values: (n,) in their unit.
        unit: `"eV"`, `"keV"`, or None where nothing is stated.
        column: which column they are, or None where they are computed.
        notes: how they were found.
    """

    values: NDArray[np.float64]
    unit: str | None
    column: int | None
    notes: tuple[str, ...] = ()

    @property
    def in_eV(self) -> NDArray[np.float64]:
        """(n,) as far as the numbers show their unit."""
        low, high = np.nanmin(self.values, initial=np.inf), np.nanmax(self.values, initial=0)
        kilo = self.unit == "keV" or (self.unit is None and low > 0 and high < MOST_KEV)
        return self.values * 1000 if kilo else self.values


def xas_from_table(table: TextTable, name: str, wanted: Wanted, label: str = "") -> tuple[XasScan, ...]:
    """The absorption spectra in a table: energies, and absorption or what that follows from; one a sample or scan.

    Args:
        table: the columns, their names and the words above.
        name: the file's name.
        wanted: what the user says of the columns.
        label: what the file calls the table, where it holds several.

    Raises:
        SpectrumError: where there is no energy or no absorption in it.
    """
    labels, units = column_names(table)
    if (pairs := _pairs(table.values, labels, wanted)) is not None:
        return tuple(scan for pair in pairs for scan in _each(pair, name, wanted))
    return _from_columns(table, labels, units, name, wanted, label)


def _each(table: TextTable, name: str, wanted: Wanted) -> tuple[XasScan, ...]:
    return _from_columns(table, table.labels, ("", ""), name, wanted, table.labels[1])


def _from_columns(
    table: TextTable, labels: tuple[str, ...], units: tuple[str, ...], name: str, wanted: Wanted, label: str
) -> tuple[XasScan, ...]:
    given = wanted.reading.columns
    columns = columns_of(labels)
    energies = _energies(table, labels, units, columns, name, given.get("energy"))
    absorber, edge = find_absorber(table.header)
    edges = edges_of(wanted.absorber or absorber)
    scans: list[XasScan] = []
    runs = _runs(energies.values)
    for number, rows in enumerate(runs, start=1):
        scan = ScanColumns(table.values[rows], labels, columns, energies.in_eV[rows], energies.column, name, edges)
        part = f"scan {number}" if len(runs) > 1 else ""
        for way in absorptions(scan, given):
            said = () if len(labels) == 2 and not any(labels) else (f"Absorption: {way.words}.",)
            called = ", ".join(word for word in (label, way.label, part) if word)
            notes = (*table.notes, *energies.notes, *said)
            scans.append(XasScan(energies.values[rows], way.mu, absorber, edge, energies.unit, notes, called))
    return tuple(scans)


def _energies(
    table: TextTable,
    labels: tuple[str, ...],
    units: tuple[str, ...],
    columns: tuple[Column, ...],
    name: str,
    given: str | None,
) -> _Energies:
    """The energies: the given column, else by name, else from the monochromator's angle, else the first column.

    Raises:
        SpectrumError: where there is an angle only, without the crystal's d-spacing.
    """
    values = table.values
    if given is not None:
        column = named_columns(given, labels, values.shape[1], name)[0]
        said = (f"Energies: {labels[column] or f'column {column + 1}'}, as given.",)
        return _Energies(values[:, column], _unit(labels, units, column), column, said)
    named = [i for i, column in enumerate(columns) if column.signal is Signal.ENERGY]
    if usable := [i for i in named if _is_axis(values[:, i])]:
        column = min(usable, key=lambda i: (columns[i].rank, i))
        among = ", ".join(repr(labels[i]) for i in usable)
        chosen = (f"Energies: column {labels[column]!r} of {among}.",) if len(usable) > 1 else ()
        return _Energies(values[:, column], _unit(labels, units, column), column, chosen)
    angles = [i for i, column in enumerate(columns) if column.signal is Signal.ANGLE and _is_axis(values[:, i])]
    if angles:
        spacing, words = _d_spacing(table.header)
        if spacing is not None:
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                energy = HC_EV_A / (2 * spacing * np.sin(np.radians(values[:, angles[-1]])))
            noted = (f"Energies computed from the monochromator's angle with d = {words}.",)
            return _Energies(energy, "eV", angles[-1], noted)
        if not any(_is_energy(values[:, i]) for i in range(values.shape[1]) if i not in angles):
            raise SpectrumError(
                f"{name}: the axis is the monochromator's angle, without its d-spacing (Mono.d_spacing); energies in "
                "eV are expected."
            )
    column = next((i for i in range(values.shape[1]) if columns[i].signal is None and _is_energy(values[:, i])), 0)
    guessed = (f"Energies taken from column {column + 1}.",) if column else ()
    return _Energies(values[:, column], _unit(labels, units, column), column, guessed)


def _unit(labels: tuple[str, ...], units: tuple[str, ...], column: int) -> str | None:
    words = f"{labels[column]} {units[column]}".lower()
    return "keV" if "kev" in words else "eV" if re.search(r"\bev\b|\(ev|_ev", words) else None


def _d_spacing(header: tuple[str, ...]) -> tuple[float | None, str]:
    """The d-spacing of the monochromator's crystal in Å, and how the header states it."""
    for line in header:
        if match := _TWO_D.search(line):
            return float(match["value"]) / 2, f"{match['value']} / 2 Å"
        if match := _D_SPACING.search(line):
            value = match["value"] or match["short"]
            return float(value), f"{value} Å"
    for line in header:
        if match := _CRYSTAL.search(line):
            hkl = [int(digit) for digit in re.findall(r"\d", match["hkl"])]
            spacing = _LATTICE_A[match["name"].lower()] / float(np.sqrt(sum(index**2 for index in hkl)))
            return spacing, f"{spacing:.5f} Å of {match[0].strip()}"
    return None, ""


def _is_axis(values: NDArray[np.float64], least_span: float = 0.0) -> bool:
    """Whether values run through a range, one way for the most part, or there and back."""
    good = values[np.isfinite(values)]
    if len(good) < MIN_POINTS or np.ptp(good) <= least_span:
        return False
    steps = np.sign(np.diff(good))
    turns = int((np.diff(steps[steps != 0]) != 0).sum())
    return abs(float(steps.mean())) >= _MONOTONE or turns <= len(good) / MIN_POINTS


def _is_energy(values: NDArray[np.float64]) -> bool:
    """Whether values can be photon energies in eV or keV."""
    good = values[np.isfinite(values)]
    if not _is_axis(values) or good.min() <= 0:
        return False
    scale = 1000.0 if good.max() < MOST_KEV else 1.0
    low, high = good.min() * scale, good.max() * scale
    return high - low >= _LEAST_SPAN_EV and low >= _PLAUSIBLE_EV[0] and high <= _PLAUSIBLE_EV[1]


def _runs(axis: NDArray[np.float64]) -> list[slice]:
    """The scans in an axis that starts again or turns back; one where it does neither.

    Each covers at least half of the whole range; what is less belongs to a scan in parts, or is disorder.
    """
    good = np.flatnonzero(np.isfinite(axis))
    if len(good) < 2 * MIN_POINTS:
        return [slice(None)]
    x = axis[good]
    span = float(np.ptp(x))
    steps = np.diff(x)
    way = np.sign(steps)
    back = np.flatnonzero(np.abs(steps) > _LEAST_SHARE_OF_SCAN * span)
    moving = np.flatnonzero(way)
    turns = moving[1:][np.diff(way[moving]) != 0] if len(moving) > 1 else moving[:0]
    cuts = sorted({*(back + 1).tolist(), *(turns if len(turns) <= len(x) / MIN_POINTS else turns[:0]).tolist()})
    bounds = [0, *cuts, len(x)]
    runs = [(a, b) for a, b in pairwise(bounds) if b - a >= MIN_POINTS and np.ptp(x[a:b]) > _LEAST_SHARE_OF_SCAN * span]
    covered = sum(b - a for a, b in runs)
    if len(runs) < 2 or covered < 0.8 * len(x):
        return [slice(None)]
    return [slice(int(good[a]), int(good[b - 1]) + 1) for a, b in runs]


def _pairs(values: NDArray[np.float64], labels: tuple[str, ...], wanted: Wanted) -> list[TextTable] | None:
    """Tables of two columns, where each spectrum of several has energies of its own beside it; None elsewhere."""
    count = values.shape[1]
    if count < 4 or count % 2 or wanted.reading.columns:
        return None
    columns = columns_of(labels)
    named = [column.signal is Signal.ENERGY for column in columns]
    alternate = [i % 2 == 0 for i in range(count)]
    if any(labels):
        if named != alternate:
            return None
    elif [_is_energy(values[:, i]) for i in range(count)] != alternate:
        return None
    called = _names_of_pairs(labels)
    return [TextTable(values[:, i : i + 2], ("energy", called[i // 2]), (), ()) for i in range(0, count, 2)]


def _names_of_pairs(labels: tuple[str, ...]) -> list[str]:
    names: Sequence[str] = labels[1::2]
    if all(names) and len(set(names)) == len(names):
        return list(names)
    return [f"spectrum {number}" for number in range(1, len(names) + 1)]


def xas_from_tables(tables: Sequence[TextTable], name: str, wanted: Wanted) -> tuple[XasScan, ...]:
    """The spectra of all tables of a file; those without one are left out and counted.

    Args:
        tables: of the file, in its order.
        name: the file's name.
        wanted: what the user says.

    Raises:
        SpectrumError: of the first, where none holds a spectrum.
    """
    several = len(tables) > 1
    shared = len(tables[0].header) if several else 0
    scans: list[XasScan] = []
    problems: list[SpectrumError] = []
    for number, table in enumerate(tables, start=1):
        label = _scan_label(table.header[shared if number > 1 else 0 :], number) if several else ""
        try:
            scans += xas_from_table(table, name, wanted, label)
        except SpectrumError as error:
            problems.append(error)
    if not scans:
        raise problems[0]
    if not problems:
        return tuple(scans)
    said = f"{len(problems)} of {len(tables)} tables in the file hold no absorption spectrum and were left out."
    return tuple(replace(scan, notes=(*scan.notes, said)) for scan in scans)


def _scan_label(words: tuple[str, ...], number: int) -> str:
    """What a file calls one of its scans: SPEC writes `#S 2 ascan energy 6.97 7.62` above it."""
    for line in words:
        if match := _SPEC_SCAN.match(line):
            return f"scan {match['number']}: {match['command'].strip()}"[:60]
    return f"table {number}"
