"""Philips RD and SD: binary, counts packed as their roots. Versions 3 and 5 differ in where the counts begin."""

import struct

import numpy as np

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.headers import stated_lines
from xsearch.spectra.readers.ranges import Range, scans_of
from xsearch.spectra.readers.scan import PowderScan
from xsearch.spectra.readers.source import SourceFile

_FIRST_COUNT = {b"V3": 250, b"V5": 810}
_ANODES = ("Cu", "Mo", "Co", "Fe", "Cr")
_MOST_POINTS = 1_000_000
"""Steps beyond which a head is taken for a damaged one."""


def read_philips(source: SourceFile) -> tuple[PowderScan, ...]:
    """The scan of a Philips RD or SD file; of a file that was cut, the points that there are.

    Raises:
        SpectrumError: where its head is cut or makes no range of 2θ.
    """
    data = source.data
    if data[2:4] != b"RD" or data[:2] not in _FIRST_COUNT:
        raise SpectrumError(f"{source.name}: no Philips raw scan, which begins with V3RD or V5RD.")
    try:
        anode = data[85]
        wavelength_A = struct.unpack_from("<d", data, 94)[0]
        continuous = data[126] > 0
        step, start, end = struct.unpack_from("<3d", data, 214)
    except (struct.error, IndexError):
        raise SpectrumError(f"{source.name}: a Philips file that ends within its head; it is truncated.") from None
    steps = (end - start) / step if step > 0 else 0.0
    if not 0 < steps < _MOST_POINTS or not abs(start) < 180:
        raise SpectrumError(f"{source.name}: a Philips file whose range {start:g} to {end:g}° by {step:g}° is none.")
    # Of a continuous scan each point is the middle of its step, and there is one fewer.
    count = round(steps) + (0 if continuous else 1)
    first = start + step / 2 if continuous else start
    begin = _FIRST_COUNT[data[:2]]
    there = max(0, min(count, (len(data) - begin) // 2))
    roots = np.frombuffer(data, dtype="<u2", count=there, offset=min(begin, len(data))).astype(float)
    notes = () if there == count else (f"The file ends after {there} of {count} points; it was stopped or cut.",)
    metal = _ANODES[anode] if anode < len(_ANODES) else None
    stated = stated_lines(wavelength_A if 0.1 < wavelength_A < 5 else None, None, None, metal)
    counts = np.floor(roots**2 / 100.0)
    return scans_of([Range(first + step * np.arange(there), counts, None, stated, notes=notes)], source.name)
