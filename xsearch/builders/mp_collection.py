"""What was fetched: documents in the order of the index to be, and which material owns which calculation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from xsearch.builders.mp_documents import canonical_id
from xsearch.builders.page_cache import Document, PageCache


@dataclass(slots=True)
class Collection:
    """The documents of one kind that an index shall hold, those it has already among them.

    Attributes:
        order: ids, those of the old index first and in their old order.
        updated: when each was last changed.
        kept: those that need no document, because the old index has them as they are.
        places: page and place in it of every other.
        store: the pages.
    """

    order: list[str] = field(default_factory=list)
    updated: dict[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    places: dict[str, tuple[str, int]] = field(default_factory=dict)
    store: PageCache | None = None

    def documents(self) -> Iterator[tuple[str, Document | None]]:
        """Ids with their documents, in order; None where the old index has it."""
        open_key, page = None, []
        for name in self.order:
            if name in self.kept or self.store is None:
                yield name, None
                continue
            key, number = self.places[name]
            if key != open_key:
                open_key, page = key, self.store.read(key)
            yield name, page[number]


class Owners:
    """Which material a calculation belongs to."""

    def __init__(self, materials: Iterable[tuple[str, Sequence[str]]]) -> None:
        """Ids of materials, each with its task ids."""
        self.ids: list[str] = []
        tasks: list[int] = []
        owners: list[int] = []
        own: list[int] = []
        for number, (name, task_ids) in enumerate(materials):
            self.ids.append(name)
            own.append(_as_number(name))
            tasks += [_as_number(task) for task in task_ids]
            owners += [number] * len(task_ids)
        # a material's own id goes before a task of another one that is written alike
        numbers = np.array(own + tasks, np.int64)
        rank = np.concatenate([np.zeros(len(own), np.int8), np.ones(len(tasks), np.int8)])
        order = np.lexsort((rank, numbers))
        self._numbers = numbers[order]
        self._owners = np.concatenate([np.arange(len(own)), np.array(owners, np.int64)])[order]

    def of(self, task_id: str) -> str | None:
        """The material of a task; None where no material names it."""
        number = _as_number(canonical_id(task_id))
        place = int(np.searchsorted(self._numbers, number))
        if place < len(self._numbers) and self._numbers[place] == number:
            return self.ids[int(self._owners[place])]
        return None

    def tasks(self) -> list[str]:
        """All task ids and material ids, in a fixed order."""
        return [f"mp-{n}" if n >= 0 else f"mvc-{-n - 1}" for n in np.unique(self._numbers).tolist()]


def _as_number(name: str) -> int:
    """A canonical id as a whole number; the few ids of another series are negative."""
    prefix, _, number = name.partition("-")
    return int(number) if prefix == "mp" else -int(number) - 1
