"""`xsearch query`: from files to ranked crystals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xsearch.cli.failures import FAILURE, complain
from xsearch.cli.options import Deglitch, IndexName, MeasuredCells, PriorChoice, Wavelength
from xsearch.cli.screen import print_json, say, show
from xsearch.errors import QueryError, XSearchError
from xsearch.options import Prior, parse_phases

if TYPE_CHECKING:
    from xsearch.answers import Combined, SearchResult
    from xsearch.search import SearchIndex
    from xsearch.spectra import Xanes

STDOUT = Path("-")


def elements(flag: str, meaning: str) -> Any:
    """An option that takes elements, such as Fe,O,Ti; the search reads them."""
    return typer.Option(flag, metavar="ELEMENTS", help=meaning)


def output(flag: str, meaning: str, metavar: str = "FILE") -> Any:
    """An option that names where to write."""
    return typer.Option(flag, metavar=metavar, help=meaning)


def query(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Measured powder patterns or XANES spectra; the kind is recognised."),
    ],
    xanes: Annotated[
        list[str] | None,
        typer.Option(
            "--xanes",
            metavar="FILE[:ABSORBER[:EDGE]]",
            help="A XANES spectrum of the same sample, such as Fe_K.dat:Fe:K; give it once for each edge.",
        ),
    ] = None,
    wavelength: Wavelength = None,
    index: IndexName = None,
    only: Annotated[str | None, elements("--only", "These elements and no others, such as Fe,O,Ti.")] = None,
    must: Annotated[str | None, elements("--must", "All of these are in it.")] = None,
    may: Annotated[str | None, elements("--may", "Beside those of --must, these and no others.")] = None,
    exclude: Annotated[str | None, elements("--not", "None of these is in it.")] = None,
    exactly: Annotated[str | None, elements("--exactly", "All of these and no others.")] = None,
    top: Annotated[int, typer.Option("--top", min=1, metavar="N", help="How many hits to give.")] = 20,
    phases: Annotated[
        int | None,
        typer.Option(
            "--phases",
            parser=parse_phases,
            metavar="N|auto",
            help="Search a pattern or an edge for a mixture of up to N phases, or auto (up to 4); how many there are "
            "is decided.",
        ),
    ] = None,
    infer: Annotated[
        bool,
        typer.Option("--infer", help="Infer crystals in no database too, from the elements of --exactly or --only."),
    ] = False,
    prior: PriorChoice = Prior.KNOWN,
    measured_cells: MeasuredCells = True,
    deglitch: Deglitch = False,
    unfold: Annotated[bool, typer.Option("--unfold", help="Show duplicates of a phase in rows of their own.")] = False,
    json: Annotated[Path | None, output("--json", "Write the complete evidence; - prints it.")] = None,
    plot: Annotated[Path | None, output("--plot", "Write a picture: .png, .svg or .pdf.")] = None,
    cifs: Annotated[Path | None, output("--cifs", "Write a hit's CIF files, stored and strained.", "FOLDER")] = None,
    html: Annotated[Path | None, output("--html", "Write a self-contained page.")] = None,
) -> None:
    """Find the crystals that gave a measured powder pattern, XANES spectra, or both.

    With several files each is searched for on its own, and what is written carries each file's name; spectra of one
    sample go under --xanes, beside its pattern or its first spectrum. Without any index, the starter index of measured
    crystals is built first.
    """
    from xsearch import report
    from xsearch.cli.opening import open_or_build
    from xsearch.report.files import check_picture
    from xsearch.report.saving import Savable, save_results
    from xsearch.spectra.sample import read_edges

    if plot:
        check_picture(plot)
    check_combination(len(files), len(xanes or ()), phases)
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
    mend = mended if deglitch else list
    edges = mend(read_edges(xanes or ()))
    for result in answers(searched, files, wavelength, edges, mend, asked, must_hold=wanted is None):
        results.append(beside(searched, result, wanted, edges) if wanted else result)
        shown = report.table(results[-1]) if wanted else report.table(result, unfold=unfold)
        if json != STDOUT:
            show(shown)
    if json == STDOUT and results:
        print_json([report.to_dict(result) for result in results] if batch else report.to_dict(results[0]))
    for path in save_results(
        results, json=None if json == STDOUT else json, plot=plot, cifs=cifs, html=html, batch=batch
    ):
        say(f"Written: {path}")
    if len(results) < len(files):
        raise typer.Exit(FAILURE)


def compound(only: str | None, exactly: str | None, phases: int | None) -> str:
    """The elements to infer from; a mixture is no compound."""
    from xsearch.query.combined import elements_of

    if phases:
        raise QueryError("--infer looks for one compound; leave --phases out.")
    return elements_of(only, exactly)


def beside(index: SearchIndex, result: SearchResult, elements: str, edges: list[Xanes]) -> Combined:
    """An answer with what is inferred from the same pattern and edges."""
    from xsearch.query.combined import infer_beside

    return infer_beside(index.index, result, elements, edges)


def mended(edges: list[Xanes]) -> list[Xanes]:
    """Spectra without their glitches."""
    from xsearch.preprocess.xanes import deglitch

    return [deglitch(edge) for edge in edges]


def check_combination(files: int, edges: int, phases: int | None) -> None:
    """Refuse what cannot be asked at once.

    Raises:
        QueryError: saying what can.
    """
    if edges and files > 1:
        raise QueryError(
            f"--xanes belongs to one sample, and {files} files were given; give its powder pattern or one of its "
            "spectra, and each further edge with --xanes."
        )
    if edges and phases:
        raise QueryError(
            "--phases takes one powder pattern or one edge apart and cannot be joined with --xanes; leave out one of "
            "them."
        )


def answers(
    index: SearchIndex,
    files: list[str],
    wavelength: str | None,
    edges: list[Xanes],
    mend: Callable[[list[Xanes]], list[Xanes]],
    asked: dict[str, Any],
    must_hold: bool,
) -> Iterator[SearchResult]:
    """An answer a file; in a batch, a file that cannot be read gets its line and the others go on.

    Where the index must hold an entry with the elements, it is an error that it does not; else the answer is empty.
    """
    from xsearch.spectra.sample import read_sample

    search = index.search
    if not must_hold:
        from xsearch.query.combined import search_or_nothing

        search = partial(search_or_nothing, index)
    for file in files:
        try:
            pattern, own = read_sample(file, wavelength)
            own = mend(own)
            if "phases" in asked:
                yield index.search_mixture(pxrd=pattern, xanes=own[0] if own else None, **asked)
            else:
                yield search(pxrd=pattern, xanes=[*own, *edges], **asked)
        except (XSearchError, OSError) as error:
            if len(files) == 1:
                raise
            complain(error)
