"""What commands print: tables through rich, notes on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from xsearch.report import Answer
    from xsearch.report.saving import Savable

STDOUT = Path("-")
"""The name of a file that stands for standard output."""

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
def one_line() -> Iterator[Callable[[str], None]]:
    """One line of a terminal's error stream that is written over again and gone at the end; elsewhere nothing is shown.

    Yields:
        A function to call with the line.
    """
    shown = sys.stderr.isatty()

    def write(line: str) -> None:
        if shown:
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()

    try:
        yield write
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")


@contextmanager
def counting(what: str) -> Iterator[Callable[[str], None]]:
    """A count on such a line.

    Yields:
        A function to call with the name of each thing that is done.
    """
    done = 0
    with one_line() as write:

        def count(name: str) -> None:
            nonlocal done
            done += 1
            write(f"{done} {what}, {name[:60]}")

        yield count


class Report(Protocol):
    """What a command found."""

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""

    def table(self) -> RenderableType:
        """As a table for a terminal."""


def give_report(report: Report, json: Path | None) -> None:
    """A report as a table on stdout, and as JSON where that is wanted."""
    give(report.to_dict, report.table, json)


def give_answer(answer: Answer, json: Path | None, **options: Any) -> None:
    """An answer likewise; the options are the table's."""
    from xsearch import report

    give(lambda: report.to_dict(answer), lambda: report.table(answer, **options), json)


def give_figures(figures: Mapping[str, Any], title: str, json: Path | None) -> None:
    """Figures likewise."""
    from xsearch.report.figures_table import figures_table

    give(lambda: figures, lambda: figures_table(figures, title), json)


def give(document: Callable[[], Any], table: Callable[[], RenderableType], json: Path | None) -> None:
    """A table on stdout and JSON in a file; where the file is `-`, nothing but the JSON on stdout."""
    from xsearch.report.json_text import json_text

    if json == STDOUT:
        typer.echo(json_text(document()), nl=False)
        return
    show(table())
    if json:
        json_text(document(), json)
        say(f"Written: {json}")


def save_answers(
    answers: Sequence[Savable],
    *,
    json: Path | None = None,
    plot: Path | None = None,
    cifs: Path | None = None,
    html: Path | None = None,
    refine: tuple[str, Path] | None = None,
    batch: bool = False,
) -> None:
    """Write answers to the files that were named, and their JSON to stdout where it is `-`."""
    from xsearch import report
    from xsearch.report.json_text import json_text
    from xsearch.report.saving import refine_results, save_results

    if json == STDOUT and answers:
        records = [report.to_dict(answer) for answer in answers]
        typer.echo(json_text(records if batch else records[0]), nl=False)
    to_file = None if json == STDOUT else json
    for path in save_results(answers, json=to_file, plot=plot, cifs=cifs, html=html, batch=batch):
        say(f"Written: {path}")
    for line in refine_results(answers, refine, batch):
        say(line)
