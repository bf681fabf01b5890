"""Workbooks: .xlsx, .xls, .xlsb and .ods, each sheet as the text of its rows."""

from __future__ import annotations

import datetime
import io

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.archive import Archive
from xsearch.spectra.readers.source import SourceFile

MOST_CELLS = 2_000_000
"""Of all sheets; no spectrum has more."""


def sheets(source: SourceFile) -> dict[str, str]:
    """The sheets of a workbook by their names, each as lines of cells parted by tabs.

    Raises:
        SpectrumError: where the workbook is damaged or too large.
    """
    import python_calamine  # seldom needed

    if source.data.startswith(b"PK"):
        Archive(source).check_sizes()
    data = io.BytesIO(source.data)
    found: dict[str, str] = {}
    cells = 0
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(data)
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            if sheet.total_height * max(sheet.total_width, 1) + cells > MOST_CELLS:
                raise SpectrumError(f"{source.name}: more than {MOST_CELLS:,} cells; export the spectrum as text.")
            rows = sheet.to_python()
            cells += sum(map(len, rows))
            found[name] = "\n".join("\t".join(map(_cell, row)) for row in rows)
    except (python_calamine.CalamineError, OSError, ValueError, KeyError, AttributeError) as error:
        raise SpectrumError(f"{source.name}: a workbook that cannot be opened ({str(error)[:120]}).") from None
    return {name: text for name, text in found.items() if text.strip()}


def _cell(value: object) -> str:
    """A cell as text: a number to its last digit, words without tabs and line ends."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return repr(float(value))
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return str(value)
    return " ".join(str(value).split())
