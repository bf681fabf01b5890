"""GSAS powder data: text with a BANK line that says how angles and counts are packed."""

import re

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.dialect import strip_comment
from xsearch.spectra.readers.headers import find_wavelength
from xsearch.spectra.readers.scan import PowderScan
from xsearch.spectra.readers.source import SourceFile

_PAIRED = ("FXYE", "FXY")


def read_gsas(source: SourceFile) -> PowderScan:
    """The first bank of constant-wavelength data; angles stand in hundredths of a degree.

    The forms STD (counters and counts in 2 and 6 characters), ESD (counts and their error in 8 characters each), FXY
    and FXYE (angle, counts, error) are read.

    Raises:
        SpectrumError: where there is no bank, or one of times of flight, energies, or another form.
    """
    lines = source.text().splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("BANK")]
    if not starts:
        raise SpectrumError(f"{source.name}: no BANK line in it; GSAS powder data are expected.")
    words = lines[starts[0]].upper().split()
    binning = words[4] if len(words) > 4 else ""
    if binning in ("SLOG", "RALF", "TIME_MAP", "LPSD", "COND", "EDS"):
        raise SpectrumError(
            f"{source.name}: a bank of times of flight or energies ({binning}); data of one wavelength are expected."
        )
    form = words[-1] if words[-1] in ("STD", "ESD", "ALT", *_PAIRED) else "STD"
    end = starts[1] if len(starts) > 1 else len(lines)
    body = [line for line in lines[starts[0] + 1 : end] if line.strip() and not line.startswith(("#", "\x1a"))]
    try:
        if form in _PAIRED:
            table = [[float(field) for field in line.split()[:2]] for line in body]
            axis, counts = np.array(table).T / np.array([[100.0], [1.0]])
        elif form in ("STD", "ESD"):
            counts = _fixed_width(body, form)[: int(words[2])]
            axis = (float(words[5]) + float(words[6]) * np.arange(len(counts))) / 100.0
        else:
            raise SpectrumError(f"{source.name}: GSAS data of form {form}; STD, ESD, FXY or FXYE is expected.")
    except (ValueError, IndexError):
        raise SpectrumError(
            f"{source.name}: the bank does not hold what its line says ({lines[starts[0]].strip()[:60]!r}); the file "
            "is altered or truncated."
        ) from None
    header = tuple(strip_comment(line) for line in lines[: starts[0]])
    notes = (f"The file holds {len(starts)} banks; the first was read.",) if len(starts) > 1 else ()
    return PowderScan(axis, counts, wavelength=find_wavelength(header), notes=notes)


def _fixed_width(body: list[str], form: str) -> NDArray[np.float64]:
    """Counts packed in fields of a fixed width; where every field is apart from the next, width does not matter."""
    values: list[float] = []
    for line in body:
        line = line.rstrip()
        if form == "ESD":
            fields = [line[at : at + 8] for at in range(0, len(line), 16)]
        else:
            fields = [line[at + 2 : at + 8] for at in range(0, len(line), 8)]
        if any(re.search(r"\S\s+\S", field) for field in fields):
            fields = line.split()[:: 2 if form == "ESD" else 1]
        values += [float(field) for field in fields if field.strip()]
    return np.array(values)
