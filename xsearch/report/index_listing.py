"""Indexes as tables and plain values: which there are, and what one holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xsearch.elements import ATOMIC_NUMBERS
from xsearch.indexes import Index
from xsearch.indexes.library import IndexSummary
from xsearch.report.rich_table import new_table

FAILURES_SHOWN = 10
"""How many failed items are named; JSON names them all."""


def index_table(found: Iterable[IndexSummary]) -> RenderableType:
    """A row an index, the one in use marked; of a broken one, the problem."""
    rows = list(found)
    if not rows:
        return Text("No index is here yet; `xsearch build starter` makes one in a minute.")
    table = new_table(("", "name", "entries", "size", "built", "version"), ("", "name", "built", "version"))
    for row in rows:
        mark = Text("*", style="bold green") if row.is_default else ""
        if row.problem:
            table.add_row(mark, row.name, "", "", "", Text(row.problem, style="red"))
            continue
        made = f"{row.made:%Y-%m-%d %H:%M}" if row.made else ""
        table.add_row(mark, row.name, f"{row.materials:,}", size_text(row.n_bytes), made, row.version)
    return table


def index_records(found: Iterable[IndexSummary]) -> list[dict[str, Any]]:
    """The same as plain values."""
    return [{**asdict(row), "made": row.made.isoformat() if row.made else None} for row in found]


def info_record(index: Index) -> dict[str, Any]:
    """What an index holds as plain values, every failed item and its reason included."""
    return {**index.info(), "failures": [asdict(failure) for failure in index.failures()]}


def info_table(index: Index) -> RenderableType:
    """What an index holds, at a glance."""
    table = Table(box=None, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for key, value in index.info().items():
        if value is None or value in ("", [], {}):
            continue
        if key != "edges":
            table.add_row(key.replace("_", " "), size_text(value) if key == "bytes" else value_text(value))
    parts: list[RenderableType] = [table]
    if by_edge := index.spectra_by_edge():
        parts.append(edges_table(by_edge))
    failures = index.failures()
    shown = [Text(f"  {failure.item_id}: {failure.reason}") for failure in failures[:FAILURES_SHOWN]]
    if failures:
        shown.insert(0, Text(f"{len(failures):,} items could not be used:", style="bold"))
    if len(failures) > FAILURES_SHOWN:
        shown.append(Text(f"  and {len(failures) - FAILURES_SHOWN:,} more; --json names them all", style="dim"))
    return Group(*parts, *shown)


def edges_table(by_edge: Mapping[str, Mapping[str, int]]) -> RenderableType:
    """Spectra that can be searched, a row an edge: how many materials and references, by what made the spectra."""
    kinds = sorted({kind for counts in by_edge.values() for kind in counts})
    table = new_table(("XANES", *kinds), ("XANES",))
    table.title = f"{len(by_edge)} edges can be searched"
    for edge in sorted(by_edge, key=lambda name: (ATOMIC_NUMBERS[name.split()[0]], name)):
        table.add_row(edge, *(f"{by_edge[edge][kind]:,}" if kind in by_edge[edge] else "" for kind in kinds))
    return table


def value_text(value: Any) -> str:
    """A value in words: numbers with separators, mappings as a list."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {value_text(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(value_text(item) for item in value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def size_text(n_bytes: int) -> str:
    """Bytes in the unit that suits them."""
    size = float(n_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} GB"
