"""Rigaku RAS (text) and RASX (the same in a zip archive)."""

import re

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MIN_POINTS
from xsearch.spectra.readers.archive import Archive, number
from xsearch.spectra.readers.headers import stated_lines
from xsearch.spectra.readers.scan import PowderScan, StatedWavelength
from xsearch.spectra.readers.source import SourceFile

_KEY = re.compile(r'^\*(?P<key>\S+)\s+"(?P<value>[^"]*)"')


def read_ras(source: SourceFile) -> PowderScan:
    """The first full scan along 2θ of a .ras file.

    Raises:
        SpectrumError: where there is none.
    """
    scans: list[tuple[dict[str, str], NDArray[np.float64]]] = []
    header: dict[str, str] = {}
    rows: list[list[float]] | None = None
    for line in source.text().splitlines():
        if line.startswith("*RAS_INT_START"):
            rows = []
        elif line.startswith("*RAS_INT_END") and rows is not None:
            scans.append((dict(header), _table(rows, source.name)))
            rows = None
        elif rows is not None:
            rows.append(_numbers(line, source.name))
        elif match := _KEY.match(line):
            header[match["key"]] = match["value"]
    if rows is not None:
        raise SpectrumError(f"{source.name}: the file ends within a scan (no *RAS_INT_END); it is truncated.")
    full = [
        (keys, table) for keys, table in scans if _is_two_theta(keys.get("MEAS_SCAN_AXIS_X", "")) and _is_full(table)
    ]
    if not full:
        axes = ", ".join(keys.get("MEAS_SCAN_AXIS_X", "?") for keys, _ in scans[:8]) or "nothing"
        raise SpectrumError(
            f"{source.name}: no scan along 2θ of {MIN_POINTS} points or more in it ({len(scans)} scans, along {axes})."
        )
    keys, table = full[0]
    counts, notes = _undo_attenuator(table)
    if len(scans) > 1:
        notes = (f"The file holds {len(scans)} scans; the first full one was read.", *notes)
    return PowderScan(table[:, 0], counts, wavelength=_ras_wavelength(keys), notes=notes)


def read_rasx(source: SourceFile) -> PowderScan:
    """The first full scan along 2θ of a .rasx file.

    Raises:
        SpectrumError: where there is none.
    """
    archive = Archive(source)
    profiles = sorted(
        (member for member in archive.members if re.search(r"Profile\d+\.txt$", member)),
        key=lambda member: [int(digits) for digits in re.findall(r"\d+", member)],
    )
    for profile in profiles:
        text = archive.read(profile).decode("utf-8-sig", errors="replace")
        table = _table([_numbers(line, source.name) for line in text.splitlines() if line.strip()], source.name)
        # The manufacturer's own spelling lacks an "a".
        conditions = re.sub(r"Profile(\d+)\.txt$", r"MesurementConditions\1.xml", profile)
        xml = archive.xml(conditions) if conditions in archive.members else None
        axis = (xml.findtext(".//AxisName") or "") if xml is not None else ""
        if not _is_full(table) or not _is_two_theta(axis):
            continue
        wavelength = None
        if xml is not None:
            wavelength = stated_lines(
                number(xml.find(".//WavelengthKalpha1")),
                number(xml.find(".//WavelengthKalpha2")),
                None,
                xml.findtext(".//TargetName"),
                only_kalpha1=(xml.findtext(".//WaveType") or "").strip().lower() in ("ka1", "kalpha1"),
            )
        counts, notes = _undo_attenuator(table)
        if len(profiles) > 1:
            notes = (f"The file holds {len(profiles)} scans; {profile} was read.", *notes)
        return PowderScan(table[:, 0], counts, wavelength=wavelength, notes=notes)
    raise SpectrumError(
        f"{source.name}: no scan along 2θ of {MIN_POINTS} points or more in it ({len(profiles)} profiles); pictures of "
        "area detectors must be integrated first."
    )


def _ras_wavelength(keys: dict[str, str]) -> StatedWavelength | None:
    def value(key: str) -> float | None:
        try:
            return float(keys[key])
        except (KeyError, ValueError):
            return None

    return stated_lines(
        value("HW_XG_WAVE_LENGTH_ALPHA1"),
        value("HW_XG_WAVE_LENGTH_ALPHA2"),
        None,
        keys.get("HW_XG_TARGET_NAME"),
        only_kalpha1=keys.get("MEAS_COND_XG_WAVE_TYPE", "").strip().lower() in ("ka1", "kalpha1"),
    )


def _is_two_theta(axis: str) -> bool:
    """Whether a scan's axis moves 2θ; one that is not named is taken for that."""
    return not axis or re.search(r"two\s*theta|2\s*theta|2θ", axis, re.IGNORECASE) is not None


def _is_full(table: NDArray[np.float64]) -> bool:
    return len(table) >= MIN_POINTS and table.shape[1] >= 2


def _numbers(line: str, name: str) -> list[float]:
    try:
        return [float(field) for field in line.replace(",", " ").split()]
    except ValueError:
        raise SpectrumError(f"{name}: a row of the scan is not of numbers: {line.strip()[:40]!r}.") from None


def _table(rows: list[list[float]], name: str) -> NDArray[np.float64]:
    rows = [row for row in rows if row]
    if len({len(row) for row in rows}) > 1:
        raise SpectrumError(f"{name}: the rows of the scan have different lengths; the file is altered or truncated.")
    return np.array(rows) if rows else np.empty((0, 2))


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
