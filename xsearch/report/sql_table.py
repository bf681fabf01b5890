"""The answer to an SQL question as a table, plain values, or comma-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 100
"""Rows of a table where no number was stated."""


def sql_table(select: Callable[[int], pa.Table], top: int | None) -> RenderableType:
    """Rows as a table; where there are more, it says so.

    Args:
        select: gives so many rows at most.
        top: how many are wanted; None for `SHOWN`.
    """
    most = top or SHOWN
    found = select(most + 1)
    table = Table(box=None, pad_edge=False)
    for field in found.schema:
        table.add_column(field.name, overflow="fold", justify="right" if _is_number(str(field.type)) else "left")
    for row in found.slice(0, most).to_pylist():
        table.add_row(*(Text(_text(value)) for value in row.values()))
    if found.num_rows == 0:
        return Text("No row.")
    if top is None and found.num_rows > most:
        return Group(table, Text(f"There are more than {most} rows; --csv and --json write all of them.", style="dim"))
    return table


def sql_records(found: pa.Table) -> list[dict[str, Any]]:
    """Rows as plain values, one mapping a row."""
    rows: list[dict[str, Any]] = found.to_pylist()
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def sql_csv(found: pa.Table) -> str:
    """Rows as comma-separated values under their names; what is missing is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(found.schema.names)
    writer.writerows([_text(value) for value in row.values()] for row in found.to_pylist())
    return out.getvalue()


def _is_number(kind: str) -> bool:
    return kind.startswith(("int", "uint", "float", "double", "half", "decimal"))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | list | dict) or value is None else str(value)
