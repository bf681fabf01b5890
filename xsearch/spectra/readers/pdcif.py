"""Powder CIF: a pattern in loops of `_pd_` items, read with gemmi."""

import math
import re

import numpy as np
from gemmi import cif
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MIN_POINTS
from xsearch.spectra.radiation import RADIATIONS_A, radiation_name
from xsearch.spectra.readers.scan import PowderAxis, PowderScan, StatedWavelength
from xsearch.spectra.readers.source import SourceFile

_AXES = (
    ("_pd_meas_2theta_scan", PowderAxis.TWO_THETA_DEG),
    ("_pd_meas_2theta_corrected", PowderAxis.TWO_THETA_DEG),
    ("_pd_proc_2theta_corrected", PowderAxis.TWO_THETA_DEG),
    ("_pd_proc_recip_len_Q", PowderAxis.Q_INVA),
    ("_pd_proc_d_spacing", PowderAxis.D_A),
)
_RANGES = ("_pd_meas_2theta_range", "_pd_proc_2theta_range")
_OBSERVED = ("_pd_meas_counts_total", "_pd_meas_intensity_total", "_pd_proc_intensity_total", "_pd_proc_intensity_net")
_CALCULATED = ("_pd_calc_intensity_total", "_pd_calc_intensity_net")


def read_pdcif(source: SourceFile) -> PowderScan:
    """The first measured pattern of a powder CIF, or the first calculated one where none is measured.

    Raises:
        SpectrumError: where the file is broken, holds no pattern, or one of neutrons or times of flight.
    """
    try:
        document = cif.read_string(source.text())
    except (ValueError, RuntimeError) as error:
        raise SpectrumError(f"{source.name}: a broken CIF ({str(error).splitlines()[0]}).") from None
    for tags in (_OBSERVED, _CALCULATED):
        for block in document:
            found = _pattern(block, tags)
            if found is None:
                continue
            if any(_text(other, "_diffrn_radiation_probe").lower() == "neutron" for other in (block, *document)):
                raise SpectrumError(f"{source.name}: a neutron pattern; an X-ray powder pattern is expected.")
            axis, unit, intensity = found
            notes = ["No measured pattern is in the file; the calculated one was read."] if tags is _CALCULATED else []
            if len(document) > 1:
                notes.append(f"The pattern was read from block {block.name!r} of {len(document)}.")
            stated = next((s for other in (block, *document) if (s := _wavelength(other)) is not None), None)
            return PowderScan(axis, intensity, unit, stated, tuple(notes))
    if any(len(block.find_values("_pd_meas_time_of_flight")) for block in document):
        raise SpectrumError(f"{source.name}: times of flight; an X-ray powder pattern is expected.")
    raise SpectrumError(
        f"{source.name}: the CIF holds no powder pattern (no _pd_meas_ or _pd_proc_ loop); a structure is no spectrum."
    )


def _pattern(
    block: cif.Block, intensity_tags: tuple[str, ...]
) -> tuple[NDArray[np.float64], PowderAxis, NDArray[np.float64]] | None:
    for tag in intensity_tags:
        intensity = _column(block, tag)
        if len(intensity) < MIN_POINTS:
            continue
        for axis_tag, unit in _AXES:
            axis = _column(block, axis_tag)
            if axis.shape == intensity.shape:
                return axis, unit, intensity
        for prefix in _RANGES:
            first, last = (_number(_text(block, f"{prefix}_{end}")) for end in ("min", "max"))
            if not math.isnan(first) and last > first:
                return np.linspace(first, last, len(intensity)), PowderAxis.TWO_THETA_DEG, intensity
    return None


def _wavelength(block: cif.Block) -> StatedWavelength | None:
    """The wavelength of a block; of several lines the mean by their weights."""
    for tag, weight_tag in (
        ("_diffrn_radiation_wavelength", "_diffrn_radiation_wavelength_wt"),
        ("_diffrn_radiation_wavelength.wavelength", "_diffrn_radiation_wavelength.wt"),
        ("_diffrn_radiation_wavelength_value", "_diffrn_radiation_wavelength_wt"),
        ("_pd_proc_wavelength", "_pd_proc_wavelength_wt"),
    ):
        values, weights = _column(block, tag), _column(block, weight_tag)
        if len(values) and np.isfinite(values).all() and np.ptp(values) < 0.02 * values.max():
            usable = weights.shape == values.shape and np.isfinite(weights).all() and weights.sum() > 0
            mean = float(np.average(values, weights=weights if usable else None))
            return StatedWavelength(mean, f"{tag} {', '.join(f'{value:g}' for value in values)}")
        if len(values) > 1 and math.isfinite(values[0]):
            return StatedWavelength(float(values[0]), f"the first of {tag}")
    kind = _text(block, "_diffrn_radiation_type")
    # CIF writes Greek letters with a backslash and subscripts between tildes: Cu K\a~1~.
    name = radiation_name(re.sub(r"[\\~]", "", kind)) if kind else None
    return None if name is None else StatedWavelength(RADIATIONS_A[name], f"_diffrn_radiation_type {kind}")


def _column(block: cif.Block, tag: str) -> NDArray[np.float64]:
    return np.array([_number(value) for value in block.find_values(tag)], dtype=float)


def _number(text: str) -> float:
    """A CIF number, its standard uncertainty in brackets dropped; NaN where it is none."""
    try:
        return float(text.partition("(")[0].strip("'\" "))
    except ValueError:
        return math.nan


def _text(block: cif.Block, tag: str) -> str:
    value = block.find_value(tag)
    return cif.as_string(value) if value else ""
