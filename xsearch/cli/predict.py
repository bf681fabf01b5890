"""`xsearch predict`: what a XANES spectrum says of its absorber's surroundings."""

from typing import Annotated

import typer

from xsearch.cli import options
from xsearch.cli.output import give_answer
from xsearch.reading import Reading


def predict(
    file: Annotated[str, typer.Argument(metavar=options.XANES_FILE, help="A measured XANES spectrum.")],
    absorber: options.Absorber = None,
    edge: options.EdgeName = None,
    columns: options.Columns = None,
    e0: options.EdgeEnergy = None,
    pre: options.PreEdge = None,
    post: options.PostEdge = None,
    elements: options.AllElements = None,
    formula: options.Formula = None,
    weights: options.Weights = None,
    plot: options.Plot = None,
    answer: Annotated[
        str, typer.Option("--answer", metavar="NAME", help="Draw what carried this answer, named as in the JSON.")
    ] = "cn",
    library: Annotated[
        bool, typer.Option("--library/--no-library", help="Whether compounds count whose shipped spectra agree.")
    ] = True,
    deglitch: options.Deglitch = False,
    json: options.Json = None,
) -> None:
    """Predict oxidation state, coordination, distances and neighbours of the absorber, each with a probability.

    With the elements of the sample the answers are better, and properties of the material are predicted too; with the
    formula they are better still. The picture shows which energies carried an answer.
    """
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
        library=library,
        reading=Reading.parse(columns, None, e0, pre, post),
    )
    if plot:
        report.plot(prediction, plot, task=answer)
    give_answer(prediction, json)
