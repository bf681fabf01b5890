"""Arrow files whose bytes depend on their rows alone, not on how the rows came."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

BATCH_ROWS = 32_768
"""Rows of a batch: few batches make scattered reads fast; so many rows of a catalog are some 40 MB."""


class TableWriter:
    """An Arrow file whose batches have one size, however the rows came."""

    def __init__(self, path: Path, schema: pa.Schema, batch_rows: int | None = None) -> None:
        self._schema, self._batch_rows = schema, batch_rows or BATCH_ROWS
        self._sink = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_file(self._sink, schema)
        self._waiting: list[pa.Table] = []

    def append(self, table: pa.Table) -> None:
        """Add rows."""
        self._waiting.append(table)
        while sum(t.num_rows for t in self._waiting) >= self._batch_rows:
            whole = pa.concat_tables(self._waiting)
            self._write(whole.slice(0, self._batch_rows))
            self._waiting = [whole.slice(self._batch_rows)]

    def _write(self, table: pa.Table) -> None:
        # gathering the rows anew leaves no trace of how they were sliced, such as stray bits in null bitmaps
        self._writer.write_table(table.take(pa.array(np.arange(table.num_rows))).combine_chunks())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        with self._sink:
            if failed is None:
                whole = pa.concat_tables([*self._waiting, self._schema.empty_table()])
                if whole.num_rows:
                    self._write(whole)
                self._writer.close()


def read_table(path: Path) -> pa.Table:
    """An Arrow file, mapped."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def row_numbers(rows: NDArray[np.integer]) -> pa.Int64Array:
    """Rows to take. `pa.array` would load pandas, a third of a second, to see whether it was given a series."""
    wanted = np.ascontiguousarray(rows, np.int64)
    return pa.Int64Array.from_buffers(pa.int64(), len(wanted), [None, pa.py_buffer(wanted)])
