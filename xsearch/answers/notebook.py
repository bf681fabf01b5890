"""Answers as small tables in HTML, as notebooks show them; `xsearch.report.table` has all columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

MOST_ROWS = 10
"""Further ones are counted."""

_AMOUNT = re.compile(r"(?<=[A-Za-z)\]])(\d+(?:\.\d+)?)")


def shown(
    title: str, verdict: str, headings: Sequence[str], rows: Sequence[Sequence[object]], notes: Iterable[str]
) -> str:
    """A title with the verdict, a table of the first rows, and the notes.

    Args:
        title: what was measured and searched.
        verdict: what stands behind it.
        headings: of the columns; the cells below `formula` are typeset.
        rows: a cell a heading: text, a number with two decimals, or None.
        notes: one line each.
    """
    body = "".join(
        "<tr>"
        + "".join(f"<td>{_cell(heading, cell)}</td>" for heading, cell in zip(headings, row, strict=True))
        + "</tr>"
        for row in rows[:MOST_ROWS]
    )
    further = f"<p><small>and {len(rows) - MOST_ROWS} more</small></p>" if len(rows) > MOST_ROWS else ""
    lines = "".join(f"<li><small>{escape(note)}</small></li>" for note in notes)
    return (
        f"<p>{escape(title)}: <strong>{escape(verdict)}</strong></p>"
        f"<table><thead><tr>{''.join(f'<th>{escape(heading)}</th>' for heading in headings)}</tr></thead>"
        f"<tbody>{body}</tbody></table>{further}{f'<ul>{lines}</ul>' if lines else ''}"
    )


def _cell(heading: str, value: object) -> str:
    if value is None:
        return "-"
    text = escape(f"{value:.2f}" if isinstance(value, float) else str(value))
    return _AMOUNT.sub(r"<sub>\1</sub>", text) if heading == "formula" else text
