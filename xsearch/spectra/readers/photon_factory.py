"""The 9809 format of the Photon Factory and other Japanese beamlines: angles of the monochromator, and counts."""

import re

import numpy as np

from xsearch.errors import SpectrumError
from xsearch.spectra.radiation import HC_EV_A
from xsearch.spectra.readers.source import SourceFile
from xsearch.spectra.readers.table import parse_table
from xsearch.spectra.readers.xas_scan import XasScan, find_absorber

MARK = re.compile(r"^\s*9809\s+\S", re.MULTILINE)
_D_SPACING = re.compile(r"\bD\s*=\s*(?P<value>\d+\.\d+)\s*A")
_MODE = re.compile(r"^\s*Mode\s+(?P<codes>\d[\d\s]*)$", re.MULTILINE | re.IGNORECASE)
_FIRST_COUNTER = 3
"""Column of the first counter, after angles and time."""
_I0, _TRANSMITTED, _FLUORESCENCE = 1, 2, 3
"""Modes of counters in a 9809 header."""


def read_9809(source: SourceFile) -> XasScan:
    """A scan: set angle, measured angle, seconds, then counters, whose kinds the `Mode` line gives.

    The codes of the `Mode` line are 1 for i0, 2 for transmission and 3 for fluorescence; without it the first two
    counters are i0 and transmission.

    Raises:
        SpectrumError: where the crystal's d-spacing is missing, or the counters are.
    """
    text = source.text()
    table = parse_table(text, source.name)
    spacing = _D_SPACING.search(text)
    if spacing is None:
        raise SpectrumError(f"{source.name}: a 9809 file without the monochromator's d-spacing (D= 3.13551 A).")
    if table.values.shape[1] < _FIRST_COUNTER + 2:
        raise SpectrumError(f"{source.name}: a 9809 file with fewer than two counters; i0 and another are expected.")
    counters = table.values[:, _FIRST_COUNTER:]
    mode = _MODE.search(text)
    codes = [int(code) for code in mode["codes"].split()][-counters.shape[1] :] if mode else []
    if _I0 not in codes or not {_TRANSMITTED, _FLUORESCENCE} & set(codes) or len(codes) != counters.shape[1]:
        codes = [_I0, _TRANSMITTED, *[0] * (counters.shape[1] - 2)]
    i0 = counters[:, codes.index(_I0)]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        energy_eV = HC_EV_A / (2 * float(spacing["value"]) * np.sin(np.radians(table.values[:, 1])))
        if _TRANSMITTED in codes:
            mu, words = np.log(i0 / counters[:, codes.index(_TRANSMITTED)]), "ln(i0/it), transmission"
        else:
            chosen = [column for column, code in enumerate(codes) if code == _FLUORESCENCE]
            mu, words = counters[:, chosen].sum(axis=1) / i0, "if/i0, fluorescence"
    notes = (
        f"Energies computed from the monochromator's angle with d = {spacing['value']} Å.",
        f"Absorption computed as {words}.",
    )
    return XasScan(energy_eV, mu, *find_absorber(table.header), unit="eV", notes=(*table.notes, *notes))
