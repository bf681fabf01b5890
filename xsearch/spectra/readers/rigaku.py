"""Rigaku: RAS (text), RASX (the same in a zip archive), and the older ASC (text, counts without angles)."""

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.archive import Archive
from xsearch.spectra.readers.headers import stated_kbeta, stated_lines
from xsearch.spectra.readers.ranges import Range, scans_of
from xsearch.spectra.readers.scan import PowderScan, StatedWavelength
from xsearch.spectra.readers.source import SourceFile

_KEY = re.compile(r'^\*(?P<key>\S+)\s+"(?P<value>[^"]*)"')
_ASC_KEY = re.compile(r"^\*(?P<key>\w+)\s*=\s*(?P<value>.*?)\s*$")
_TWO_THETA = re.compile(r"two\s*theta|2\s*theta|^2(?!\s*$)", re.IGNORECASE)
"""Names of the axis; the Greek letter after the 2 stands in any code page."""

Table = NDArray[np.float64]
Keys = dict[str, str]


def read_ras(source: SourceFile) -> tuple[PowderScan, ...]:
    """The scans along 2θ of a .ras file; of a measurement that was stopped, the points that there are.

    Raises:
        SpectrumError: where there is none.
    """
    scans: list[tuple[Keys, list[str]]] = []
    header: Keys = {}
    rows: list[str] | None = None
    for line in source.text().splitlines():
        if line.startswith("*RAS_INT_START"):
            rows = []
            scans.append((dict(header), rows))
        elif line.startswith("*RAS_INT_END"):
            rows = None
        elif rows is not None:
            rows.append(line)
        elif match := _KEY.match(line):
            header[match["key"]] = match["value"]
    ranges = []
    for place, (keys, lines) in enumerate(scans):
        table, notes = _table(lines, stopped=rows is not None and place == len(scans) - 1)
        if _moves_two_theta(keys.get("MEAS_SCAN_AXIS_X_INTERNAL") or keys.get("MEAS_SCAN_AXIS_X", "")):
            ranges.append(_range(table, notes, _ras_wavelength(keys), _seconds(keys), keys.get("MEAS_SCAN_START_TIME")))
    if not ranges:
        axes = ", ".join(keys.get("MEAS_SCAN_AXIS_X", "?") for keys, _ in scans[:8]) or "nothing"
        raise SpectrumError(f"{source.name}: no scan along 2θ in it ({len(scans)} scans, along {axes}).")
    return scans_of(ranges, source.name)


def read_rasx(source: SourceFile) -> tuple[PowderScan, ...]:
    """The scans along 2θ of a .rasx file.

    Raises:
        SpectrumError: where there is none.
    """
    archive = Archive(source)
    profiles = sorted(
        (member for member in archive.members if re.search(r"Profile\d+\.txt$", member)),
        key=lambda member: [int(digits) for digits in re.findall(r"\d+", member)],
    )
    ranges = []
    for profile in profiles:
        table, notes = _table(archive.read(profile).decode("utf-8-sig", errors="replace").splitlines())
        # The manufacturer's own spelling lacks an "a".
        conditions = re.sub(r"Profile(\d+)\.txt$", r"MesurementConditions\1.xml", profile)
        xml = archive.xml(conditions) if conditions in archive.members else None
        if xml is None:
            ranges.append(_range(table, notes, None, None, None))
            continue
        # RAS and RASX say the same by other names
        keys = {
            key: (xml.findtext(f".//{tag}") or "").strip()
            for key, tag in (
                ("HW_XG_TARGET_NAME", "TargetName"), ("HW_XG_WAVE_LENGTH_ALPHA1", "WavelengthKalpha1"),
                ("HW_XG_WAVE_LENGTH_ALPHA2", "WavelengthKalpha2"), ("HW_XG_WAVE_LENGTH_BETA", "WavelengthKbeta"),
                ("MEAS_COND_XG_WAVE_TYPE", "WaveType"), ("MEAS_SCAN_STEP", "Step"), ("MEAS_SCAN_SPEED", "Speed"),
                ("MEAS_SCAN_SPEED_UNIT", "SpeedUnit"), ("MEAS_SCAN_UNIT_Y", "IntensityUnit"),
            )
        }  # fmt: skip
        if _moves_two_theta((xml.findtext(".//AxisName") or "").strip()):
            label = xml.findtext(".//StartTime") or profile
            ranges.append(_range(table, notes, _ras_wavelength(keys), _seconds(keys), label))
    if not ranges:
        raise SpectrumError(
            f"{source.name}: no scan along 2θ in it ({len(profiles)} profiles); pictures of area detectors must be "
            "integrated first."
        )
    return scans_of(ranges, source.name, "profiles")


def read_asc(source: SourceFile) -> tuple[PowderScan, ...]:
    """The groups of a Rigaku ASC (or DAT) file, each a start, a step and counts.

    Raises:
        SpectrumError: where there is none.
    """
    keys: Keys = {}
    ranges: list[Range] = []
    rows: list[str] = []
    for line in (*source.text().splitlines(), "*END"):
        if match := _ASC_KEY.match(line):
            keys[match["key"].upper()] = match["value"].strip("'\"")
        elif not line.startswith("*"):
            rows.append(line)
        elif rows:
            found = _asc_group(keys, rows)
            ranges += [found] if found is not None else []
            rows = []
    if not ranges:
        raise SpectrumError(f"{source.name}: no group along 2θ in it, with *START, *STEP, *COUNT and counts.")
    return scans_of(ranges, source.name, "groups")


