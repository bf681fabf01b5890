"""Tables for the terminal as HTML, so that a page says what a command prints."""

from __future__ import annotations

from html import escape

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


def rich_html(shown: RenderableType) -> str:
    """Tables as tables, with `data-place` on their rows; bold lines as headings, other lines as notes below."""
    parts = list(shown.renderables) if isinstance(shown, Group) else [shown]
    found, notes = [], []
    for part in parts:
        if isinstance(part, Table):
            found.append(table_html(part))
        elif isinstance(part, Text) and part.style == "dim":
            notes.append(f"<li>{escape(_sentence(part.plain))}</li>")
        else:
            found.append(f"<h2>{escape(_sentence(_plain(part)))}</h2>")
    return "".join(found) + (f'<ul class="notes">{"".join(notes)}</ul>' if notes else "")


def table_html(table: Table) -> str:
    """One table; its title is a heading above it."""
    right = [column.justify == "right" for column in table.columns]
    marks = [' class="n"' if one else "" for one in right]
    head = "".join(
        f'<th scope="col"{mark}>{escape(_plain(column.header))}</th>'
        for column, mark in zip(table.columns, marks, strict=True)
    )
    rows = zip(*(list(column.cells) for column in table.columns), strict=True)
    body = "".join(
        f'<tr data-place="{place}">'
        + "".join(f"<td{mark}>{escape(_plain(cell))}</td>" for cell, mark in zip(row, marks, strict=True))
        + "</tr>"
        for place, row in enumerate(rows)
    )
    title = f"<h3>{escape(_plain(table.title))}</h3>" if table.title else ""
    shown_head = f"<thead><tr>{head}</tr></thead>" if table.show_header else ""
    return f'{title}<div class="scroll"><table>{shown_head}<tbody>{body}</tbody></table></div>'


def _plain(cell: RenderableType | None) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell or "")


def _sentence(line: str) -> str:
    line = line.strip().removeprefix("note: ")
    return line[:1].upper() + line[1:]
