"""`xsearch query`: from files to ranked crystals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xsearch.cli.failures import FAILURE, complain
from xsearch.cli.options import IndexName, MeasuredCells, Prior, PriorChoice, Wavelength
from xsearch.cli.screen import print_json, say, show
from xsearch.errors import QueryError, XSearchError

if TYPE_CHECKING:
    from xsearch.infer.together import Together
    from xsearch.results import SearchResult
    from xsearch.search import SearchIndex

STDOUT = Path("-")


def elements(flag: str, meaning: str) -> Any:
    """An option that takes elements, such as Fe,O,Ti; the search reads them."""
    return typer.Option(flag, metavar="ELEMENTS", help=meaning)


def output(flag: str, meaning: str, metavar: str = "FILE") -> Any:
    """An option that names where to write."""
    return typer.Option(flag, metavar=metavar, help=meaning)


def query(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Measured powder patterns.")],
    wavelength: Wavelength = None,
    index: IndexName = None,
    only: Annotated[str | None, elements("--only", "These elements and no others, such as Fe,O,Ti.")] = None,
    must: Annotated[str | None, elements("--must", "All of these are in it.")] = None,
    may: Annotated[str | None, elements("--may", "Beside those of --must, these and no others.")] = None,
    exclude: Annotated[str | None, elements("--not", "None of these is in it.")] = None,
    exactly: Annotated[str | None, elements("--exactly", "All of these and no others.")] = None,
    top: Annotated[int, typer.Option("--top", min=1, metavar="N", help="How many hits to give.")] = 20,
    phases: Annotated[
        int | None, typer.Option("--phases", min=1, metavar="N", help="Search for a mixture of up to N phases.")
    ] = None,
    infer: Annotated[
        bool,
        typer.Option("--infer", help="Infer crystals in no database too, from the elements of --exactly or --only."),
    ] = False,
    prior: PriorChoice = Prior.known,
    measured_cells: MeasuredCells = True,
    unfold: Annotated[bool, typer.Option("--unfold", help="Show duplicates of a phase in rows of their own.")] = False,
    json: Annotated[Path | None, output("--json", "Write the complete evidence; - prints it.")] = None,
    plot: Annotated[Path | None, output("--plot", "Write a picture: .png, .svg or .pdf.")] = None,
    cifs: Annotated[Path | None, output("--cifs", "Write two CIF files a hit, stored and strained.", "FOLDER")] = None,
    html: Annotated[Path | None, output("--html", "Write a self-contained page.")] = None,
) -> None:
    """Find the crystals that gave a measured powder pattern.

    With several files each is searched for on its own, and what is written carries each file's name. Without any
    index, the starter index of measured crystals is built first.
    """
    from xsearch.cli.opening import open_or_build
    from xsearch.results.files import check_picture
    from xsearch.results.saving import Savable, save_results

    if plot:
        check_picture(plot)
    wanted = compound(only, exactly, phases) if infer else None
    asked = {
        "only": only,
        "must": must,
        "may": may,
        "exclude": exclude,
        "exactly": exactly,
        "prior": prior.value,
        "measured_cells": measured_cells,
        **({"phases": phases} if phases else {"top": top}),
    }
    batch = len(files) > 1
    results: list[Savable] = []
    searched = open_or_build(index)
    for result in answers(searched, files, wavelength, asked):
        if wanted:
            results.append(beside(searched, result, wanted))
            shown = results[-1].table()
        else:
            results.append(result)
            shown = result.table(unfold=unfold)
        if json != STDOUT:
            show(shown)
    if json == STDOUT and results:
        print_json([result.to_dict() for result in results] if batch else results[0].to_dict())
    for path in save_results(
        results, json=None if json == STDOUT else json, plot=plot, cifs=cifs, html=html, batch=batch
    ):
        say(f"Written: {path}")
    if len(results) < len(files):
        raise typer.Exit(FAILURE)


def compound(only: str | None, exactly: str | None, phases: int | None) -> str:
    """The elements to infer from; a mixture is no compound."""
    from xsearch.infer.together import elements_of

    if phases:
        raise QueryError("--infer looks for one compound; leave --phases out.")
    return elements_of(only, exactly)


def beside(index: SearchIndex, result: SearchResult, elements: str) -> Together:
    """An answer with what is inferred for its pattern."""
    from xsearch.infer.together import infer_beside

    return infer_beside(index.index, result, elements)


def answers(
    index: SearchIndex, files: list[Path], wavelength: str | None, asked: dict[str, Any]
) -> Iterator[SearchResult]:
    """An answer a file; in a batch, a file that cannot be read gets its line and the others go on."""
    from xsearch.spectra import read

    search = index.search_mixture if "phases" in asked else index.search
    for file in files:
        try:
            yield search(pxrd=read(file, wavelength=wavelength), **asked)
        except (XSearchError, OSError) as error:
            if len(files) == 1:
                raise
            complain(error)
