"""`xsearch evaluate`: how often the right crystal is found, on labelled data."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from xsearch.cli.options import IndexName, JsonFlag, MeasuredCells, Prior, PriorChoice
from xsearch.cli.screen import counting, print_json, show

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
    prior: PriorChoice = Prior.known,
    json: JsonFlag = False,
) -> None:
    """Search every labelled pattern and count how often a right entry is at the top.

    Columns: label, single_phase, wavelength, two_theta, intensity, structure_json (the crystal, as pymatgen writes it),
    and sim_cosine if there is one. An entry is right when it has that crystal's formula and space group, or fits it.
    """
    from xsearch.evaluate.pxrd import evaluate as evaluate_pxrd

    with counting("patterns") as count:
        report = evaluate_pxrd(
            file,
            index,
            elements=elements.value,
            measured_cells=measured_cells,
            prior=prior.value,
            progress=lambda outcome: count(outcome.label),
        )
    if json:
        print_json(report.to_dict())
    else:
        show(report.table())
