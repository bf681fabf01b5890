"""Counts without angles: text that gives the first angle and the step, and then only counts.

Bruker UXD, Philips UDF, Sietronics CPI, Jade MDI, and the files of FullProf, DBWS and neutron laboratories.
"""

import math
import re
from collections.abc import Sequence

import numpy as np

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MIN_POINTS
from xsearch.spectra.readers.dialect import is_comment, strip_comment
from xsearch.spectra.readers.headers import find_wavelength, stated_lines
from xsearch.spectra.readers.other_data import other_radiation
from xsearch.spectra.readers.ranges import Range, scans_of
from xsearch.spectra.readers.scan import PowderScan, StatedWavelength
from xsearch.spectra.readers.source import SourceFile

_MOST_STEPS = 1_000_000
"""Steps beyond which a header is taken for a damaged one."""
_MOST_LINES_ABOVE = 40
"""Lines of words before the row of start, step and end."""
_UXD_KEY = re.compile(r"^_(?P<key>[A-Z0-9_]+)\s*=\s*'?(?P<value>[^']*)'?")
_UXD_DATA = re.compile(r"^_(?P<angles>2THETA)?_?(?P<unit>COUNTS|CPS)\b")
_UXD_AXES = ("COUPLED", "2THETA", "TWOTHETA", "LOCKED COUPLED", "UNLOCKED COUPLED", "DETECTOR SCAN", "PSD FIXED SCAN")
_MDI_HEAD = re.compile(
    r"^\s*(?P<start>[\d.]+)\s+(?P<step>[\d.]+)\s+(?P<time>[\d.]+)\s+(?P<anode>[A-Za-z]{1,2})\s+(?P<wavelength>[\d.]+)\s+"
    r"(?P<end>[\d.]+)\s+(?P<count>\d+)\s*$"
)

Keys = dict[str, str]


def read_uxd(source: SourceFile) -> tuple[PowderScan, ...]:
    """The ranges of a Bruker UXD file, whose counts come with their angles or without.

    Raises:
        SpectrumError: where there is none along 2θ.
    """
    keys: Keys = {}
    scans: list[tuple[Keys, bool, list[str]]] = []
    for line in source.text().splitlines():
        line = line.strip()
        if not line or line.startswith(";"):
            continue
        if data := _UXD_DATA.match(line):
            scans.append(({**keys, "UNIT": data["unit"]}, data["angles"] is not None, []))
        elif match := _UXD_KEY.match(line):
            keys[match["key"]] = match["value"].strip()
        elif scans:
            scans[-1][2].append(line)
    ranges = [_uxd_range(*scan, source.name) for scan in scans if scan[0].get("DRIVE", "2THETA").upper() in _UXD_AXES]
    if not ranges:
        raise SpectrumError(f"{source.name}: no scan along 2θ in it ({len(scans)} scans).")
    return scans_of(ranges, source.name, "ranges")


def read_udf(source: SourceFile) -> tuple[PowderScan, ...]:
    """A Philips UDF file: fields that end in `,/`, then counts.

    Raises:
        SpectrumError: where its range or its counts are missing.
    """
    keys: Keys = {}
    head, mark, body = source.text().partition("RawScan")
    for line in head.splitlines():
        key, _, value = line.partition(",")
        keys[key.strip()] = value.strip().removesuffix("/").rstrip(", ")
    counts = _counts(re.split(r"[,\s/]+", body))
    start, step = _float(keys.get("DataAngleRange", "").partition(",")[0]), _float(keys.get("ScanStepSize", ""))
    if not mark or start is None or not step:
        raise SpectrumError(f"{source.name}: no RawScan with its DataAngleRange and ScanStepSize in it.")
    wavelength = stated_lines(
        _float(keys.get("LabdaAlpha1", "")), _float(keys.get("LabdaAlpha2", "")), _float(keys.get("RatioAlpha21", "")),
        keys.get("Anode"),
    )  # fmt: skip
    return scans_of([Range(_angles(start, step, counts), counts, None, wavelength)], source.name)


def read_cpi(source: SourceFile) -> tuple[PowderScan, ...]:
    """A Sietronics CPI file: start, end, step, anode, wavelength, date and speed on a line each, then counts.

    Raises:
        SpectrumError: where one of them is missing.
    """
    head, mark, body = source.text().partition("SCANDATA")
    lines = [line.strip() for line in head.splitlines()]
    start, step = (_float(lines[place]) if len(lines) > place else None for place in (1, 3))
    if not mark or start is None or not step:
        raise SpectrumError(f"{source.name}: no start, step and SCANDATA in it, as a Sietronics file has them.")
    anode, number = (lines[place] if len(lines) > place else "" for place in (4, 5))
    counts = _counts(body.split())
    wavelength = stated_lines(_float(number), None, None, anode)
    return scans_of([Range(_angles(start, step, counts), counts, None, wavelength)], source.name)


