"""Readers: from the files that instruments and beamlines write to spectra.

`read` and `read_each` are the only doors. To add a format, write a function from a `SourceFile` to a `PowderScan` or
an `XasScan`, or to a tuple of them where the file holds several, and enter it in `READERS` by its extension; where its
files begin with a mark of their own, enter that in `SIGNATURES`.
"""

from xsearch.spectra.readers.read import READERS, SIGNATURES, read, read_each

__all__ = ["READERS", "SIGNATURES", "read", "read_each"]
