"""The 9809 format of the Photon Factory and other Japanese beamlines: angles of the monochromator, and counts."""

import re

import numpy as np

from xsearch.errors import SpectrumError
from xsearch.spectra.radiation import HC_EV_A
from xsearch.spectra.readers.source import SourceFile
from xsearch.spectra.readers.table import TextTable, parse_tables
from xsearch.spectra.readers.wanted import Wanted
from xsearch.spectra.readers.xas_scan import XasScan
from xsearch.spectra.readers.xas_text import xas_from_table

MARK = re.compile(r"^\s*9809\s+\S", re.MULTILINE)
_D_SPACING = re.compile(r"\bD\s*=\s*(?P<value>\d+\.\d+)\s*A")
_MODE = re.compile(r"^\s*Mode\s+(?P<codes>\d[\d\s]*)$", re.MULTILINE | re.IGNORECASE)
_FIRST_COUNTER = 3
"""Column of the first counter, after angles and time."""
_KINDS = {1: "i0", 2: "it", 3: "if"}
"""What the codes of a `Mode` line mean; others are no detectors of the absorption."""


def read_9809(source: SourceFile, wanted: Wanted) -> tuple[XasScan, ...]:
    """A scan: set angle, measured angle, seconds, then counters, whose kinds the `Mode` line gives.

    The codes of the `Mode` line are 1 for i0, 2 for transmission and 3 for fluorescence; without it the first two
    counters are i0 and transmission. Offsets are not subtracted.

    Raises:
        SpectrumError: where the crystal's d-spacing is missing, or the counters are.
    """
    text = source.text()
    table = parse_tables(text, source.name)[0]
    spacing = _D_SPACING.search(text)
    if spacing is None:
        raise SpectrumError(f"{source.name}: a 9809 file without the monochromator's d-spacing (D= 3.13551 A).")
    count = table.values.shape[1] - _FIRST_COUNTER
    if count < 2:
        raise SpectrumError(f"{source.name}: a 9809 file with fewer than two counters; i0 and another are expected.")
    mode = _MODE.search(text)
    codes = [int(code) for code in mode["codes"].split()][-count:] if mode else []
    if 1 not in codes or not {2, 3} & set(codes) or len(codes) != count:
        codes = [1, 2, *[0] * (count - 2)]
    with np.errstate(divide="ignore", invalid="ignore"):
        energy_eV = HC_EV_A / (2 * float(spacing["value"]) * np.sin(np.radians(table.values[:, 1])))
    names = [f"{_KINDS.get(code, 'index')}_ch{number}" for number, code in enumerate(codes, start=1)]
    columns = np.column_stack([energy_eV, table.values[:, _FIRST_COUNTER:]])
    said = f"Energies computed from the monochromator's angle with d = {spacing['value']} Å."
    scan = TextTable(columns, ("energy", *names), table.header, (*table.notes, said))
    return tuple(xas_from_table(scan, source.name, wanted))
