"""Powder patterns in columns of text: .xy, .xye, .csv, .txt, .dat, .chi and what else instruments export."""

import re

import numpy as np

from xsearch.spectra.readers.columns import Role, roles_of, unit_of_label
from xsearch.spectra.readers.headers import find_wavelength
from xsearch.spectra.readers.scan import PowderAxis, PowderScan
from xsearch.spectra.readers.table import TextTable

_AXES = (Role.TWO_THETA, Role.Q, Role.D)
_Q_HEADER = re.compile(r"(?<![a-z0-9])q\s*[\(\[_ ]+\s*(?:1/)?\s*(nm|a|å|ang)", re.IGNORECASE)
_RAD_HEADER = re.compile(r"2\s*-?(?:theta|th|θ)\W{0,3}rad", re.IGNORECASE)
_LIKELY_INVA_MAX = 30.0
"""1/Å; a q axis that goes higher is in 1/nm."""


def powder_from_table(table: TextTable) -> PowderScan:
    """The powder pattern in a table: its axis, counts and wavelength, by the words above it and over its columns."""
    roles = roles_of(table.labels)
    axis_column = next((roles.index(role) for role in _AXES if role in roles), 0)
    intensity_column = _intensity_column(roles, axis_column, table.values.shape[1])
    axis, intensity = table.values[:, axis_column], table.values[:, intensity_column]
    notes = list(table.notes)
    count = table.values.shape[1]
    if table.labels and (count > 3 or (axis_column, intensity_column) != (0, 1)):
        notes.append(f"Columns read: {table.labels[axis_column]!r} and {table.labels[intensity_column]!r} of {count}.")
    elif count > 3:
        notes.append(f"Columns read: the first two of {count}.")
    unit, said = _unit(table, roles, axis_column)
    return PowderScan(axis, intensity, unit, find_wavelength(table.header), (*notes, *said))


def _intensity_column(roles: tuple[Role | None, ...], axis_column: int, count: int) -> int:
    others = [i for i in range(count) if i != axis_column]
    if not roles:
        return others[0]
    named = [i for i in others if roles[i] is Role.INTENSITY]
    unnamed = [i for i in others if roles[i] is None]
    return (named or unnamed or others)[0]


def _unit(table: TextTable, roles: tuple[Role | None, ...], axis_column: int) -> tuple[PowderAxis, tuple[str, ...]]:
    """The unit of the axis: from its label, else from the header's words, else degrees of 2θ."""
    if table.labels and roles[axis_column] in _AXES:
        unit = unit_of_label(table.labels[axis_column])
        return (unit, ()) if unit is not None else _guess_q_unit(table.values[:, axis_column])
    text = "\n".join(table.header)
    if _RAD_HEADER.search(text):
        return PowderAxis.TWO_THETA_RAD, ()
    match = _Q_HEADER.search(text)
    if match and not re.search(r"2\s*-?(theta|th\b|θ)", text, re.IGNORECASE):
        return (PowderAxis.Q_INVNM if match[1].lower() == "nm" else PowderAxis.Q_INVA), ()
    return PowderAxis.TWO_THETA_DEG, ()


def _guess_q_unit(axis: np.ndarray) -> tuple[PowderAxis, tuple[str, ...]]:
    """q without a unit: lab and synchrotron patterns end below 30 1/Å; what goes further is in 1/nm."""
    unit = PowderAxis.Q_INVA if np.nanmax(axis, initial=0) <= _LIKELY_INVA_MAX else PowderAxis.Q_INVNM
    return unit, (f"The file names no unit for q; {unit.value[5:]} was assumed.",)


def strip_chi_heading(text: str) -> str:
    """A Fit2D .chi file with its four heading lines as comments: title, two axis names, number of points."""
    lines = text.splitlines()
    if len(lines) > 4 and re.fullmatch(r"\s*\d+(\s+\d+)?\s*", lines[3]):
        # The axis names stand on two lines; as one they are the names of the columns.
        names = f"# {lines[1].strip()}\t{lines[2].strip() or 'Intensity'}"
        return "\n".join([f"# {lines[0]}", f"# {lines[1]}", names, *lines[4:]])
    return text
