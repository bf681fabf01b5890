"""What commands print: tables through rich, notes on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from xsearch.report import Answer

WIDE = 160
"""Columns where the output goes to a file or a pipe, which has no width of its own."""


def show(what: RenderableType) -> None:
    """Print a rich renderable; rows are not wrapped where there is no terminal."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDE)
    console.print(what)


def say(note: str) -> None:
    """A remark for the person at the terminal, out of the way of the results."""
    typer.echo(note, err=True)


@contextmanager
def counting(what: str) -> Iterator[Callable[[str], None]]:
    """A count on one line of a terminal's error stream, gone at the end; elsewhere nothing is shown.

    Yields:
        A function to call with the name of each thing that is done.
    """
    shown = sys.stderr.isatty()
    done = 0

    def count(name: str) -> None:
        nonlocal done
        done += 1
        if shown:
            sys.stderr.write(f"\r\x1b[K{done} {what}, {name[:60]}")
            sys.stderr.flush()

    try:
        yield count
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")


class Report(Protocol):
    """What a command found."""

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""

    def table(self) -> RenderableType:
        """As a table for a terminal."""


def print_report(report: Report, as_json: bool) -> None:
    """A report as JSON or as a table, on stdout."""
    print_either(report.to_dict, report.table, as_json)


def print_answer(answer: Answer, as_json: bool, **options: Any) -> None:
    """An answer as JSON or as a table, on stdout; the options are the table's."""
    from xsearch import report

    print_either(lambda: report.to_dict(answer), lambda: report.table(answer, **options), as_json)


def print_figures(figures: Mapping[str, Any], title: str, as_json: bool) -> None:
    """Figures as JSON or as a table, on stdout."""
    from xsearch.report.figures_table import figures_table

    print_either(lambda: figures, lambda: figures_table(figures, title), as_json)


def print_either(document: Callable[[], Any], table: Callable[[], RenderableType], as_json: bool) -> None:
    """One of two forms of the same, on stdout."""
    if as_json:
        print_json(document())
    else:
        show(table())


def print_json(document: Any) -> None:
    """JSON on stdout."""
    from xsearch.report.json_text import json_text

    typer.echo(json_text(document), nl=False)
