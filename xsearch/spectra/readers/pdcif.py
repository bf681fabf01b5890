"""Powder CIF: patterns in loops of `_pd_` items, in the names of either dictionary, read with gemmi."""

import math
import re
from typing import Any

import numpy as np
from gemmi import cif
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MAX_POINTS, MIN_POINTS
from xsearch.spectra.radiation import RADIATIONS_A, radiation_name
from xsearch.spectra.readers.scan import NEUTRONS, PowderAxis, PowderScan, StatedWavelength
from xsearch.spectra.readers.source import SourceFile

_AXES = (
    ("_pd_meas_2theta_scan", PowderAxis.TWO_THETA_DEG),
    ("_pd_meas_2theta_corrected", PowderAxis.TWO_THETA_DEG),
    ("_pd_proc_2theta_corrected", PowderAxis.TWO_THETA_DEG),
    ("_pd_data_2theta_corrected", PowderAxis.TWO_THETA_DEG),
    ("_pd_proc_recip_len_q", PowderAxis.Q_INVA),
    ("_pd_proc_d_spacing", PowderAxis.D_A),
)
_RANGES = ("_pd_meas_2theta_range", "_pd_proc_2theta_range", "_pd_meas_2theta_fixed")
_OBSERVED = (
    "_pd_meas_counts_total",
    "_pd_meas_intensity_total",
    "_pd_meas_intensity_net",
    "_pd_proc_intensity_total",
    "_pd_proc_intensity_net",
    "_pd_proc_intensity_norm",
)
_CALCULATED = ("_pd_calc_intensity_total", "_pd_calc_intensity_net")

_Pattern = tuple[NDArray[np.float64], PowderAxis, NDArray[np.float64], NDArray[np.float64] | None]


class _Block:
    """A block of a CIF whose items go by their names in small letters with underscores for points."""

    def __init__(self, block: cif.Block) -> None:
        self.block, self.name = block, block.name
        self._names: dict[str, str] = {}
        for item in block:
            pair: Any = item.pair
            tags = [pair[0]] if pair is not None else item.loop.tags if item.loop is not None else []
            for tag in tags:
                self._names.setdefault(tag.lower().replace(".", "_"), tag)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def raw(self, name: str) -> list[str]:
        """The values of an item as the file writes them."""
        if name not in self._names:
            return []
        values = self.block.find_values(self._names[name])
        if len(values) > MAX_POINTS:
            raise SpectrumError(f"{name} of {len(values):,} values; spectra of up to {MAX_POINTS:,} points are read.")
        return list(values)

    def column(self, name: str) -> NDArray[np.float64]:
        """(n,) the values of an item; NaN where one is no number."""
        return np.array([_number(value) for value in self.raw(name)], dtype=float)

    def text(self, name: str) -> str:
        """The first value of an item as text, or empty."""
        values = self.raw(name)
        return cif.as_string(values[0]) if values else ""


def read_pdcif(source: SourceFile) -> tuple[PowderScan, ...]:
    """The measured patterns of a powder CIF, or the calculated ones where none is measured.

    Raises:
        SpectrumError: where the file is broken, or holds no pattern but those of neutrons or times of flight.
    """
    try:
        document = cif.read_string(source.text())
        blocks = [_Block(block) for block in document]
    except (ValueError, RuntimeError) as error:
        words = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SpectrumError(f"{source.name}: a broken CIF ({words}).") from None
    probe = next((block.text("_diffrn_radiation_probe") for block in blocks if "_diffrn_radiation_probe" in block), "")
    everywhere = next((stated for block in blocks if (stated := _wavelength(block)) is not None), None)
    for tags in (_OBSERVED, _CALCULATED):
        found = [(block, pattern) for block in blocks if (pattern := _pattern(block, tags)) is not None]
        scans = []
        for block, (axis, unit, intensity, sigma) in found:
            notes = ["No measured pattern is in the file; the calculated one was read."] if tags is _CALCULATED else []
            if len(blocks) > 1:
                notes.append(f"The pattern was read from block {block.name!r} of {len(blocks)}.")
            neutrons = (block.text("_diffrn_radiation_probe") or probe).lower() == "neutron"
            label, unfit = block.name if len(found) > 1 else "", NEUTRONS if neutrons else ""
            wavelength = _wavelength(block) or everywhere
            scans.append(PowderScan(axis, intensity, unit, wavelength, tuple(notes), label, sigma, unfit))
        if scans:
            return tuple([scan for scan in scans if not scan.unfit] or scans)
    if any("_pd_meas_time_of_flight" in block for block in blocks):
        raise SpectrumError(f"{source.name}: times of flight; an X-ray powder pattern is expected.")
    raise SpectrumError(
        f"{source.name}: the CIF holds no powder pattern (no _pd_meas_ or _pd_proc_ loop); a structure is no spectrum."
    )


