"""The contract between sources and the build pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from xsearch.chemistry.material import Material
from xsearch.spectra.xas import XasSpectrum


@dataclass(frozen=True, slots=True)
class Item:
    """One record as a source reads it, before anything has been worked out from it.

    Attributes:
        item_id: becomes the material's id; unique within a build.
        payload: whatever the source's `process` needs; must be picklable.
    """

    item_id: str
    payload: Any


Process = Callable[[Item], Material]
"""From an item to a material: pure, picklable, no reading or writing, so that any machine may run it.

It leaves space group, crystal system and template empty: the engine finds them. It raises `CrystalError` for an item
that makes no crystal.
"""

SpectrumProcess = Callable[[Item], XasSpectrum]
"""From an item to an absorption spectrum, on the same terms; it raises `SpectrumError`."""


class SpectraSource(Protocol):
    """Where the absorption spectra of a source's materials come from."""

    @property
    def process(self) -> SpectrumProcess:
        """Makes a spectrum from an item."""
        ...

    def fingerprint(self) -> str:
        """A hash that changes with anything that `items` would give."""
        ...

    def count(self) -> int | None:
        """How many items there are, where that is cheap to know."""
        ...

    def items(self) -> Iterator[Item]:
        """Every item, always in the same order; an id is the spectrum's."""
        ...


class Source(Protocol):
    """Where crystals come from. Small, and cheap to make: nothing is read before `items` is iterated."""

    @property
    def name(self) -> str:
        """Of the source, such as `Materials Project`."""
        ...

    @property
    def version(self) -> str:
        """Of the data, as the source states it; empty where it states none."""
        ...

    @property
    def licence(self) -> str:
        """Of the data, such as `CC-BY-4.0`."""
        ...

    @property
    def citation(self) -> str:
        """What to cite, in one line; empty where nothing need be cited."""
        ...

    @property
    def process(self) -> Process:
        """Makes a material from an item; see `Process`."""
        ...

    def fingerprint(self) -> str:
        """A hash that changes with anything that `items` would give; a build of another fingerprint starts afresh."""
        ...

    def count(self) -> int | None:
        """How many items there are, where that is cheap to know."""
        ...

    def formulas(self) -> frozenset[str] | None:
        """Reduced formulas that may occur; only these are linked to measured cells. None: link nothing."""
        ...

    def items(self) -> Iterator[Item]:
        """Every item, always in the same order. Reading must be cheap: it happens in one process."""
        ...
