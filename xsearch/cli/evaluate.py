"""`xsearch evaluate`: how often the right crystal is found, on labelled data."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from xsearch.cli.options import IndexName, JsonFlag, MeasuredCells
from xsearch.cli.screen import print_json, show

app = typer.Typer(help="Measure how often the right crystal is found.", no_args_is_help=True)


class Given(StrEnum):
    """What the search is told about the elements of the sample."""

    none = "none"
    subset = "subset"
    exact = "exact"


@app.callback()
def evaluate() -> None:
    """Measure how often the right crystal is found."""


@app.command("pxrd")
def pxrd(
    file: Annotated[Path, typer.Argument(metavar="FILE.parquet", help="Measured patterns with their labels.")],
    index: IndexName = None,
    elements: Annotated[
        Given, typer.Option("--elements", help="Tell the search nothing, the elements allowed, or exactly these.")
    ] = Given.none,
    measured_cells: MeasuredCells = True,
    json: JsonFlag = False,
) -> None:
    """Search every labelled pattern and count how often a right entry is at the top."""
    from xsearch.evaluate.pxrd import evaluate as evaluate_pxrd

    report = evaluate_pxrd(file, index, elements=elements.value, measured_cells=measured_cells)
    if json:
        print_json(report.to_dict())
    else:
        show(report.table())
