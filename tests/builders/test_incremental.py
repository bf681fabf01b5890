"""Taking over old rows between new ones."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.builders.test_pipeline import Given
from xsearch.builders import build
from xsearch.builders.aflow import process_aflow
from xsearch.builders.incremental import UNCHANGED, IncrementalRunner, StoredMaterials
from xsearch.builders.source import Item
from xsearch.builders.transform import Batch, MaterialTransform
from xsearch.builders.workers import run_here
from xsearch.indexes import Chunk, Failure, Index


@pytest.fixture
def index(xsearch_home: Path, prototypes: list[Item]) -> Index:
    build(Given(tuple(prototypes[:12])), "old", workers=1, progress=False)
    return Index.open("old")


def gaps(items: list[Item], new: set[int]) -> tuple[Item, ...]:
    return tuple(item if n in new else Item(item.item_id, UNCHANGED) for n, item in enumerate(items))


@pytest.mark.parametrize("new", [set(), {0}, {5, 6}, {11}, set(range(12))])
def test_old_and_new_rows_make_the_chunk_that_new_ones_alone_make(
    index: Index, prototypes: list[Item], new: set[int]
) -> None:
    transform = MaterialTransform(process_aflow)
    batches = [Batch(0, gaps(prototypes[:12], new))]
    ((number, chunk),) = IncrementalRunner(run_here_alone, StoredMaterials(index))(transform, iter(batches))
    assert number == 0
    assert chunk.to_bytes() == transform(Batch(0, tuple(prototypes[:12]))).to_bytes()


def test_batches_without_news_reach_no_worker(index: Index, prototypes: list[Item]) -> None:
    seen: list[int] = []

    def watched(transform: MaterialTransform, batches: Iterator[Batch]) -> Iterator[tuple[int, Chunk]]:
        for batch in batches:
            seen.append(batch.number)
            yield batch.number, transform(batch)

    batches = [Batch(n, gaps(prototypes[3 * n : 3 * n + 3], {1} if n == 2 else set())) for n in range(4)]
    made = dict(IncrementalRunner(watched, StoredMaterials(index))(MaterialTransform(process_aflow), iter(batches)))
    assert seen == [2]
    assert sorted(made) == [0, 1, 2, 3]
    for number, chunk in made.items():
        assert chunk.to_bytes() == index.chunk(np.arange(3 * number, 3 * number + 3)).to_bytes()


def test_failures_of_new_items_stay(index: Index, prototypes: list[Item]) -> None:
    items = (Item(prototypes[0].item_id, UNCHANGED), Item("odd", {"snl": None}), Item(prototypes[1].item_id, UNCHANGED))
    batch = Batch(0, items, (Failure("twice", "refused"),))
    ((_, chunk),) = IncrementalRunner(run_here_alone, StoredMaterials(index))(
        MaterialTransform(process_aflow), iter([batch])
    )
    assert [entry.material.material_id for entry in chunk.entries()] == [p.item_id for p in prototypes[:2]]
    assert {failure.item_id for failure in chunk.failures} == {"odd", "twice"}


def test_the_mark_of_a_kept_item_is_itself_after_pickling() -> None:
    assert pickle.loads(pickle.dumps(Item("a", UNCHANGED))).payload is UNCHANGED


def run_here_alone(transform: MaterialTransform, batches: Iterator[Batch]) -> Iterator[tuple[int, Chunk]]:
    yield from run_here(transform, batches, workers=1)
