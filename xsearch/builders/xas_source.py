"""Tables of absorption spectra as a source of a build."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from xsearch.builders.source import Item, SpectrumProcess
from xsearch.data.xas_tables import XasTables, spectrum_of_rows
from xsearch.spectra.xas import XasSpectrum


@dataclass(frozen=True)
class XasSource:
    """The spectra of Parquet tables, see `XasTables`."""

    tables: XasTables
    process: SpectrumProcess = field(default_factory=lambda: process_xas_rows, repr=False)

    def fingerprint(self) -> str:
        """A hash of the files' content."""
        return self.tables.fingerprint()

    def count(self) -> int | None:
        """Rows of all files; means over sites are not counted."""
        return self.tables.count()

    def items(self) -> Iterator[Item]:
        """One item a spectrum, its payload the rows that it is made of."""
        for spectrum_id, rows in self.tables.spectra():
            yield Item(spectrum_id, rows)


def process_xas_rows(item: Item) -> XasSpectrum:
    """A spectrum from the rows of a table.

    Raises:
        SpectrumError: where the row is marked as doubtful, or holds no spectrum.
    """
    return spectrum_of_rows(item.item_id, item.payload)