def _pattern(block: _Block, intensity_tags: tuple[str, ...]) -> _Pattern | None:
    for tag in intensity_tags:
        intensity = block.column(tag)
        if len(intensity) < MIN_POINTS:
            continue
        sigma = _uncertainties(block, tag, len(intensity))
        for axis_tag, unit in _AXES:
            axis = block.column(axis_tag)
            if axis.shape == intensity.shape:
                return axis, unit, intensity, sigma
        for prefix in _RANGES:
            first, last = (_number(block.text(f"{prefix}_{end}")) for end in ("min", "max"))
            if not math.isnan(first) and last > first:
                return np.linspace(first, last, len(intensity)), PowderAxis.TWO_THETA_DEG, intensity, sigma
    return None


def _uncertainties(block: _Block, tag: str, count: int) -> NDArray[np.float64] | None:
    """The standard uncertainties of a column: an item of their own, or in brackets behind the values."""
    own = block.column(f"{tag}_su")
    if len(own) == count:
        return own
    bracketed = [_uncertainty(value) for value in block.raw(tag)]
    return np.array(bracketed) if sum(map(math.isfinite, bracketed)) > count / 2 else None


def _wavelength(block: _Block) -> StatedWavelength | None:
    """The wavelength of a block; of several lines the mean by their weights."""
    for name, weight in (
        ("_diffrn_radiation_wavelength", "_diffrn_radiation_wavelength_wt"),
        ("_diffrn_radiation_wavelength_wavelength", "_diffrn_radiation_wavelength_wt"),
        ("_diffrn_radiation_wavelength_value", "_diffrn_radiation_wavelength_wt"),
        ("_pd_proc_wavelength", "_pd_proc_wavelength_wt"),
        ("_cell_measurement_wavelength", ""),
    ):
        values, weights = block.column(name), block.column(weight)
        if len(values) and np.isfinite(values).all() and np.ptp(values) < 0.02 * values.max():
            usable = weights.shape == values.shape and np.isfinite(weights).all() and weights.sum() > 0
            mean = float(np.average(values, weights=weights if usable else None))
            return StatedWavelength(mean, f"{name} {', '.join(f'{value:g}' for value in values[:4])}")
        if len(values) > 1 and math.isfinite(values[0]):
            return StatedWavelength(float(values[0]), f"the first of {name}")
    kind = block.text("_diffrn_radiation_type") or block.text("_diffrn_radiation_xray_symbol")
    # CIF writes Greek letters with a backslash and subscripts between tildes: Cu K\a~1~.
    named = radiation_name(re.sub(r"[\\~]", "", kind)) if kind else None
    return None if named is None else StatedWavelength(RADIATIONS_A[named], f"_diffrn_radiation_type {kind}")


def _number(text: str) -> float:
    """A CIF number, its standard uncertainty in brackets dropped; NaN where it is none."""
    try:
        return float(text.partition("(")[0].strip("'\" "))
    except ValueError:
        return math.nan


def _uncertainty(text: str) -> float:
    """The standard uncertainty in the brackets of a CIF number, such as 0.12 of `3.45(12)`; NaN without any."""
    match = re.fullmatch(r"[-+]?\d*\.?(?P<decimals>(?<=\.)\d*)?\((?P<digits>\d+)\)", text.strip("'\" "))
    if match is None:
        return math.nan
    return float(match["digits"]) * 10.0 ** -len(match["decimals"] or "")
