"""Incremental builds: rows that did not change are copied from the index, and only the others are worked out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import pyarrow as pa

from xsearch.builders.transform import Batch
from xsearch.builders.vectors import described, with_vectors
from xsearch.indexes.chunk import Chunk
from xsearch.indexes.index import Index
from xsearch.indexes.spectra import SpectraChunk

C = TypeVar("C", Chunk, SpectraChunk)


class Unchanged:
    """Payload of an item whose row is copied from the stored index."""

    def __reduce__(self) -> str:
        return "UNCHANGED"


UNCHANGED = Unchanged()

Run = Callable[[Any, Iterator[Batch]], Generator[tuple[int, C]]]


class StoredRows(Protocol[C]):
    """Stored rows, and how they are merged with new ones."""

    def merge(self, batch: Batch, made: C | None) -> C:
        """The chunk of a batch: stored rows of its unchanged items, new rows of the others, in its order."""
        ...


@dataclass(frozen=True)
class IncrementalRunner(Generic[C]):
    """Runs batches so that only items that are not stored are worked out.

    Attributes:
        run: works out what is new.
        stored: the rows that are copied.
    """

    run: Run[C]
    stored: StoredRows[C]

    def __call__(self, transform: Any, batches: Iterator[Batch]) -> Generator[tuple[int, C]]:
        """Chunks of batches; batches without new items never reach a worker."""
        waiting: dict[int, Batch] = {}
        untouched: deque[Batch] = deque()

        def with_new_items() -> Iterator[Batch]:
            for batch in batches:
                new = tuple(item for item in batch.items if item.payload is not UNCHANGED)
                if new or batch.refused:
                    waiting[batch.number] = batch
                    yield replace(batch, items=new)
                else:
                    untouched.append(batch)

        for number, made in self.run(transform, with_new_items()):
            yield number, self.stored.merge(waiting.pop(number), made)
            while untouched:
                batch = untouched.popleft()
                yield batch.number, self.stored.merge(batch, None)
        for batch in untouched:
            yield batch.number, self.stored.merge(batch, None)


class StoredMaterials:
    """The entries of an index, each with the measured cells that are linked to it."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._rows: dict[str, list[int]] = {}
        owners = index.columns.cell_of.tolist()
        names = index.catalog.column("material_id").to_pylist()
        for row, (name, owner) in enumerate(zip(names, owners, strict=True)):
            self._rows.setdefault(name if owner < 0 else names[owner], []).append(row)

    def __contains__(self, material_id: str) -> bool:
        return material_id in self._rows

    def merge(self, batch: Batch, made: Chunk | None) -> Chunk:
        """See `StoredRows`."""
        kept = [item.item_id for item in batch.items if item.payload is UNCHANGED]
        rows = [row for name in kept for row in self._rows[name]]
        stored = self._index.chunk(np.array(rows, np.int64))
        if self._index.encoder != described().get("encoder"):  # another xsearch made the vectors, or none did
            stored = Chunk.from_entries(with_vectors(list(stored.entries())))
        old = stored.table
        if made is None:
            return Chunk(old)
        new = made.table
        owners = [
            owner or name
            for name, owner in zip(new["material_id"].to_pylist(), new["cell_of"].to_pylist(), strict=True)
        ]
        groups = _places([name for name in kept for _ in self._rows[name]])
        return Chunk(_interleave(batch, old, groups, new, _places(owners)))


class StoredSpectra:
    """The spectra of an index."""

    def __init__(self, index: Index) -> None:
        self._table = index.spectra_table
        names = self._table.column("spectrum_id").to_pylist()
        self._rows = {name: row for row, name in enumerate(names)}

    def merge(self, batch: Batch, made: SpectraChunk | None) -> SpectraChunk:
        """See `StoredRows`."""
        names = [item.item_id for item in batch.items if item.payload is UNCHANGED]
        old = SpectraChunk.from_stored(self._table.take(pa.array([self._rows[n] for n in names], pa.int64()))).table
        if made is None:
            return SpectraChunk(old)
        new = made.table
        return SpectraChunk(_interleave(batch, old, _places(names), new, _places(new["spectrum_id"].to_pylist())))


def _places(names: Sequence[str | None]) -> dict[str | None, list[int]]:
    found: dict[str | None, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(name, []).append(place)
    return found


def _interleave(
    batch: Batch,
    old: pa.Table,
    old_places: dict[str | None, list[int]],
    new: pa.Table,
    new_places: dict[str | None, list[int]],
) -> pa.Table:
    """Rows of two tables in the order of a batch's items; failures, which have no id there, come last."""
    order: list[int] = []
    for item in batch.items:
        if item.payload is UNCHANGED:
            order += old_places.get(item.item_id, [])
        else:
            order += [old.num_rows + place for place in new_places.get(item.item_id, [])]
    order += [old.num_rows + place for place in new_places.get(None, [])]
    return pa.concat_tables([old, new]).take(pa.array(order, pa.int64())).combine_chunks()
