"""The pure step of a build: from a batch of items to a chunk of an index, on any machine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xsearch.builders.material import complete
from xsearch.builders.measured_cells import MeasuredCells
from xsearch.builders.source import Item, Process, SpectrumProcess
from xsearch.builders.vectors import with_vectors
from xsearch.chemistry.material import Material
from xsearch.chemistry.symmetry import SYMPREC_A, Symmetry
from xsearch.errors import CrystalError, XSearchError
from xsearch.indexes.chunk import Chunk, Entry
from xsearch.indexes.outcome import Failure
from xsearch.indexes.spectra import SpectraChunk
from xsearch.preprocess.profile import profiles
from xsearch.simulate.powder import simulate_reflections
from xsearch.simulate.reflections import Reflections
from xsearch.spectra.xas import XasSpectrum


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of items, and those that failed before anything was worked out.

    Attributes:
        number: place of the batch in the build, from 0.
        items: in the source's order.
        refused: items that are not to be processed, with the reason.
    """

    number: int
    items: tuple[Item, ...]
    refused: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class MaterialTransform:
    """How a batch becomes a chunk: materials, symmetry, reflections, profiles, vectors and linked measured cells.

    It holds no open files and can be pickled, so a cluster may run it as well as this machine; equal batches give
    equal chunks.

    Attributes:
        process: the source's own step.
        cells: measured cells to link, or None.
        symprec_A: tolerance of the symmetry search.
    """

    process: Process
    cells: MeasuredCells | None = None
    symprec_A: float = SYMPREC_A

    def __call__(self, batch: Batch) -> Chunk:
        """The chunk of a batch. An item that fails becomes a row with its reason; nothing is raised for it."""
        made: list[tuple[Material, Symmetry, Reflections]] = []
        failures = list(batch.refused)
        for item in batch.items:
            try:
                made.append(self.one(item))
            except Exception as error:  # a record so odd that nobody foresaw it must not end a build of thousands
                failures.append(_failure(item, error))
        found = profiles([reflections for *_, reflections in made]) if made else np.zeros((0, 0), np.float32)
        plain = [Entry(one, lines, profile) for (one, _, lines), profile in zip(made, found, strict=True)]
        entries: list[Entry] = []
        for entry, (material, symmetry, _) in zip(with_vectors(plain), made, strict=True):
            entries.append(entry)
            if self.cells is not None:
                entries.extend(self.cells.linked_to(material, symmetry))
        return Chunk.from_entries(entries, failures)

    def one(self, item: Item) -> tuple[Material, Symmetry, Reflections]:
        """The material, its symmetry and its reflections.

        Raises:
            CrystalError: where it makes no crystal, or one without a reflection in range.
        """
        material, symmetry = complete(self.process(item), self.symprec_A)
        (reflections,) = simulate_reflections([symmetry])
        if not len(reflections):
            raise CrystalError("No reflection falls into the range of spacings that is kept.")
        return material, symmetry, reflections


@dataclass(frozen=True, slots=True)
class SpectraTransform:
    """How a batch becomes a chunk of absorption spectra with their windows; see `MaterialTransform`.

    Attributes:
        process: the source's own step.
    """

    process: SpectrumProcess

    def __call__(self, batch: Batch) -> SpectraChunk:
        """The chunk of a batch. An item that fails becomes a row with its reason; nothing is raised for it."""
        made: list[XasSpectrum] = []
        failures = list(batch.refused)
        for item in batch.items:
            try:
                made.append(self.process(item))
            except Exception as error:  # as above
                failures.append(_failure(item, error))
        return SpectraChunk.from_spectra(made, failures)


def _failure(item: Item, error: Exception) -> Failure:
    """Why an item failed, in one line; of an error that nobody foresaw, its kind as well."""
    reason = " ".join(str(error).split())
    return Failure(item.item_id, reason if isinstance(error, XSearchError) else f"{type(error).__name__}: {reason}")