def mdi_counts(text: str, name: str) -> tuple[PowderScan, ...] | None:
    """A Jade MDI file: a title, a line of start, step, time, anode, wavelength, end and number, then counts.

    Anything else gives None.
    """
    lines = text.splitlines()
    match = next((found for line in lines[:4] if (found := _MDI_HEAD.match(line))), None)
    if match is None:
        return None
    place = next(number for number, line in enumerate(lines) if line == match.string)
    counts = _counts(" ".join(lines[place + 1 :]).split())[: int(match["count"])]
    start, step, seconds = (float(match[key]) for key in ("start", "step", "time"))
    wavelength = stated_lines(float(match["wavelength"]), None, None, match["anode"].capitalize())
    return scans_of([Range(_angles(start, step, counts), counts, seconds or None, wavelength)], name)


def stepped_counts(text: str) -> PowderScan | None:
    """A pattern whose first row of numbers is start, step and end, and which holds as many counts as that asks for.

    FullProf and DBWS write such files; some let the standard deviations follow. Anything else gives None.
    """
    header: list[str] = []
    lines = text.splitlines()
    if text.count("\n") > _MOST_STEPS:
        return None
    for number, line in enumerate(lines):
        fields = line.split()
        first = _floats(fields[:3])
        if is_comment(line) or first is None or len(first) < 3:
            header.append(strip_comment(line))
            if len(header) > _MOST_LINES_ABOVE:
                return None
            continue
        start, step, end = first
        steps = (end - start) / step if step > 0 else math.nan
        expected = round(steps) + 1 if 0 < steps < _MOST_STEPS else 0
        # A first row of a table has the same look; its second row would be read as counts.
        values = _floats(" ".join(rest for rest in lines[number + 1 :] if not is_comment(rest)).split())
        if expected < MIN_POINTS or values is None:
            return None
        doubled = abs(len(values) - 2 * expected) <= 1
        stopped = MIN_POINTS <= len(values) < expected - 1 and _is_packed(lines[number : number + 6])
        if not doubled and not stopped and abs(len(values) - expected) > 1:
            return None
        counts = np.array(values[:expected])
        sigma = np.array(values[expected : 2 * expected]) if doubled and len(values) >= 2 * expected else None
        notes = [f"The file gives no angles but start {start:g}, step {step:g} and end {end:g}."]
        if stopped:
            notes.append(f"The counts end after {len(values)} of {expected} points, as of a stopped measurement.")
        if doubled:
            notes.append("Standard deviations follow the counts.")
        words = (*header, " ".join(fields[3:]))
        return PowderScan(
            _angles(start, step, counts), counts, wavelength=find_wavelength(words), notes=tuple(notes), sigma=sigma,
            unfit=other_radiation(words),
        )  # fmt: skip
    return None


def _is_packed(lines: list[str]) -> bool:
    """Whether a row of three numbers stands above rows of more, as no table of columns begins."""
    widths = [len(line.split()) for line in lines if line.strip()]
    numbers = _floats(lines[0].split()) if lines else None
    return numbers is not None and len(numbers) == 3 and len(widths) > 3 and min(widths[1:-1]) > 3


def _uxd_range(keys: Keys, paired: bool, lines: list[str], name: str) -> Range:
    values = [value for line in lines for value in line.replace(",", " ").split()]
    counts = _counts(values)
    notes = () if len(counts) == len(values) else (f"The counts end after {len(counts)} of {len(values)} numbers.",)
    if paired:
        whole = len(counts) // 2 * 2
        if whole < len(counts):
            notes = (*notes, "The last row of a scan is not whole, as of a stopped measurement.")
        axis, counts = counts[:whole:2], counts[1:whole:2]
    else:
        start, step = _float(keys.get("START", keys.get("2THETA", ""))), _float(keys.get("STEPSIZE", ""))
        if start is None or not step:
            raise SpectrumError(f"{name}: counts without angles, and no _START and _STEPSIZE.")
        axis = _angles(start, step, counts)
    seconds = 1.0 if keys["UNIT"] == "CPS" else _float(keys.get("STEPTIME", ""))
    label = " ".join(f"{key.lower()} {keys[key]}" for key in ("TEMP", "TEMPERATURE", "STARTED") if keys.get(key))
    return Range(axis, counts, seconds, _uxd_wavelength(keys), label, notes)


def _uxd_wavelength(keys: Keys) -> StatedWavelength | None:
    kalpha1, kalpha2 = (_float(keys.get(key, "")) for key in ("WL1", "WL2"))
    if kalpha1 and kalpha2 and keys.get("WL_UNIT", "A").upper() == "NM":
        kalpha1, kalpha2 = 10 * kalpha1, 10 * kalpha2
    return stated_lines(kalpha1, kalpha2, _float(keys.get("WLRATIO", "")), keys.get("ANODE"))


def _angles(start: float, step: float, counts: Sequence[float] | np.ndarray) -> np.ndarray:
    return start + step * np.arange(len(counts), dtype=np.float64)


def _counts(fields: Sequence[str]) -> np.ndarray:
    """The numbers up to the first word; a last -1 says that the counts have ended."""
    values = []
    for field in fields:
        if not field:
            continue
        value = _float(field)
        if value is None:
            break
        values.append(value)
    if values and values[-1] == -1:
        values.pop()
    return np.array(values, dtype=float)


def _float(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _floats(fields: list[str]) -> list[float] | None:
    try:
        return [float(field) for field in fields]
    except ValueError:
        return None
