"""Worker processes."""

import os
from collections.abc import Iterator

import psutil
import pytest

from tests.systems import posix_only
from xsearch.builders.aflow import process_aflow
from xsearch.builders.source import Item
from xsearch.builders.transform import Batch, MaterialTransform
from xsearch.builders.workers import WAITING_PER_WORKER, default_workers, run_here
from xsearch.errors import BuildError


def in_batches(items: list[Item], size: int) -> list[Batch]:
    return [Batch(n, tuple(items[i : i + size])) for n, i in enumerate(range(0, len(items), size))]


def test_processes_make_the_chunks_that_this_process_makes(prototypes: list[Item]) -> None:
    batches = in_batches(prototypes[:24], 4)
    here = dict(run_here(MaterialTransform(process_aflow), iter(batches), workers=1))
    there = dict(run_here(MaterialTransform(process_aflow), iter(batches), workers=2))
    assert sorted(there) == sorted(here) == list(range(6))
    assert all(there[n].to_bytes() == here[n].to_bytes() for n in here)


def test_batches_are_read_only_as_workers_get_free(prototypes: list[Item]) -> None:
    read = 0

    def counted() -> Iterator[Batch]:
        nonlocal read
        for batch in in_batches(prototypes[:40], 2):
            read += 1
            yield batch

    made = 0
    for _ in run_here(MaterialTransform(process_aflow), counted(), workers=2):
        made += 1
        assert read <= made + 2 * WAITING_PER_WORKER
    assert made == read == 20


@posix_only
def test_a_dead_worker_ends_the_build_with_one_line(prototypes: list[Item]) -> None:
    chunks = run_here(MaterialTransform(process_aflow), iter(in_batches(prototypes[:100], 2)), workers=2)
    next(chunks)
    for process in psutil.Process().children(recursive=True):
        if process.ppid() != os.getpid():  # the server that workers are forked from is our child, they are its
            process.kill()
    with pytest.raises(BuildError, match="A worker process died"):
        list(chunks)


def test_no_worker_is_no_choice(prototypes: list[Item]) -> None:
    with pytest.raises(BuildError, match="At least one worker"):
        list(run_here(MaterialTransform(process_aflow), iter(in_batches(prototypes[:4], 1)), workers=0))
    assert default_workers() >= 1
