"""Batches worked on by the processes of this machine."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from itertools import islice
from types import ModuleType
from typing import Any, Protocol

from xsearch.builders.transform import Batch, MaterialTransform
from xsearch.errors import BuildError

MOST_WORKERS = 61 if sys.platform == "win32" else 1024
"""Windows lets a process wait for no more others than that."""

WAITING_PER_WORKER = 2
"""Batches handed out ahead, so that no worker waits and memory stays small."""


class Transform(Protocol):
    """The pure step of a build: what becomes of a batch, on any machine."""

    @property
    def process(self) -> Any:
        """What works on an item; workers import its module."""
        ...

    def __call__(self, batch: Batch) -> Any:
        """What a batch becomes."""
        ...


_transform: Transform | None = None  # of a worker process, set once as it starts


def default_workers() -> int:
    """One a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_here(transform: Transform, batches: Iterator[Batch], workers: int | None = None) -> Generator[tuple[int, Any]]:
    """Chunks of batches, in the order in which they get ready.

    Args:
        transform: what to do with a batch.
        batches: taken as workers get free.
        workers: processes; one works in this process itself. Default: one a core.

    Raises:
        BuildError: where a worker process dies.
    """
    workers = min(default_workers() if workers is None else workers, MOST_WORKERS)
    if workers < 1:
        raise BuildError(f"At least one worker is needed, not {workers}.")
    if workers == 1:
        for batch in batches:
            yield batch.number, transform(batch)
        return
    with _pool(transform, workers) as pool:
        try:
            yield from _through(pool, batches, workers, needs_main=transform.process.__module__ == "__main__")
        except BrokenProcessPool:
            raise BuildError(
                "A worker process died, perhaps for want of memory. What was done is kept; try again with fewer "
                "workers (--workers 1)."
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _through(
    pool: ProcessPoolExecutor, batches: Iterator[Batch], workers: int, needs_main: bool
) -> Iterator[tuple[int, Any]]:
    waiting: dict[Future[Any], int] = {}
    while True:
        for batch in islice(batches, workers * WAITING_PER_WORKER - len(waiting)):
            with nullcontext() if needs_main else _main_hidden():  # this is where processes are started
                waiting[pool.submit(_work, batch)] = batch.number
        if not waiting:
            return
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=lambda f: waiting[f]):
            yield waiting.pop(future), future.result()


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Keep new processes from running the calling script again, which scripts that are not prepared for it suffer."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _pool(transform: Transform, workers: int) -> ProcessPoolExecutor:
    context: Any = multiprocessing.get_context("spawn")
    if "forkserver" in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([MaterialTransform.__module__])  # the slow imports happen once for all workers
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(transform,))


def _start(transform: Transform) -> None:
    """Prepare a worker: one thread, deaf to Ctrl-C (the parent hears it and lets the batch at hand finish).

    A parent that is killed cannot say goodbye; the worker watches for that, or it would wait for work for ever.
    """
    global _transform
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    _transform = transform
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _work(batch: Batch) -> Any:
    if _transform is None:
        raise BuildError("A worker was given a batch before its transform.")
    return _transform(batch)