def _asc_group(keys: Keys, rows: list[str]) -> Range | None:
    """A group's angles and counts; None where it is none along 2θ."""
    numbers, lost = _parsed(rows)
    counts = np.array([value for row in numbers for value in row], dtype=float)
    start, step, announced = (_float(keys, key) for key in ("START", "STEP", "COUNT"))
    if start is None or not step or announced is None or not _moves_two_theta(keys.get("SCAN_AXIS", "")):
        return None
    notes = [f"{lost} lines of a group are no numbers and were left out."] if lost else []
    if len(counts) != announced:
        notes.append(f"The file announces {announced:g} points and holds {len(counts)}.")
    stated = stated_lines(_float(keys, "WAVE_LENGTH1"), _float(keys, "WAVE_LENGTH2"), None, None)
    seconds = _seconds(
        {
            "MEAS_SCAN_UNIT_Y": keys.get("YUNIT", ""), "MEAS_SCAN_STEP": keys["STEP"],
            "MEAS_SCAN_SPEED": keys.get("SPEED", ""), "MEAS_SCAN_SPEED_UNIT": keys.get("SPEED_DIM", ""),
        }
    )  # fmt: skip
    angles = start + step * np.arange(len(counts), dtype=np.float64)
    return Range(angles, counts, seconds, stated, keys.get("START_TIME", ""), tuple(notes))


def _range(
    table: Table, notes: tuple[str, ...], wavelength: StatedWavelength | None, seconds: float | None, label: str | None
) -> Range:
    counts, said = _undo_attenuator(table)
    return Range(table[:, 0], counts, seconds, wavelength, label or "", (*said, *notes))


def _ras_wavelength(keys: Keys) -> StatedWavelength | None:
    used = re.sub(r"[\s_-]|pha|α", "", keys.get("MEAS_COND_XG_WAVE_TYPE", "").lower().replace("β", "b"))
    anode = keys.get("HW_XG_TARGET_NAME")
    if used.startswith("kb"):
        return stated_kbeta(_float(keys, "HW_XG_WAVE_LENGTH_BETA"), anode)
    return stated_lines(
        _float(keys, "HW_XG_WAVE_LENGTH_ALPHA1"), _float(keys, "HW_XG_WAVE_LENGTH_ALPHA2"), None, anode,
        only_kalpha1=used in ("ka1", "kal1"),
    )  # fmt: skip


def _seconds(keys: Keys) -> float | None:
    """For which each point was counted: from the speed of the scan and its step. Counts per second count as one."""
    if keys.get("MEAS_SCAN_UNIT_Y", "").lower() == "cps":
        return 1.0
    speed, step = _float(keys, "MEAS_SCAN_SPEED"), _float(keys, "MEAS_SCAN_STEP")
    unit = keys.get("MEAS_SCAN_SPEED_UNIT", "").lower()
    if speed is None or speed <= 0:
        return None
    if "min" in unit:
        return None if not step else abs(step) * 60.0 / speed
    return speed if unit.startswith("s") else None


def _float(keys: Keys, key: str) -> float | None:
    try:
        return float(keys[key])
    except (KeyError, ValueError):
        return None


def _moves_two_theta(axis: str) -> bool:
    """Whether a scan's axis moves 2θ; one that is not named is taken for that."""
    return not axis or _TWO_THETA.search(axis) is not None


def _parsed(lines: Iterable[str]) -> tuple[list[list[float]], int]:
    """The rows of numbers, and how many lines are none."""
    rows, lost = [], 0
    for line in lines:
        fields = line.replace(",", " ").split()
        try:
            rows.append([float(field) for field in fields])
        except ValueError:
            lost += 1
    return [row for row in rows if row], lost


def _table(lines: list[str], stopped: bool = False) -> tuple[Table, tuple[str, ...]]:
    """(n, k) the rows of a scan, and notes on lines that are none; of a scan that was stopped the last may be cut."""
    rows, lost = _parsed(lines)
    width = len(rows[0]) if rows else 2
    kept = [row for row in rows if len(row) == width and width >= 2]
    lost += len(rows) - len(kept)
    notes = []
    if stopped:
        notes.append(f"The file ends within a scan, as of a stopped measurement; {len(kept)} points were read.")
        lost -= lost > 0
    if lost:
        notes.append(f"{lost} lines of a scan are no rows of numbers and were left out.")
    return np.array(kept, dtype=float).reshape(len(kept), max(width, 2)), tuple(notes)


def _undo_attenuator(table: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Counts freed of an automatic attenuator, whose factor is the third column.

    Nobody says whether the second column is corrected already, so the smoother of the two curves is taken where the
    factor changes.
    """
    counts = table[:, 1]
    if table.shape[1] < 3 or np.ptp(table[:, 2]) == 0 or (table[:, 2] <= 0).any():
        return counts, ()
    changes = np.flatnonzero(np.diff(table[:, 2]))
    corrected = counts * table[:, 2]

    def jump(curve: NDArray[np.float64]) -> float:
        return float(np.abs(np.diff(np.log(np.maximum(curve, 1.0))))[changes].sum())

    if jump(corrected) < jump(counts):
        return corrected, ("The counts were multiplied by the attenuator's factors, the third column.",)
    return counts, ("An attenuator was in use; the counts are taken to be corrected for it.",)
