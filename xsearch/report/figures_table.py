"""Figures as a table for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType


def figures_table(report: Mapping[str, Any], title: str) -> RenderableType:
    """One row a figure; lists are left out, and groups written on one line."""
    from rich.table import Table

    table = Table("figure", "value", title=title)
    for name, value in report.items():
        if isinstance(value, Mapping):
            table.add_row(name, "  ".join(f"{key} {part}" for key, part in value.items()))
        elif not isinstance(value, list):
            table.add_row(name, str(value))
    return table
