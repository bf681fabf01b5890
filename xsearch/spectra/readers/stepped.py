"""Counts without angles: text that gives the first angle and the step, and then only counts (UXD, FullProf, DBWS)."""

import math
import re

import numpy as np

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MIN_POINTS
from xsearch.spectra.readers.dialect import is_comment, strip_comment
from xsearch.spectra.readers.headers import find_wavelength, stated_lines
from xsearch.spectra.readers.scan import PowderScan, StatedWavelength
from xsearch.spectra.readers.source import SourceFile

_MOST_STEPS = 10_000_000
"""Steps beyond which a header is taken for a damaged one."""
_UXD_KEY = re.compile(r"^_(?P<key>[A-Z0-9_]+)\s*=\s*'?(?P<value>[^']*)'?")
_UXD_DATA = re.compile(r"^_(?P<angles>2THETA)?(?:COUNTS|CPS)\b")


def read_uxd(source: SourceFile) -> PowderScan:
    """The first full scan of a Bruker UXD file, whose counts come with their angles or without.

    Raises:
        SpectrumError: where there is none.
    """
    keys: dict[str, str] = {}
    scans: list[tuple[dict[str, str], bool, list[float]]] = []
    for line in source.text().splitlines():
        line = line.strip()
        if not line or line.startswith(";"):
            continue
        if data := _UXD_DATA.match(line):
            scans.append((dict(keys), data["angles"] is not None, []))
        elif match := _UXD_KEY.match(line):
            keys[match["key"]] = match["value"].strip()
        elif scans:
            scans[-1][2].extend(_numbers(line, source.name))
    full = [scan for scan in scans if len(scan[2]) >= MIN_POINTS * (2 if scan[1] else 1) and _moves_two_theta(scan[0])]
    if not full:
        raise SpectrumError(
            f"{source.name}: no scan along 2θ of {MIN_POINTS} points or more in it ({len(scans)} scans)."
        )
    head, paired, values = full[0]
    counts = np.array(values)
    if paired:
        if len(counts) % 2:
            raise SpectrumError(f"{source.name}: the last row of the scan is not whole; the file is truncated.")
        axis, counts = counts[::2], counts[1::2]
    else:
        try:
            axis = float(head["START"]) + float(head["STEPSIZE"]) * np.arange(len(counts), dtype=np.float64)
        except (KeyError, ValueError):
            raise SpectrumError(f"{source.name}: counts without angles, and no _START and _STEPSIZE.") from None
    notes = (f"The file holds {len(scans)} scans; the first full one was read.",) if len(scans) > 1 else ()
    return PowderScan(axis, counts, wavelength=_uxd_wavelength(head), notes=notes)


def stepped_counts(text: str) -> PowderScan | None:
    """A pattern whose first row of numbers is start, step and end, and which holds as many counts as that asks for.

    FullProf and DBWS write such files. Anything else gives None.
    """
    header: list[str] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        fields = line.split()
        first = _floats(fields[:3])
        if is_comment(line) or first is None or len(first) < 3:
            header.append(strip_comment(line))
            if len(header) > 40:
                return None
            continue
        start, step, end = first
        steps = (end - start) / step if step > 0 else math.nan
        expected = round(steps) + 1 if 0 < steps < _MOST_STEPS else 0
        counts = _floats(" ".join(rest for rest in lines[number + 1 :] if not is_comment(rest)).split())
        if expected < MIN_POINTS or counts is None or abs(len(counts) - expected) > 1:
            return None
        axis = start + step * np.arange(len(counts), dtype=np.float64)
        stated = find_wavelength((*header, " ".join(fields[3:])))
        note = f"The file gives no angles but start {start:g}, step {step:g} and end {end:g}."
        return PowderScan(axis, np.array(counts), wavelength=stated, notes=(note,))
    return None


def _uxd_wavelength(keys: dict[str, str]) -> StatedWavelength | None:
    def value(key: str) -> float | None:
        found = _floats([keys.get(key, "")])
        return found[0] if found else None

    kalpha1, kalpha2 = value("WL1"), value("WL2")
    if kalpha1 and kalpha2 and keys.get("WL_UNIT", "A").upper() == "NM":
        kalpha1, kalpha2 = 10 * kalpha1, 10 * kalpha2
    return stated_lines(kalpha1, kalpha2, value("WLRATIO"), keys.get("ANODE"))


def _moves_two_theta(keys: dict[str, str]) -> bool:
    return keys.get("DRIVE", "COUPLED").upper() in (
        "COUPLED",
        "2THETA",
        "TWOTHETA",
        "LOCKED COUPLED",
        "UNLOCKED COUPLED",
    )


def _numbers(line: str, name: str) -> list[float]:
    values = _floats(line.replace(",", " ").split())
    if values is None:
        raise SpectrumError(f"{name}: a row of the scan is not of numbers: {line[:40]!r}.")
    return values


def _floats(fields: list[str]) -> list[float] | None:
    try:
        return [float(field) for field in fields]
    except ValueError:
        return None
