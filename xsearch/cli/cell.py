"""`xsearch cell`: the cell of an unknown powder from its lines."""

from typing import Annotated

import typer

from xsearch.cli import options
from xsearch.cli.output import give_answer
from xsearch.reading import Reading


def cell(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A measured powder pattern of one phase.")],
    wavelength: options.Wavelength = None,
    columns: options.Columns = None,
    axis: options.AxisName = None,
    formula: options.Formula = None,
    top: Annotated[int, options.TOP] = 10,
    json: options.Json = None,
) -> None:
    """Find the cells that explain the lines of a pattern, without any index: its indexing.

    All lattices are tried, triclinic ones included, with a zero shift; a few lines may be another phase's. With the
    formula, only cells are given whose volume holds a whole number of its units.
    """
    from xsearch.chemistry.formula import stated_formula
    from xsearch.indexing.pattern import cells_of_file

    amounts = stated_formula(formula) if formula else None
    give_answer(cells_of_file(file, wavelength, top, Reading.parse(columns, axis), amounts), json)
