"""`xsearch show`: what is read from a file, before anything is searched for."""

from typing import Annotated

import typer

from xsearch.cli import options
from xsearch.cli.output import give_answer, say
from xsearch.reading import Reading


def show(
    file: Annotated[
        str,
        typer.Argument(metavar=options.XANES_FILE, help="A powder pattern, a XANES spectrum, or several in a file."),
    ],
    wavelength: options.Wavelength = None,
    absorber: options.Absorber = None,
    edge: options.EdgeName = None,
    columns: options.Columns = None,
    axis: options.AxisName = None,
    e0: options.EdgeEnergy = None,
    pre: options.PreEdge = None,
    post: options.PostEdge = None,
    plot: options.Plot = None,
    json: options.Json = None,
) -> None:
    """Show what is read from a file: axis, wavelength or edge, ranges, columns, E0, lines, and what was assumed.

    A file of several spectra is listed with their numbers.
    """
    from xsearch import report
    from xsearch.report.file_contents import file_contents
    from xsearch.report.files import check_picture

    if plot:
        check_picture(plot)
    contents = file_contents(file, wavelength, absorber, edge, Reading.parse(columns, axis, e0, pre, post))
    if plot:
        report.plot(contents, plot)
        say(f"Written: {plot}")
    give_answer(contents, json)
