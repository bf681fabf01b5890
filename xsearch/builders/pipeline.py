"""The build pipeline: items become chunks in worker processes, chunks are staged, and the version is published."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from xsearch.builders.amcsd import AmcsdSource
from xsearch.builders.identity import SETTINGS, describe, fingerprint_of, index_folder
from xsearch.builders.incremental import IncrementalRunner, StoredMaterials, StoredSpectra
from xsearch.builders.measured_cells import MeasuredCells
from xsearch.builders.source import Item, Source, SpectraSource
from xsearch.builders.transform import Batch, MaterialTransform, SpectraTransform
from xsearch.builders.vectors import described
from xsearch.builders.workers import run_here
from xsearch.errors import BuildError
from xsearch.indexes.chunk import Chunk
from xsearch.indexes.index import Index
from xsearch.indexes.outcome import Failure
from xsearch.indexes.spectra import SpectraChunk
from xsearch.indexes.staging import Staging
from xsearch.indexes.vectors import load_faiss
from xsearch.progress import Progress, open_progress

BATCH = 500
"""Items in a batch: a second of work, so that little is lost when a build is killed."""

SPECTRA_BATCH = 1000
"""Absorption spectra in a batch."""

SpectraRunner = Callable[[SpectraTransform, Iterator[Batch]], Generator[tuple[int, SpectraChunk]]]
Runner = Callable[[MaterialTransform, Iterator[Batch]], Generator[tuple[int, Chunk]]]
"""Hands batches to where they are worked on, and gives back the chunks with their batch's number, in any order.

It takes a new batch only when it needs one, so that not everything read is in memory at once. It is closed when the
build ends early.
"""


class BuildStopped(BuildError):
    """A build was interrupted; what it had done is kept."""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build made.

    Attributes:
        name: of the index.
        version: name of the new version.
        entries: rows of the index, linked measured cells included.
        measured_cells: how many of them are linked measured cells.
        failures: items that did not become rows; their reasons are in the index.
        resumed: items that an earlier, interrupted build had already done.
        seconds: of wall-clock time.
        spectra: absorption spectra.
        reused: entries that were taken over from the version before.
        without_compound: ids of added spectra whose compound is not known.
    """

    name: str
    version: str
    entries: int
    measured_cells: int
    failures: int
    resumed: int
    seconds: float
    spectra: int = 0
    reused: int = 0
    without_compound: tuple[str, ...] = ()


def build(
    source: Source,
    name: str,
    *,
    workers: int | None = None,
    measured_cells: bool = True,
    progress: bool = True,
    run: Runner | None = None,
    batch: int = BATCH,
    spectra: SpectraSource | None = None,
    run_spectra: SpectraRunner | None = None,
    extra: dict[str, Any] | None = None,
) -> BuildResult:
    """Make an index, or a new version of it, from a source.

    A build that was killed or interrupted is taken up where it stood by the same call. What the index held before
    stays in use until the new version is whole.

    Args:
        source: where the crystals come from.
        name: of the index.
        workers: processes of this machine; default one a core. They change the time, never the index.
        measured_cells: whether measured cells of the same phase are linked to computed entries.
        progress: whether progress is reported on the error stream.
        run: another way to run batches, such as on a cluster.
        batch: items a chunk.
        spectra: absorption spectra of the source's materials.
        run_spectra: as `run`, for their batches.
        extra: what the manifest says beside what the source says of itself; it goes before that.

    Raises:
        MissingExtra: where FAISS is not installed; nothing was begun then.
        BuildError: where the source cannot be read, nothing could be made of it, or the disk is full.
        BuildStopped: after Ctrl-C; what was done is kept.
    """
    load_faiss()
    began = time.monotonic()
    folder = index_folder(name)
    runner: Runner = run or _here(workers)
    with open_progress(progress) as reporter:
        try:
            cells = find_measured_cells(source, runner, reporter) if measured_cells else None
            linked = measured_cells and source.formulas() is not None
            fingerprint = fingerprint_of(source, linked, batch, spectra, WORK)
            with Staging.open(folder, fingerprint, {**SETTINGS, "batch": batch}) as staging:
                reporter.start(f"building {name}", source.count())
                reader = _Reader(source, batch, staging.has, reporter)
                with closing(runner(MaterialTransform(source.process, cells), reader.batches())) as chunks:
                    for number, chunk in chunks:
                        staging.write(number, chunk)
                        reporter.advance(reader.size(number), len(chunk.failures))
                windows = 0
                if spectra is not None:
                    windows = _stage_spectra(spectra, staging, run_spectra or _here(workers), reporter)
                reporter.say(f"{name}: {reader.items:,} items done, writing the index")
                said = {**describe(source, cells), **(extra or {}), **described()}
                version = staging.publish(reader.number, said, windows)
        except KeyboardInterrupt:
            raise BuildStopped(
                f"Stopped. What was done for {name!r} is kept, and an index of that name is as it was before; "
                "the same command goes on from here."
            ) from None
    index = Index.open(folder)
    return BuildResult(
        name=name,
        version=version,
        entries=len(index),
        measured_cells=int(np.count_nonzero(index.columns.cell_of >= 0)),
        failures=index.manifest.counts["failures"],
        resumed=reader.resumed,
        seconds=round(time.monotonic() - began, 2),
        spectra=index.manifest.counts["spectra"],
    )


