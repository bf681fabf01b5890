"""The spectra that come with xsearch as a source of a build."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from xsearch.builders.digests import digest_of
from xsearch.builders.source import Item, SpectraSource, SpectrumProcess
from xsearch.builders.xas_source import process_xas_rows
from xsearch.data.shipped_library import ShippedLibrary


@dataclass(frozen=True)
class ShippedSpectra:
    """Shipped spectra, after those of another source; one whose id that source has is left out.

    Attributes:
        library: which of them.
        first: another source of rows, if there is one.
    """

    library: ShippedLibrary
    first: SpectraSource | None = None
    process: SpectrumProcess = field(default_factory=lambda: process_xas_rows, repr=False)

    @classmethod
    def of_entries(cls, materials: Collection[str], first: SpectraSource | None = None) -> ShippedSpectra:
        """Those of an index's entries, and all references."""
        return cls(ShippedLibrary(frozenset(materials)), first)

    def fingerprint(self) -> str:
        """A hash of the files and of what is taken from them."""
        return digest_of(
            [self.library.tables.fingerprint(), sorted(self.library.spectra), self.first and self.first.fingerprint()]
        )

    def count(self) -> int | None:
        """Of both."""
        first = self.first.count() if self.first is not None else 0
        return None if first is None else first + len(self.library.spectra)

    def items(self) -> Iterator[Item]:
        """One item a spectrum, its payload the rows that it is made of."""
        seen = set()
        for item in self.first.items() if self.first is not None else ():
            seen.add(item.item_id)
            yield item
        for name, rows in self.library.spectra.items():
            if name not in seen:
                yield Item(name, rows)
