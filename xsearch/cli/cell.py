"""`xsearch cell`: the cell of an unknown powder from its lines."""

from pathlib import Path
from typing import Annotated

import typer

from xsearch.cli.options import JsonFlag, Wavelength
from xsearch.cli.screen import print_answer


def cell(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A measured powder pattern of one phase.")],
    wavelength: Wavelength = None,
    top: Annotated[int, typer.Option("--top", min=1, metavar="N", help="How many cells to give at most.")] = 10,
    json: JsonFlag = False,
) -> None:
    """Find the cells that explain the lines of a pattern, without any index: its indexing.

    All lattices are tried, triclinic ones included, with a zero shift; a few lines may be another phase's.
    """
    from xsearch.indexing.search import cells_of_file

    print_answer(cells_of_file(file, wavelength, top), json)
