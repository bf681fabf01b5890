"""Taking over old rows between new ones."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.builders.test_engine import Given
from xsearch.builders import build
from xsearch.builders.aflow import process_aflow
from xsearch.builders.recipe import Batch, Recipe
from xsearch.builders.reuse import KEPT, MaterialShelf, Reusing
from xsearch.builders.source import Item
from xsearch.builders.workers import run_here
from xsearch.indexes import Chunk, Failure, Index


@pytest.fixture
def index(xsearch_home: Path, prototypes: list[Item]) -> Index:
    build(Given(tuple(prototypes[:12])), "old", workers=1, progress=False)
    return Index.open("old")


def gaps(items: list[Item], new: set[int]) -> tuple[Item, ...]:
    return tuple(item if n in new else Item(item.item_id, KEPT) for n, item in enumerate(items))


@pytest.mark.parametrize("new", [set(), {0}, {5, 6}, {11}, set(range(12))])
def test_old_and_new_rows_make_the_chunk_that_new_ones_alone_make(
    index: Index, prototypes: list[Item], new: set[int]
) -> None:
    recipe = Recipe(process_aflow)
    batches = [Batch(0, gaps(prototypes[:12], new))]
    ((number, chunk),) = Reusing(run_here_alone, MaterialShelf(index))(recipe, iter(batches))
    assert number == 0
    assert chunk.to_bytes() == recipe(Batch(0, tuple(prototypes[:12]))).to_bytes()


def test_batches_without_news_reach_no_worker(index: Index, prototypes: list[Item]) -> None:
    seen: list[int] = []

    def watched(recipe: Recipe, batches: Iterator[Batch]) -> Iterator[tuple[int, Chunk]]:
        for batch in batches:
            seen.append(batch.number)
            yield batch.number, recipe(batch)

    batches = [Batch(n, gaps(prototypes[3 * n : 3 * n + 3], {1} if n == 2 else set())) for n in range(4)]
    made = dict(Reusing(watched, MaterialShelf(index))(Recipe(process_aflow), iter(batches)))
    assert seen == [2]
    assert sorted(made) == [0, 1, 2, 3]
    for number, chunk in made.items():
        assert chunk.to_bytes() == index.chunk(np.arange(3 * number, 3 * number + 3)).to_bytes()


def test_failures_of_new_items_stay(index: Index, prototypes: list[Item]) -> None:
    items = (Item(prototypes[0].item_id, KEPT), Item("odd", {"snl": None}), Item(prototypes[1].item_id, KEPT))
    batch = Batch(0, items, (Failure("twice", "refused"),))
    ((_, chunk),) = Reusing(run_here_alone, MaterialShelf(index))(Recipe(process_aflow), iter([batch]))
    assert [entry.material.material_id for entry in chunk.entries()] == [p.item_id for p in prototypes[:2]]
    assert {failure.item_id for failure in chunk.failures} == {"odd", "twice"}


def test_the_mark_of_a_kept_item_is_itself_after_pickling() -> None:
    assert pickle.loads(pickle.dumps(Item("a", KEPT))).payload is KEPT


def run_here_alone(recipe: Recipe, batches: Iterator[Batch]) -> Iterator[tuple[int, Chunk]]:
    yield from run_here(recipe, batches, workers=1)
