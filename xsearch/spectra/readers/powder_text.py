"""Powder patterns in columns of text: .xy, .xye, .csv, .txt, .dat, .chi and what else instruments export."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MIN_POINTS
from xsearch.spectra.readers.columns import Role, list_columns, named_columns, roles_of, unit_of_label
from xsearch.spectra.readers.headers import find_wavelength
from xsearch.spectra.readers.other_data import DISTRIBUTION, FLIGHT, other_radiation
from xsearch.spectra.readers.ranges import Range, scans_of
from xsearch.spectra.readers.scan import NAMED_AXES, PowderAxis, PowderScan
from xsearch.spectra.readers.table import TextTable
from xsearch.spectra.readers.wanted import Wanted

_AXES = (Role.TWO_THETA, Role.Q, Role.D, Role.THETA)
_NAMED_ROLES = {"2theta": Role.TWO_THETA, "theta": Role.THETA, "q": Role.Q, "d": Role.D}
_Q_HEADER = re.compile(r"(?<![a-z0-9])q\s*[\(\[_ ]+\s*(?:1/)?\s*(nm|a|å|ang)", re.IGNORECASE)
_RAD_HEADER = re.compile(r"2\s*-?(?:theta|th|θ)\W{0,3}rad", re.IGNORECASE)
_DISTRIBUTION_LABELS = re.compile(r"r\b.*\sg\b.*|g\s*\(\s*r\s*\).*|.*\sf\s*\(\s*q\s*\).*", re.IGNORECASE)
_FLIGHT_LABELS = re.compile(r"tof|t\s*[(\[]?\s*(?:us|µs|μs|musec|microsec)|time.*flight", re.IGNORECASE)
_LEAST_INVNM, _MOST_INVA = 14.0, 35.0
"""A q axis without a unit that ends below the first is in 1/Å, beyond the second in 1/nm; between, both could be; set
by hand."""
_LONGEST_THETA_DEG = 50.0
"""At which a column called θ may end to be doubled unasked; set by hand."""
_SHORTEST_D_A = 1.0
"""At which d must begin at least to be in Å where no unit is named; set by hand."""
_LONGEST_TITLE = 60
"""Characters of the name of a scan."""
_NO_AXIS = re.compile(
    r"^(?:s|k|sin.*)\s*[(\[/_].*|(?:1/|inv|[-⁻][1¹]).*(?:nm|å|ang)|chan|pixel|radius|r[\s_(]*(?:mm|px|pix)|time|temp|"
    r"^(?:energy|e)\b|position\s*[(\[]?mm",
    re.IGNORECASE,
)
"""Names of a first column that is neither an angle nor q nor d, where none has such a name."""
_ODD_COLUMNS = re.compile(
    r"calc|diff|back|bkg|bck|resid|weight|time|temp|step|esd|err|sig|omega|theta|chi|phi|index|^no\.?$|^n$|^#$|posr?",
    re.IGNORECASE,
)


def powder_scans(tables: Sequence[TextTable], name: str, wanted: Wanted) -> tuple[PowderScan, ...]:
    """The powder patterns in the tables of a text; tables along 2θ that stand one below the other are its ranges.

    Raises:
        SpectrumError: where the axis leaves a choice, or a column that the user names is not there.
    """
    parts = [part for table in tables for part in _split_at_restarts(table)]
    found = [powder_from_table(part, name, wanted) for part in parts]
    scans = [scan for one in found for scan in one]
    if len(parts) == 1 or len(scans) > len(parts) or any(scan.unit is not PowderAxis.TWO_THETA_DEG for scan in scans):
        return tuple(scans)
    ranges = [
        Range(scan.axis, scan.intensity, None, scan.wavelength, _title(part.header), scan.notes)
        for scan, part in zip(scans, parts, strict=True)
    ]
    return tuple(replace(scan, unfit=scans[0].unfit) for scan in scans_of(ranges, name, "tables"))


def _title(header: tuple[str, ...]) -> str:
    """The last words above a table that are no names of columns, as the name of a scan."""
    titles = [line for line in header if re.match(r"(#?S\s|scan|sample|data|title|temp|time)", line, re.IGNORECASE)]
    return titles[-1][:_LONGEST_TITLE] if titles else ""


def _split_at_restarts(table: TextTable) -> list[TextTable]:
    """A table in parts where its first column falls back: scans one below the other without words between."""
    axis = table.values[:, 0]
    steps = np.diff(axis)
    falls = np.flatnonzero(steps < 0) + 1
    parts = np.split(np.arange(len(axis)), falls)
    if not len(falls) or any(len(part) < MIN_POINTS for part in parts[:-1]) or len(parts[-1]) < 2:
        return [table]
    return [replace(table, values=table.values[part]) for part in parts]


def powder_from_table(table: TextTable, name: str, wanted: Wanted) -> list[PowderScan]:
    """The powder patterns in a table: axis, counts and wavelength, by the words above it and over its columns.

    Raises:
        SpectrumError: where the axis leaves a choice, or a column that the user names is not there.
    """
    unfit = _unfit(table)
    stated = find_wavelength(table.header)
    count = table.values.shape[1]
    scans = []
    triples = columns_of_pattern(table, name, wanted)
    for axis_column, columns, sigma_column in triples:
        axis, intensity = table.values[:, axis_column], table.values[:, list(columns)].sum(axis=1)
        unit, said = axis_unit(table, axis_column, name, wanted)
        sigma = None if sigma_column is None else table.values[:, sigma_column]
        there = _there(axis, intensity)
        notes = list(table.notes)
        if count > 2 + (sigma is not None) or (axis_column, *columns) != (0, 1):
            notes.append(_columns_read(table, axis_column, columns))
        label = table.labels[columns[0]] if table.labels else ""
        scans.append(
            PowderScan(
                axis[there], intensity[there], unit, stated, (*notes, *said), label if len(triples) > 1 else "",
                None if sigma is None else sigma[there], unfit,
            )
        )  # fmt: skip
    return scans


def columns_of_pattern(table: TextTable, name: str, wanted: Wanted) -> list[tuple[int, tuple[int, ...], int | None]]:
    """The columns of axis, intensity and standard deviation of each pattern in a table."""
    values, labels = table.values, table.labels
    count = values.shape[1]
    roles: tuple[Role | None, ...] = roles_of(labels) or (None,) * count
    named = wanted.reading.columns
    axis_names = [role for role in _NAMED_ROLES if role in named]
    if axis_names or "intensity" in named:
        first = [roles.index(role) for role in _AXES if role in roles] or [0]
        axis_column = _one(named[axis_names[0]], labels, count, name) if axis_names else first[0]
        if "intensity" in named:
            columns = named_columns(named["intensity"], labels, count, name)
        else:
            columns = (_intensity_column(roles, axis_column, count),)
        return [(axis_column, columns, _sigma_column(table, roles, axis_column, columns, name, wanted))]
    axis_columns = [i for i, role in enumerate(roles) if role in _AXES]
    best = next((role for role in _AXES if role in roles), None)
    same = [i for i in axis_columns if roles[i] is best]
    if not labels:
        same = _axes_by_value(values)
    if len(same) > 1 and all(b - a >= 2 for a, b in pairwise(same)) and same[-1] < count - 1:
        return [
            (i, (i + 1,), i + 2 if (j - i > 2 and roles[i + 2] is Role.SIGMA) else None)
            for i, j in zip(same, [*same[1:], count], strict=True)
        ]
    axis_column = same[0] if same else 0
    several = _series_columns(labels, roles, axis_column)
    if several:
        return [(axis_column, (column,), None) for column in several]
    column = _intensity_column(roles, axis_column, count)
    return [(axis_column, (column,), _sigma_column(table, roles, axis_column, (column,), name, wanted))]


def _one(text: str, labels: tuple[str, ...], count: int, name: str) -> int:
    columns = named_columns(text, labels, count, name)
    if len(columns) != 1:
        raise SpectrumError(f"{name}: {text!r} are several columns; the axis is one of {list_columns(labels, count)}.")
    return columns[0]


def _axes_by_value(values: NDArray[np.float64]) -> list[int]:
    """Columns without names that rise evenly, the first of them; a count of the rows before it is passed over."""
    even = [i for i in range(values.shape[1]) if _is_even(values[:, i])]
    if len(even) > 1 and even[:2] == [0, 1] and values.shape[1] > 2 and _is_row_number(values[:, 0]):
        return [1]
    return even if len(even) > 1 and values.shape[1] % 2 == 0 and even == list(range(0, values.shape[1], 2)) else [0]


def _is_even(column: NDArray[np.float64]) -> bool:
    good = column[np.isfinite(column)]
    steps = np.diff(good)
    return len(steps) > 2 and bool((steps > 0).all()) and float(np.ptp(steps)) < 0.5 * float(np.median(steps))


def _is_row_number(column: NDArray[np.float64]) -> bool:
    return bool(column[0] in (0, 1) and (np.diff(column) == 1).all())


def _series_columns(labels: tuple[str, ...], roles: tuple[Role | None, ...], axis_column: int) -> list[int]:
    """Columns that are the scans of a series: all others, where their names differ by a number alone."""
    others = [i for i in range(len(labels)) if i != axis_column]
    words = {re.sub(r"[-+]?\d+(?:\.\d+)?", "0", labels[i].strip().lower()) for i in others}
    odd = any(_ODD_COLUMNS.search(labels[i]) or roles[i] not in (None, Role.INTENSITY) for i in others)
    return others if len(others) > 1 and len(words) == 1 and "0" in words.pop() and not odd else []


def _intensity_column(roles: tuple[Role | None, ...], axis_column: int, count: int) -> int:
    others = [i for i in range(count) if i != axis_column]
    counted = [i for i in others if roles[i] not in (Role.I0, Role.SIGMA)] or others
    after = [i for i in counted if i > axis_column] or counted
    named = [i for i in others if roles[i] is Role.INTENSITY]
    unnamed = [i for i in after if roles[i] is None]
    return (named or unnamed or after)[0]


def _sigma_column(
    table: TextTable,
    roles: tuple[Role | None, ...],
    axis_column: int,
    columns: tuple[int, ...],
    name: str,
    wanted: Wanted,
) -> int | None:
    """The column of standard deviations: the one that is named so, or the third of three that goes as counts do."""
    count = table.values.shape[1]
    if "sigma" in wanted.reading.columns:
        return _one(wanted.reading.columns["sigma"], table.labels, count, name)
    if len(columns) > 1:
        return None
    for i, role in enumerate(roles):
        if role is Role.SIGMA and not re.match(r"w(eight)?\b", table.labels[i].strip().lower()):
            return i
    if table.labels or count != 3 or (axis_column, *columns) != (0, 1):
        return None
    y, sigma = table.values[:, 1], table.values[:, 2]
    good = (y > 0) & (sigma > 0)
    if good.sum() < 0.5 * len(y) or np.ptp(sigma[good]) == 0 or (sigma[good] > y[good]).mean() > 0.5:
        return None
    away = np.log(y[good]) - np.log(y[good]).mean()
    slope = float(away @ np.log(sigma[good])) / max(float(away @ away), 1e-12)
    return 2 if 0.2 < slope < 0.8 else None


def axis_unit(table: TextTable, axis_column: int, name: str, wanted: Wanted) -> tuple[PowderAxis, tuple[str, ...]]:
    """The unit of the axis: what the user says, else its label, else the words above, else degrees of 2θ."""
    axis = table.values[:, axis_column]
    if wanted.reading.axis is not None:
        return NAMED_AXES[wanted.reading.axis], ()
    label = table.labels[axis_column] if table.labels else ""
    unit = unit_of_label(label) if label else None
    role = next((_NAMED_ROLES[role] for role in _NAMED_ROLES if role in wanted.reading.columns), None)
    role = role or (roles_of((label,))[0] if label else None)
    if role is Role.TWO_THETA:
        return unit if unit is PowderAxis.TWO_THETA_RAD else PowderAxis.TWO_THETA_DEG, ()
    if role is Role.THETA:
        return _theta(axis, label, name, named="theta" in wanted.reading.columns)
    if role is Role.Q:
        return (unit, ()) if unit in (PowderAxis.Q_INVA, PowderAxis.Q_INVNM) else _q_without_unit(axis, name)
    if role is Role.D:
        return (unit, ()) if unit in (PowderAxis.D_A, PowderAxis.D_NM) else _d_without_unit(axis)
    if _NO_AXIS.search(label):
        raise SpectrumError(
            f"{name}: the first column is {label!r}, and no axis of a powder pattern; name the column of 2θ, q or d, "
            "such as --columns 2theta=2, or say what it is with --axis."
        )
    if label.strip().lower().startswith("omega"):
        raise SpectrumError(f"{name}: the axis is {label!r}, a rocking curve; a scan along 2θ is expected.")
    text = "\n".join(table.header)
    if _RAD_HEADER.search(text):
        return PowderAxis.TWO_THETA_RAD, ()
    match = _Q_HEADER.search(text)
    if match and not re.search(r"2\s*-?(theta|th\b|θ)", text, re.IGNORECASE):
        return (PowderAxis.Q_INVNM if match[1].lower() == "nm" else PowderAxis.Q_INVA), ()
    if label and role is None and not re.search(r"2\s*-?\s*theta|2θ|\b2th|\btth", text, re.IGNORECASE):
        return PowderAxis.TWO_THETA_DEG, (f"The column {label!r} was read as 2θ in degrees; --axis says otherwise.",)
    return PowderAxis.TWO_THETA_DEG, ()


def _theta(axis: NDArray, label: str, name: str, named: bool) -> tuple[PowderAxis, tuple[str, ...]]:
    """θ to be doubled; a column that is called so and runs far is often 2θ, so that the user has to say."""
    low, high = float(np.nanmin(axis)), float(np.nanmax(axis))
    if named:
        return PowderAxis.THETA_DEG, ()
    if high > 90:
        return PowderAxis.TWO_THETA_DEG, (f"The axis is called {label!r} and runs to {high:g}°; it was read as 2θ.",)
    if high > _LONGEST_THETA_DEG:
        raise SpectrumError(
            f"{name}: the axis is called {label!r} and runs from {low:g} to {high:g}. Read as θ, 2θ is {2 * low:g} to "
            f"{2 * high:g}°; read as 2θ it is {low:g} to {high:g}°. Say which with --axis theta or --axis 2theta."
        )
    return PowderAxis.THETA_DEG, (f"The axis is called {label!r}; where it is 2θ, say --axis 2theta.",)


def _q_without_unit(axis: NDArray, name: str) -> tuple[PowderAxis, tuple[str, ...]]:
    high = float(np.nanmax(axis, initial=0))
    if _LEAST_INVNM < high <= _MOST_INVA:
        raise SpectrumError(
            f"{name}: the file names no unit for q, which ends at {high:g}. In 1/Å the pattern ends at d = "
            f"{2 * np.pi / high:.2g} Å, in 1/nm at {20 * np.pi / high:.2g} Å. Say which with --axis q or --axis q_nm."
        )
    unit = PowderAxis.Q_INVA if high <= _LEAST_INVNM else PowderAxis.Q_INVNM
    return unit, (f"The file names no unit for q; {unit.value[5:]} was assumed.",)


def _d_without_unit(axis: NDArray) -> tuple[PowderAxis, tuple[str, ...]]:
    unit = PowderAxis.D_A if float(np.nanmax(axis, initial=0)) > _SHORTEST_D_A else PowderAxis.D_NM
    return unit, (f"The file names no unit for d; {unit.value[5:]} was assumed.",)


def _unfit(table: TextTable) -> str:
    """What was measured instead of an X-ray pattern, by the words and the names of columns."""
    names = " ".join(table.labels)
    if table.labels and _FLIGHT_LABELS.match(table.labels[0].strip()):
        return FLIGHT
    if names and _DISTRIBUTION_LABELS.fullmatch(names):
        return DISTRIBUTION
    return other_radiation(table.header)


def _there(axis: NDArray[np.float64], intensity: NDArray[np.float64]) -> slice:
    """The rows without those at the ends where a column beside another has neither axis nor intensity."""
    good = np.flatnonzero(np.isfinite(axis) | np.isfinite(intensity))
    return slice(int(good[0]), int(good[-1]) + 1) if len(good) else slice(0, 0)


def _columns_read(table: TextTable, axis_column: int, columns: tuple[int, ...]) -> str:
    count = table.values.shape[1]
    if not table.labels and (axis_column, *columns) == (0, 1):
        return f"Columns read: the first two of {count}."
    names = [repr(table.labels[i]) if table.labels else str(i + 1) for i in (axis_column, *columns)]
    return f"Columns read: {names[0]} and {' + '.join(names[1:])} of {count}."


def strip_chi_heading(text: str) -> str:
    """A Fit2D .chi file with its four heading lines as comments: title, two axis names, number of points."""
    lines = text.splitlines()
    if len(lines) > 4 and re.fullmatch(r"\s*\d+(\s+\d+)?\s*", lines[3]):
        # The axis names stand on two lines; as one they are the names of the columns.
        names = f"# {lines[1].strip()}\t{lines[2].strip() or 'Intensity'}"
        return "\n".join([f"# {lines[0]}", f"# {lines[1]}", names, *lines[4:]])
    return text
