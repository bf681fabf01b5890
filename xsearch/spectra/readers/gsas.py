"""GSAS powder data: text with BANK lines that say how angles and counts are packed."""

import re

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.dialect import strip_comment
from xsearch.spectra.readers.headers import find_wavelength
from xsearch.spectra.readers.other_data import other_radiation
from xsearch.spectra.readers.ranges import Range, scans_of
from xsearch.spectra.readers.scan import PowderScan
from xsearch.spectra.readers.source import SourceFile

_PAIRED = ("FXYE", "FXY")
_NOT_ANGLES = ("SLOG", "RALF", "TIME_MAP", "LPSD", "COND", "EDS")


def read_gsas(source: SourceFile) -> tuple[PowderScan, ...]:
    """The banks of constant-wavelength data; angles stand in hundredths of a degree.

    The forms STD (counters and counts in 2 and 6 characters), ESD (counts and their error in 8 characters each), FXY
    and FXYE (angle, counts, error) are read.

    Raises:
        SpectrumError: where there is no bank, or one of times of flight, energies, or another form.
    """
    # A title may hold whatever its program left in it.
    lines = source.text(lenient=True).splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("BANK")]
    if not starts:
        raise SpectrumError(f"{source.name}: no BANK line in it; GSAS powder data are expected.")
    header = tuple(strip_comment(re.sub(r"[^\x20-\uffff]", " ", line)) for line in lines[: starts[0]])
    banks = [
        _bank(lines[first].split(), lines[first + 1 : last], source.name)
        for first, last in zip(starts, [*starts[1:], len(lines)], strict=True)
    ]
    wavelength, unfit = find_wavelength(header), other_radiation(header)
    if len(banks) == 1:
        axis, counts, sigma = banks[0]
        return (PowderScan(axis, counts, wavelength=wavelength, sigma=sigma, unfit=unfit),)
    return scans_of([Range(axis, counts, None, wavelength) for axis, counts, _ in banks], source.name, "banks")


def _bank(
    words: list[str], lines: list[str], name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None]:
    """The angles, counts and errors of a bank."""
    words = [word.upper() for word in words]
    binning = words[4] if len(words) > 4 else ""
    if binning in _NOT_ANGLES:
        raise SpectrumError(
            f"{name}: a bank of times of flight or energies ({binning}); data of one wavelength are expected."
        )
    form = words[-1] if words[-1] in ("STD", "ESD", "ALT", *_PAIRED) else "STD"
    if form == "ALT":
        raise SpectrumError(f"{name}: GSAS data of form {form}; STD, ESD, FXY or FXYE is expected.")
    body = [line for line in lines if line.strip() and not line.startswith(("#", "\x1a"))]
    try:
        if form in _PAIRED:
            table = np.array([[float(field) for field in line.split()[:3]] for line in body])
            return table[:, 0] / 100.0, table[:, 1], table[:, 2] if table.shape[1] > 2 else None
        counts, errors = _fixed_width(body, form)
        counts = counts[: int(words[2])]
        axis = (float(words[5]) + float(words[6]) * np.arange(len(counts), dtype=np.float64)) / 100.0
    except (ValueError, IndexError, OverflowError):
        raise SpectrumError(
            f"{name}: the bank does not hold what its line says ({' '.join(words)[:60]!r}); the file is altered or "
            "truncated."
        ) from None
    return axis, counts, errors[: len(counts)] if len(errors) >= len(counts) > 0 else None


def _fixed_width(body: list[str], form: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts packed in fields of a fixed width, and their errors; where every field is apart, width does not matter."""
    values: list[float] = []
    for line in body:
        line = line.rstrip()
        fields = [line[at : at + 8] for at in range(0, len(line), 8)]
        if form == "STD":
            fields = [field[2:] for field in fields]
        if any(re.search(r"\S\s+\S", field) for field in fields):
            fields = line.split()
        values += [float(field) for field in fields if field.strip()]
    table = np.array(values)
    return (table[::2], table[1::2]) if form == "ESD" else (table, np.empty(0))
