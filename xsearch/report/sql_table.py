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

WIDEST = 12
"""Columns of a table; rows of more are written one value a line."""


def sql_table(select: Callable[[int], pa.Table], top: int | None) -> RenderableType:
    """Rows as a table, or as lists of values where they have many columns; where there are more rows, it says so.

    Args:
        select: gives so many rows at most.
        top: how many are wanted; None for `SHOWN`.
    """
    most = top or SHOWN
    found = select(most + 1)
    shown = (_lists if found.num_columns > WIDEST else _table)(found.slice(0, most))
    if found.num_rows == 0:
        return Text("No row.")
    if top is None and found.num_rows > most:
        return Group(shown, Text(f"There are more than {most} rows; --csv and --json write all of them.", style="dim"))
    return shown


def _table(found: pa.Table) -> RenderableType:
    """A row a line."""
    table = Table(box=None, pad_edge=False)
    for field in found.schema:
        table.add_column(field.name, overflow="fold", justify="right" if _is_number(str(field.type)) else "left")
    for row in found.to_pylist():
        table.add_row(*(Text(_text(value)) for value in row.values()))
    return table


def _lists(found: pa.Table) -> RenderableType:
    """A value a line under its row's number, those that are missing left out."""
    parts: list[RenderableType] = []
    for number, row in enumerate(found.to_pylist(), start=1):
        table = Table(box=None, pad_edge=False, show_header=False, title=f"row {number}", title_justify="left")
        for name, value in row.items():
            if value is not None:
                table.add_row(name, Text(_text(value), overflow="fold"))
        parts.append(table)
    return Group(*parts)


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
