"""The binary files of SSRL's EXAFS Data Collector: a head of text, the names of the columns, and numbers."""

import re

import numpy as np

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MIN_POINTS
from xsearch.spectra.readers.source import SourceFile
from xsearch.spectra.readers.table import TextTable
from xsearch.spectra.readers.wanted import Wanted
from xsearch.spectra.readers.xas_scan import XasScan
from xsearch.spectra.readers.xas_text import xas_from_table

MARK = re.compile(rb"\A\s*SSRL\s*-\s*EXAFS Data Collector\s+(?P<version>\d+\.\d+)")
_HEAD, _NAME, _GAP = 800, 20, 16
"""Bytes of the head, of a column's name, and between names and numbers."""
_COUNTS = re.compile(rb"PTS\D{0,20}(?P<points>\d+)\s+COLS\D{0,20}(?P<columns>\d+)")
_MOST_COLUMNS = 500
"""Of a scan; more are damage."""


def is_binary(source: SourceFile) -> bool:
    """Whether a file is one of these; the text that the same program writes has no zeros in its head."""
    return MARK.match(source.data) is not None and b"\0" in source.data[:_HEAD]


def read_ssrl(source: SourceFile, wanted: Wanted) -> tuple[XasScan, ...]:
    """A scan, by the names of its columns.

    Versions before 2 write the floats of a VAX: their two words are exchanged, and they are four times as large.

    Raises:
        SpectrumError: where the file is truncated, or holds no absorption.
    """
    mark, counts = MARK.match(source.data), _COUNTS.search(source.data[:_HEAD])
    if mark is None or counts is None:
        raise SpectrumError(f"{source.name}: a binary SSRL file whose head does not say how many points it holds.")
    points, columns = int(counts["points"]), int(counts["columns"])
    names_at = _HEAD + 8 * columns
    data_at = names_at + _NAME * columns + _GAP
    size = 4 * points * columns
    if points < MIN_POINTS or not 2 <= columns <= _MOST_COLUMNS or len(source.data) < data_at + size:
        raise SpectrumError(f"{source.name}: a binary SSRL file that is truncated or altered.")
    names = source.data[names_at : names_at + _NAME * columns].decode("latin-1")
    labels = tuple(names[i : i + _NAME].strip("\0\r\n ") for i in range(0, len(names), _NAME))
    raw = source.data[data_at : data_at + size]
    if float(mark["version"]) < 2:
        words = np.frombuffer(raw, "<u2").reshape(-1, 2)[:, ::-1]
        values = np.ascontiguousarray(words).view("<f4").astype(np.float64) / 4
    else:
        values = np.frombuffer(raw, "<f4").astype(np.float64)
    header = tuple(line.strip() for line in source.data[:_HEAD].decode("latin-1").replace("\0", "\n").splitlines())
    table = TextTable(values.reshape(points, columns), labels, tuple(line for line in header if line), ())
    return xas_from_table(table, source.name, wanted)
