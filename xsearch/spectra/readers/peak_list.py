"""Peak lists: the positions and intensities of lines, drawn as a pattern that can be searched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.columns import Role, roles_of
from xsearch.spectra.readers.headers import find_wavelength
from xsearch.spectra.readers.other_data import other_radiation
from xsearch.spectra.readers.powder_text import axis_unit, columns_of_pattern
from xsearch.spectra.readers.scan import PowderAxis, PowderScan
from xsearch.spectra.readers.table import TextTable
from xsearch.spectra.readers.wanted import Wanted

FEWEST_LINES, MOST_LINES = 3, 2000
"""Of a list; set by hand."""
UNEVEN = 0.25
"""Median change of the logarithm of the spacing from which positions are lines and no steps; set by hand."""
LEAST_SPACING_DEG = 0.08
"""Mean spacing of lines in 2θ, below which rows are the steps of a pattern; set by hand."""
WIDTH_DEG, WIDTH_INVA = 0.12, 0.008
"""Full widths at half maximum of the lines that are drawn: of a good laboratory diffractometer."""
MOST_DEG, MOST_POSITION = 180.0, 1000.0
"""Of 2θ, and of d or q in any unit, beyond which a table is no list of lines; set by hand."""
LEAST_D_A = 0.15
"""Of a line; set by hand."""
_LONGEST_D_A = 25.0
"""At which a list without names may begin to be one of d; set by hand."""
_POINTS_A_WIDTH = 6
"""Of a line that is drawn."""
_ANGLES = (PowderAxis.TWO_THETA_DEG, PowderAxis.THETA_DEG, PowderAxis.TWO_THETA_RAD)


def peaks_in(tables: Sequence[TextTable], name: str, wanted: Wanted) -> PowderScan | None:
    """The pattern of a peak list; None where the table is none.

    Raises:
        SpectrumError: where a column that the user names is not in it.
    """
    if len(tables) != 1 or not FEWEST_LINES <= len(tables[0].values) <= MOST_LINES:
        return None
    table = tables[0]
    roles = roles_of(table.labels)
    axis_column, columns, _ = columns_of_pattern(table, name, wanted)[0]
    if Role.D in roles and not wanted.reading.columns:
        axis_column = roles.index(Role.D)  # which needs no wavelength
    if axis_column in columns:
        return None
    position, intensity = table.values[:, axis_column], table.values[:, list(columns)].sum(axis=1)
    good = np.isfinite(position) & np.isfinite(intensity) & (position > 0) & (intensity >= 0)
    if good.sum() < FEWEST_LINES or not _is_uneven(position[good]):
        return None
    unit, said = _unit(table, axis_column, position[good], name, wanted)
    x, y = position[good], intensity[good]
    if unit in _ANGLES and np.ptp(x) / (len(x) - 1) < LEAST_SPACING_DEG:
        return None
    if x.max() > (MOST_DEG if unit in _ANGLES else MOST_POSITION):
        return None
    if not (y > 0).any():
        raise SpectrumError(f"{name}: a peak list whose intensities are all zero.")
    notes = [*table.notes, *said]
    lost = len(good) - int(good.sum())
    if lost:
        notes.append(f"{lost} rows without a position and an intensity were left out.")
    if unit in (PowderAxis.D_A, PowderAxis.D_NM):
        x, drawn = 2 * np.pi / (x * (10 if unit is PowderAxis.D_NM else 1)), PowderAxis.Q_INVA
    elif unit is PowderAxis.Q_INVNM:
        x, drawn = x / 10, PowderAxis.Q_INVA
    elif unit is PowderAxis.THETA_DEG:
        x, drawn = 2 * x, PowderAxis.TWO_THETA_DEG
    else:
        x, drawn = (np.degrees(x), PowderAxis.TWO_THETA_DEG) if unit is PowderAxis.TWO_THETA_RAD else (x, unit)
    if drawn is PowderAxis.Q_INVA and x.max() > 2 * np.pi / LEAST_D_A:
        return None
    width = _width(x, WIDTH_INVA if drawn is PowderAxis.Q_INVA else WIDTH_DEG)
    axis, drawing = draw(x, y, width)
    shown = f"{width:.2g} 1/Å" if drawn is PowderAxis.Q_INVA else f"{width:.2g}°"
    notes.append(f"A peak list of {len(x)} lines, {unit.value}; they are drawn {shown} wide.")
    return PowderScan(
        axis, drawing, drawn, find_wavelength(table.header), tuple(notes), unfit=other_radiation(table.header)
    )


def draw(
    positions: NDArray[np.float64], intensities: NDArray[np.float64], width: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gaussian lines of one width on an even axis that ends a little beyond them.

    Args:
        positions: (k,) of the lines.
        intensities: (k,) their areas.
        width: full width at half maximum, in the unit of the positions.

    Returns:
        Axis and values, (n,) each.
    """
    first, last = float(positions.min()), float(positions.max())
    step = width / _POINTS_A_WIDTH
    axis = np.arange(max(0.5 * first, first - 20 * width), last + 8 * width, step)
    values = np.zeros(len(axis))
    reach = 3 * _POINTS_A_WIDTH
    for position, intensity in zip(positions, intensities, strict=True):
        centre = int(np.searchsorted(axis, position))
        near = slice(max(0, centre - reach), centre + reach)
        values[near] += intensity * np.exp(-4 * np.log(2) * ((axis[near] - position) / width) ** 2)
    return axis, values


def _is_uneven(positions: NDArray[np.float64]) -> bool:
    steps = np.abs(np.diff(positions))
    steps = steps[steps > 0]
    return len(steps) > 1 and float(np.median(np.abs(np.diff(np.log(steps))))) > UNEVEN


def _unit(
    table: TextTable, axis_column: int, positions: NDArray[np.float64], name: str, wanted: Wanted
) -> tuple[PowderAxis, tuple[str, ...]]:
    """The unit of the positions; without any word, falling ones below 25 are d and all others 2θ."""
    if not table.labels and wanted.reading.axis is None and not wanted.reading.columns:
        falls = bool((np.diff(positions) < 0).mean() > 0.9)
        if falls and positions.max() < _LONGEST_D_A:
            return PowderAxis.D_A, ("The list names no unit and falls; d in Å was assumed.",)
    return axis_unit(table, axis_column, name, wanted)


def _width(positions: NDArray[np.float64], widest: float) -> float:
    """Of the lines: no wider than a third of the spacing of the closest tenth of them."""
    gaps = np.diff(np.unique(positions))
    closest = float(np.quantile(gaps, 0.1)) if len(gaps) else widest
    return float(np.clip(closest / 3, widest / 6, widest))
