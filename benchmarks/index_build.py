"""Time, memory and disk space of index builds.

    python -m benchmarks.index_build [--rows N] [--workers N] [--json]

Builds the starter index, and an index of the Materials Project snapshot `$XSEARCH_DATA/mp_structures.parquet`, in a
folder that is thrown away. Memory is that of all processes together, pages that they share counted once.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq

from benchmarks._data import found_file


class MemoryWatch:
    """Samples the memory of this process and its children until it is left."""

    def __enter__(self) -> "MemoryWatch":
        self.peak_GB = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._stop.wait(0.5):
            self.peak_GB = max(self.peak_GB, sum(_bytes(p) for p in (me, *me.children(recursive=True))) / 1e9)


def _bytes(process: psutil.Process) -> int:
    try:
        used = process.memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(used, "pss", used.rss))


def measured(what: str, build, home: Path) -> dict[str, object]:
    """Figures of one build."""
    os.environ["XSEARCH_HOME"] = str(home)
    began = time.monotonic()
    with MemoryWatch() as memory:
        result = build()
    size = sum(path.stat().st_size for path in (home / "indexes" / result.name).rglob("*") if path.is_file())
    return {
        "what": what,
        "entries": result.entries,
        "measured_cells": result.measured_cells,
        "failures": result.failures,
        "seconds": round(time.monotonic() - began, 1),
        "peak_memory_GB": round(memory.peak_GB, 2),
        "disk_GB": round(size / 1e9, 3),
    }


def sample(source: Path, rows: int, folder: Path) -> Path:
    """A random part of a Parquet file, always the same."""
    table = pq.read_table(source)
    chosen = np.sort(np.random.default_rng(0).choice(len(table), min(rows, len(table)), replace=False))
    pq.write_table(table.take(chosen), folder / "sample.parquet")
    return folder / "sample.parquet"


def main() -> None:
    """Build, and print one line a build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, help="of the snapshot, chosen at random; default all")
    parser.add_argument("--workers", type=int, help="default one a core")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    from xsearch.builders import build_parquet, build_starter

    figures = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        figures.append(measured("starter", lambda: build_starter(workers=options.workers, progress=False), home))
        snapshot = found_file("mp_structures.parquet")
        if snapshot is None:
            print(
                "XSEARCH_DATA names no folder with mp_structures.parquet: only the starter is built.", file=sys.stderr
            )
        else:
            path = sample(snapshot, options.rows, home) if options.rows else snapshot
            figures.append(
                measured("snapshot", lambda: build_parquet(path, "mp", workers=options.workers, progress=False), home)
            )
    for figure in figures:
        print(json.dumps(figure) if options.json else "  ".join(f"{key} {value}" for key, value in figure.items()))


if __name__ == "__main__":
    main()
