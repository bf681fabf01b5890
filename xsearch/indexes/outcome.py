"""What a builder makes of a run of input items: rows of one schema, and failures with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import pyarrow as pa

FAILURE_FIELDS = (
    pa.field("failed_item", pa.string()),
    pa.field("failure", pa.string()),  # set on rows that are failures; all the rest is null there
)


@dataclass(frozen=True, slots=True)
class Failure:
    """An input item that did not become a row, and why, in one line."""

    item_id: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The outcome of one run of input items as one Arrow table of `schema`, whose last fields are `FAILURE_FIELDS`.

    It can be pickled, and it turns into the same bytes wherever it was made.
    """

    table: pa.Table
    schema: ClassVar[pa.Schema]

    @classmethod
    def with_failures(cls, rows: pa.Table, failures: Sequence[Failure]) -> Self:
        """Rows that were made, without the last two fields, then failures."""
        nothing = pa.nulls(rows.num_rows, pa.string())
        columns = [*rows.columns, nothing, nothing]
        table = pa.table([c.cast(f.type) for c, f in zip(columns, cls.schema, strict=True)], schema=cls.schema)
        if failures:
            failed = {field.name: pa.nulls(len(failures), field.type) for field in cls.schema}
            failed["failed_item"] = pa.array([f.item_id for f in failures], pa.string())
            failed["failure"] = pa.array([f.reason for f in failures], pa.string())
            table = pa.concat_tables([table, pa.table(failed, schema=cls.schema)])
        return cls(table.combine_chunks())

    @property
    def made(self) -> pa.Table:
        """The rows that are no failures."""
        return self.table.filter(self.table.column("failure").is_null())

    @property
    def failures(self) -> list[Failure]:
        """The items that failed."""
        rows = self.table.filter(self.table.column("failure").is_valid())
        pairs = zip(rows.column("failed_item").to_pylist(), rows.column("failure").to_pylist(), strict=True)
        return [Failure(item, reason) for item, reason in pairs]

    def __len__(self) -> int:
        """How many rows were made; failures are not counted."""
        return int(self.table.column("failure").null_count)

    def to_bytes(self) -> bytes:
        """As an Arrow file in memory."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, self.schema) as writer:
            writer.write_table(self.table.combine_chunks())
        return sink.getvalue().to_pybytes()

    @classmethod
    def from_bytes(cls, content: bytes | pa.Buffer) -> Self:
        """Back from `to_bytes`, or from a memory map of such a file, without copying."""
        return cls(pa.ipc.open_file(content).read_all())
