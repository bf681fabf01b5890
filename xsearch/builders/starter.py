"""The starter index: some ten thousand crystals that come with xsearch and the packages that it requires."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from xsearch.builders.aflow import AflowSource, process_aflow
from xsearch.builders.amcsd import AmcsdSource, process_amcsd
from xsearch.builders.digests import digest_of
from xsearch.builders.parquet import ParquetSource, process_row
from xsearch.builders.source import Item, Process
from xsearch.chemistry.material import Material
from xsearch.data.shipped_library import STRUCTURES


@dataclass(frozen=True)
class StarterSource:
    """The mineral database, the AFLOW prototypes, and the structures of the shipped spectra, one after the other."""

    name: str = "AMCSD, AFLOW prototypes, Materials Project (part)"
    licence: str = "free for use with citation; CC-BY-4.0"
    process: Process = field(default_factory=lambda: process_starter, repr=False)

    @property
    def version(self) -> str:
        """Of the mineral database."""
        return AmcsdSource().version

    @property
    def citation(self) -> str:
        """Of all."""
        return "; ".join(one.citation for one in (AmcsdSource(), AflowSource(), shipped_structures()))

    def fingerprint(self) -> str:
        """A hash of all files."""
        return digest_of([one.fingerprint() for one in (AmcsdSource(), AflowSource(), shipped_structures())])

    def count(self) -> int | None:
        """All of them."""
        return (
            (AmcsdSource().count() or 0) + sum(1 for _ in AflowSource().items()) + (shipped_structures().count() or 0)
        )

    def formulas(self) -> frozenset[str] | None:
        """Nothing is linked: these are measured cells themselves."""
        return None

    def items(self) -> Iterator[Item]:
        """Minerals first."""
        yield from AmcsdSource().items()
        yield from AflowSource().items()
        yield from shipped_structures().items()


def shipped_structures() -> ParquetSource:
    """The structures that come with the shipped spectra."""
    return ParquetSource((STRUCTURES,))


def process_starter(item: Item) -> Material:
    """A material of any kind."""
    kind = item.item_id.partition("-")[0]
    return {"aflow": process_aflow, "mp": process_row}.get(kind, process_amcsd)(item)
