"""The one look of tables for the terminal."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


def new_table(headings: Iterable[str], left: Collection[str] = ()) -> Table:
    """A table without rules or wrapped cells; columns are set right, those named in `left` to the left."""
    table = Table(box=None, show_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in left else "right", no_wrap=True)
    return table


def with_lines(parts: Iterable[RenderableType], lines: Iterable[str]) -> Group:
    """Parts one below the other, and dim lines at the end."""
    return Group(*parts, *(Text(f"  {line}", style="dim") for line in lines))
