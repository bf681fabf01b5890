"""Powder patterns in HDF5 files: NeXus data groups, pyFAI, Dioptas, and any group of q or 2θ beside an intensity."""

from __future__ import annotations

import re
from dataclasses import dataclass

import h5py
import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError, WavelengthError
from xsearch.spectra.mend import MIN_POINTS
from xsearch.spectra.radiation import parse_wavelength
from xsearch.spectra.readers import hdf5
from xsearch.spectra.readers.headers import find_wavelength
from xsearch.spectra.readers.other_data import other_radiation
from xsearch.spectra.readers.scan import NAMED_AXES, PowderAxis, PowderScan, StatedWavelength
from xsearch.spectra.readers.source import SourceFile
from xsearch.spectra.readers.wanted import Wanted

MOST_SCANS = 10_000
"""Of a series or a map; set by hand."""
_TWO_THETA = re.compile(r"(2|two)[\s_-]*(theta|th|θ)|t?tth|polar[\s_-]*angle", re.IGNORECASE)
_Q = re.compile(r"(^|[\s_(])q([\s_(\[]|$)|scattering[\s_]vector|momentum[\s_]transfer", re.IGNORECASE)
_D = re.compile(r"^d([\s_-]*(spacings?|values?))?$|^d_(a|nm)$", re.IGNORECASE)
_AZIMUTH = re.compile(r"chi|azim", re.IGNORECASE)
_INTENSITIES = ("intensity", "i", "data", "counts", "intensities", "pattern_y", "y", "signal", "pattern", "yobs")
"""Names of what is searched, the most telling first."""
_ERRORS = ("{}_errors", "{}_error", "{}_sigma", "errors", "error", "sigma", "std", "sem", "uncertainties", "esd")
_WAVELENGTH = re.compile(r"(incident_|beam_|mean_|)wave_?length", re.IGNORECASE)
_ENERGY = re.compile(r"(incident_|beam_|photon_|)energy", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Found:
    """An axis and the intensities over it in a group, each as its dataset."""

    path: str
    group: h5py.Group
    axis: h5py.Dataset
    unit: PowderAxis
    intensity: h5py.Dataset
    notes: tuple[str, ...] = ()


def powder_in_hdf5(source: SourceFile, wanted: Wanted) -> tuple[PowderScan, ...]:
    """All powder patterns of an HDF5 file, those of several frames one by one; empty where there is none.

    Args:
        source: the file.
        wanted: what the user says; columns are paths in the file.

    Raises:
        SpectrumError: where the file is damaged, or a path that the user names is not in it.
    """
    with hdf5.opened(source) as file:
        found = _named(file, source.name, wanted) if _has_paths(wanted) else _search(file, source.name, wanted)
        scans: list[PowderScan] = []
        stated = _wavelengths(file) if found else {}
        unfit = other_radiation(tuple(_probes(file))) if found else ""
        for one in found:
            if len(scans) > MOST_SCANS:
                raise SpectrumError(f"{source.name}: more than {MOST_SCANS:,} patterns in it; choose one, FILE#2.")
            wavelength = stated.get(one.path.split("/")[1] if "/" in one.path[1:] else "") or stated.get("")
            scans += _scans(one, wavelength, unfit, several=len(found) > 1)
    return tuple(scans)


def _has_paths(wanted: Wanted) -> bool:
    return "intensity" in wanted.reading.columns


def _named(file: h5py.File, name: str, wanted: Wanted) -> list[_Found]:
    """The datasets that the user names."""
    columns = wanted.reading.columns
    role = next((role for role in ("2theta", "theta", "q", "d") if role in columns), None)
    if role is None:
        raise SpectrumError(f"{name}: name the axis too, such as --columns q=/entry/data/q,intensity=/entry/data/I.")
    both = []
    for path in (columns[role], columns["intensity"]):
        dataset = file.get(path)
        if not isinstance(dataset, h5py.Dataset) or not hdf5.is_numeric(dataset):
            raise SpectrumError(f"{name}: no dataset of numbers {path!r} in it.")
        both.append(dataset)
    unit = _unit_of_words(f"{role} {hdf5.attribute(both[0], 'units')}", hdf5.values(both[0]))[0]
    if role == "theta":
        unit = PowderAxis.THETA_DEG
    return [_Found(both[1].parent.name or "/", both[1].parent, both[0], unit or PowderAxis.TWO_THETA_DEG, both[1])]


def _search(file: h5py.File, name: str, wanted: Wanted) -> list[_Found]:
    """The patterns of all groups, each intensity once; data groups of NeXus go before others."""
    seen: set[tuple[int, int]] = set()
    found = []
    for by_nexus in (True, False):
        for path, group in hdf5.groups(file):
            one = _in_group(path, group, by_nexus, wanted)
            if one is not None and hdf5.address(one.intensity) not in seen:
                seen.add(hdf5.address(one.intensity))
                found.append(one)
        if found:
            break
    return found


def _in_group(path: str, group: h5py.Group, by_nexus: bool, wanted: Wanted) -> _Found | None:
    columns = {key: one for key, one in hdf5.datasets(group).items() if hdf5.is_numeric(one) and one.ndim}
    if not columns:
        return None
    axis_names = hdf5.attribute_list(group, "axes") if by_nexus else list(columns)
    signal = hdf5.attribute(group, "signal") if by_nexus else ""
    if by_nexus and (signal not in columns or not axis_names):
        return None
    for axis_name in reversed(axis_names):
        axis = columns.get(axis_name)
        if axis is None or axis.ndim != 1 or len(axis) < MIN_POINTS:
            continue
        words = " ".join((axis_name, *(hdf5.attribute(axis, key) for key in ("units", "unit", "long_name", "name"))))
        if re.fullmatch(r"x|pattern_x|radial", axis_name, re.IGNORECASE):
            words += f" {hdf5.attribute(group, 'unit')} {hdf5.attribute(group, 'units')}"
        unit, notes = _unit_of_words(words, hdf5.values(axis))
        if wanted.reading.axis is not None:
            unit = NAMED_AXES[wanted.reading.axis]
        if unit is None:
            continue
        intensity = columns[signal] if by_nexus else _intensity(columns, axis_name)
        if intensity is not None and intensity.shape[-1] in (len(axis), len(axis) - 1):
            return _Found(path, group, axis, unit, intensity, notes)
    return None


def _intensity(columns: dict[str, h5py.Dataset], axis_name: str) -> h5py.Dataset | None:
    count = len(columns[axis_name])
    fitting = {key.lower(): one for key, one in columns.items() if key != axis_name and one.shape[-1] == count}
    return next((fitting[key] for key in _INTENSITIES if key in fitting), None)


def _unit_of_words(words: str, values: NDArray[np.float64]) -> tuple[PowderAxis | None, tuple[str, ...]]:
    """What an axis is by its name and its units; None where they say nothing."""
    lowered = words.lower().replace(" ", "")
    name = words.split()[0] if words.split() else ""
    if _TWO_THETA.search(words):
        return (PowderAxis.TWO_THETA_RAD if "rad" in lowered else PowderAxis.TWO_THETA_DEG), ()
    per_nm = re.search(r"1/nm|nm\^?\{?[-⁻][1¹]|nm\*\*-1|inv\w*nano|nanomet\w*\^?-1", lowered)
    per_A = re.search(r"1/(å|a(ng\w*)?)(?![a-z])|(å|a|ang\w*)\^?\{?[-⁻][1¹]|ang\w*\*\*-1|inv\w*ang", lowered)
    if _Q.search(words) or per_nm or per_A:
        if per_nm or per_A:
            return (PowderAxis.Q_INVNM if per_nm else PowderAxis.Q_INVA), ()
        unit = PowderAxis.Q_INVA if np.nanmax(values, initial=0) <= 14 else PowderAxis.Q_INVNM
        return unit, (f"The file names no unit for q; {unit.value[5:]} was assumed.",)
    if _D.search(name):
        nm = re.search(r"(^|[^a-z])(nm|nanomet)", words.lower()[len(name) :]) or name.lower().endswith("nm")
        return (PowderAxis.D_NM if nm else PowderAxis.D_A), ()
    return None, ()


def _scans(one: _Found, wavelength: StatedWavelength | None, unfit: str, several: bool) -> list[PowderScan]:
    """The patterns of an intensity: one, one of each frame, or the mean over the azimuth."""
    axis, intensity = hdf5.values(one.axis), hdf5.values(one.intensity)
    notes = list(one.notes)
    if intensity.shape[-1] == len(axis) - 1:
        axis = (axis[1:] + axis[:-1]) / 2
        notes.append("The axis gives the bounds of the points; their middles were taken.")
    sigma = _errors(one, intensity.shape)
    others = hdf5.attribute_list(one.group, "axes")[:-1]
    if intensity.ndim == 2 and others and _AZIMUTH.search(others[-1]):
        counted = np.where(intensity > 0, intensity, np.nan)
        with np.errstate(invalid="ignore"):
            filled = np.isfinite(counted).sum(axis=0)
            intensity = np.where(filled > 0, np.nansum(counted, axis=0) / np.maximum(filled, 1), 0.0)
        sigma = None
        notes.append("The intensity over q and azimuth was averaged over the azimuth.")
    frames = intensity.reshape(-1, len(axis))
    errors = None if sigma is None else sigma.reshape(-1, len(axis))
    if len(frames) > MOST_SCANS:
        raise SpectrumError(f"{one.path}: {len(frames):,} patterns; up to {MOST_SCANS:,} are read.")
    labels = _labels(one, others, len(frames)) if len(frames) > 1 else [one.path if several else ""]
    return [
        PowderScan(
            axis, frame, one.unit, wavelength, tuple(notes), label, None if errors is None else errors[number], unfit
        )
        for number, (frame, label) in enumerate(zip(frames, labels, strict=True))
    ]


def _errors(one: _Found, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
    name = (one.intensity.name or "").rpartition("/")[2]
    stated = hdf5.attribute(one.intensity, "uncertainties")
    columns = hdf5.datasets(one.group)
    for key in (stated, *(pattern.format(name) for pattern in _ERRORS)):
        if key and key in columns and hdf5.is_numeric(columns[key]) and columns[key].shape == shape:
            return hdf5.values(columns[key])
    return None


def _labels(one: _Found, others: list[str], count: int) -> list[str]:
    """The names of frames: the values of the other axis, such as a temperature or a time."""
    columns = hdf5.datasets(one.group)
    for name in others:
        column = columns.get(name)
        if column is not None and hdf5.is_numeric(column) and column.shape == (count,):
            unit = hdf5.attribute(column, "units")
            return [f"{name} {value:g} {unit}".strip() for value in hdf5.values(column)]
    return [f"frame {number}" for number in range(1, count + 1)]


def _wavelengths(file: h5py.File) -> dict[str, StatedWavelength]:
    """What the file says of the wavelength by the name of its entry, and the first of all under an empty name."""
    found: dict[str, StatedWavelength] = {}
    energies: dict[str, StatedWavelength] = {}
    for path, group in hdf5.groups(file):
        entry = path.split("/")[1] if path != "/" else ""
        for name, dataset in hdf5.datasets(group).items():
            stated = _stated(name, dataset)
            if stated is not None:
                into = energies if _ENERGY.fullmatch(name) else found
                into.setdefault(entry, stated)
                into.setdefault("", stated)
        if _WAVELENGTH.fullmatch("wavelength") and (number := hdf5.attribute(group, "wavelength")):
            stated = find_wavelength((f"wavelength = {number}",))
            if stated is not None:
                found.setdefault(entry, stated)
                found.setdefault("", stated)
    return {**energies, **found}


def _stated(name: str, dataset: h5py.Dataset) -> StatedWavelength | None:
    """The wavelength that a dataset states: a number with its unit, or a text such as pyFAI's configuration."""
    kind = "wavelength" if _WAVELENGTH.fullmatch(name) else "energy" if _ENERGY.fullmatch(name) else ""
    if not kind:
        if not re.search(r"config|poni|header|data|calib|process", name, re.IGNORECASE):
            return None
        text = hdf5.text_of(dataset)[:20_000]
        return find_wavelength(tuple(re.split(r"[\n,]", text))) if "wavelength" in text.lower() else None
    if not hdf5.is_numeric(dataset) or dataset.size == 0 or dataset.size > 10_000:
        return None
    number = float(np.ravel(hdf5.values(dataset))[0])
    unit = (hdf5.attribute(dataset, "units") or hdf5.attribute(dataset, "unit")).strip().lower()
    unit = "a" if unit.startswith(("ang", "ång")) else {"meter": "m", "metre": "m", "nanometer": "nm"}.get(unit, unit)
    if not unit:
        unit = "" if kind == "wavelength" and number > 1e-8 else "m" if kind == "wavelength" else "?"
    try:
        value = parse_wavelength(f"{number!r} {unit}".strip())
    except WavelengthError:
        return None
    return StatedWavelength(value, f"{dataset.name} {number:g} {unit}".strip())


def _probes(file: h5py.File) -> list[str]:
    """What the sources of the file say that they send."""
    return [
        hdf5.text_of(dataset)
        for _, group in hdf5.groups(file)
        for name, dataset in hdf5.datasets(group).items()
        if name.lower() in ("probe", "radiation", "type")
    ]