def _here(workers: int | None) -> Any:
    return partial(run_here, workers=workers)


def _stage_spectra(spectra: SpectraSource, staging: Staging, run: SpectraRunner, reporter: Progress) -> int:
    """Make chunks of spectra; returns how many."""
    reporter.start("spectra", spectra.count())
    reader = _Reader(spectra, SPECTRA_BATCH, staging.has_spectra, reporter)
    with closing(run(SpectraTransform(spectra.process), reader.batches())) as chunks:
        for number, chunk in chunks:
            staging.write_spectra(number, chunk)
            reporter.advance(reader.size(number), len(chunk.failures))
    return reader.number


def find_measured_cells(source: Source, runner: Runner, reporter: Progress) -> MeasuredCells | None:
    """Crystals of the mineral database that may be the measured cells of a source's entries."""
    formulas = source.formulas()
    if formulas is None:
        return None
    minerals = AmcsdSource(only=formulas)
    reporter.start("measured cells", None)
    reader = _Reader(minerals, BATCH, lambda number: False, reporter)
    with closing(runner(MaterialTransform(minerals.process), reader.batches())) as made:
        chunks = dict(made)
    return MeasuredCells.of(entry for number in sorted(chunks) for entry in chunks[number].entries())


class _Reader:
    """Reads a source in batches and keeps count."""

    def __init__(
        self, source: Source | SpectraSource, batch: int, done: Callable[[int], bool], reporter: Progress
    ) -> None:
        self._source, self._batch, self._done, self._reporter = source, batch, done, reporter
        self._sizes: dict[int, int] = {}
        self.number = self.items = self.resumed = 0

    def batches(self) -> Iterator[Batch]:
        """The batches that are still to be made. An id that comes a second time is refused."""
        seen: set[str] = set()
        items = self._source.items()
        while run := tuple(islice(items, self._batch)):
            kept: list[Item] = []
            refused: list[Failure] = []
            for item in run:
                if item.item_id in seen:
                    refused.append(Failure(item.item_id, "Another item has the same id; only the first is kept."))
                else:
                    seen.add(item.item_id)
                    kept.append(item)
            number = self.number
            self._sizes[number] = len(run)
            self.number += 1
            self.items += len(run)
            if self._done(number):
                self.resumed += len(run)
                self._reporter.advance(len(run))
            else:
                yield Batch(number, tuple(kept), tuple(refused))

    def size(self, number: int) -> int:
        """How many items a batch had."""
        return self._sizes[number]


WORK = (_Reader, MaterialTransform, SpectraTransform, IncrementalRunner, StoredMaterials, StoredSpectra)
"""What turns items into chunks, beside a source's own step."""
