"""The starter index: some nine thousand crystals that come with the packages xsearch requires."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from xsearch.builders.aflow import AflowSource, process_aflow
from xsearch.builders.amcsd import AmcsdSource, process_amcsd
from xsearch.builders.source import Item, Process
from xsearch.chemistry.material import Material


@dataclass(frozen=True)
class StarterSource:
    """The mineral database and the AFLOW prototypes, one after the other."""

    name: str = "AMCSD and AFLOW prototypes"
    licence: str = "free for use with citation"
    process: Process = field(default_factory=lambda: process_starter, repr=False)

    @property
    def version(self) -> str:
        """Of the mineral database."""
        return AmcsdSource().version

    @property
    def citation(self) -> str:
        """Of both."""
        return f"{AmcsdSource().citation}; {AflowSource().citation}"

    def fingerprint(self) -> str:
        """A hash of both files."""
        return hashlib.sha256(f"{AmcsdSource().fingerprint()} {AflowSource().fingerprint()}".encode()).hexdigest()

    def count(self) -> int | None:
        """Minerals and prototypes."""
        return (AmcsdSource().count() or 0) + sum(1 for _ in AflowSource().items())

    def formulas(self) -> frozenset[str] | None:
        """Nothing is linked: these are measured cells themselves."""
        return None

    def items(self) -> Iterator[Item]:
        """Minerals first."""
        yield from AmcsdSource().items()
        yield from AflowSource().items()


def process_starter(item: Item) -> Material:
    """A material of either kind."""
    return process_aflow(item) if item.item_id.startswith("aflow-") else process_amcsd(item)
