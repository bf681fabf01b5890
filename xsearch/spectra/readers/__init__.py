"""Readers: from the files that instruments and beamlines write to spectra.

`read` is the only door. To add a format, write a function from a `SourceFile` to a `PowderScan` or an `XasScan` and
enter it in `READERS` by its extension; where its files begin with a mark of their own, enter that in `SIGNATURES`.
"""

from xsearch.spectra.readers.read import READERS, SIGNATURES, read

__all__ = ["READERS", "SIGNATURES", "read"]
