"""`xsearch predict`: what a XANES spectrum says of its absorber's surroundings."""

from pathlib import Path
from typing import Annotated

import typer

from xsearch.cli.options import Deglitch, JsonFlag
from xsearch.cli.screen import print_answer


def predict(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A measured XANES spectrum.")],
    absorber: Annotated[
        str | None, typer.Option("--absorber", metavar="ELEMENT", help="Where the file does not tell it.")
    ] = None,
    edge: Annotated[str | None, typer.Option("--edge", metavar="EDGE", help="Such as K or L3.")] = None,
    elements: Annotated[
        str | None,
        typer.Option("--elements", metavar="LIST", help="All elements of the sample: better, and its properties too."),
    ] = None,
    formula: Annotated[
        str | None, typer.Option("--formula", metavar="FORMULA", help="Of the compound, instead: better still.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option("--weights", metavar="FOLDER", help="Models that `xsearch train` made.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw which energies carried an answer.")
    ] = None,
    answer: Annotated[
        str, typer.Option("--answer", metavar="NAME", help="Which one to draw, as the JSON names it.")
    ] = "cn",
    deglitch: Deglitch = False,
    json: JsonFlag = False,
) -> None:
    """Predict oxidation state, coordination, distances and neighbours of the absorber, each with a probability."""
    from xsearch import report
    from xsearch.xas.prediction import predict_file

    prediction = predict_file(
        file,
        absorber=absorber,
        edge=edge,
        elements=elements,
        formula=formula,
        weights=weights,
        without_glitches=deglitch,
    )
    if plot:
        report.plot(prediction, plot, task=answer)
    print_answer(prediction, json)
