"""`xsearch build`: make an index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xsearch.cli.options import MeasuredCells, NewName, Workers
from xsearch.cli.screen import say

if TYPE_CHECKING:
    from xsearch.builders import BuildResult

app = typer.Typer(help="Make an index to search in.", no_args_is_help=True)


@app.callback()
def build() -> None:
    """Make an index to search in. A build that was stopped goes on where it stood when the same command is given."""


@app.command("parquet")
def parquet(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.parquet", help="Tables of structures.")],
    name: NewName,
    measured_cells: MeasuredCells = True,
    workers: Workers = None,
) -> None:
    """Make an index from Parquet tables of structures, such as a snapshot of the Materials Project.

    Columns: material_id, species, frac_coords, and a b c alpha beta gamma; further known columns are kept.
    """
    from xsearch.builders import build_parquet

    report(build_parquet(files, name, measured_cells=measured_cells, workers=workers))


@app.command("cif")
def cif(
    places: Annotated[list[Path], typer.Argument(metavar="FOLDER", help="Folders of CIF files, or single files.")],
    name: NewName,
    licence: Annotated[
        str, typer.Option("--licence", metavar="TEXT", help="Of these crystals; it is stated on every hit.")
    ] = "not stated",
    workers: Workers = None,
) -> None:
    """Make an index from folders of CIF files, searched with all that lies below them."""
    from xsearch.builders import build_cif

    report(build_cif(places, name, licence=licence, workers=workers))


@app.command("starter")
def starter(name: NewName = "starter", workers: Workers = None) -> None:
    """Make the starter index: 9,000 measured crystals that come with the installation.

    They are the American Mineralogist Crystal Structure Database and the AFLOW prototypes.
    """
    from xsearch.builders import build_starter

    report(build_starter(name, workers=workers))


def report(built: BuildResult) -> None:
    """What was made, in a line or two, and how to search it."""
    from xsearch.indexes.library import list_indexes

    linked = f", {built.measured_cells:,} linked measured cells among them" if built.measured_cells else ""
    say(f"Index {built.name}: {built.entries:,} entries{linked}, in {built.seconds:.0f} s (version {built.version}).")
    if built.resumed:
        say(f"{built.resumed:,} items had been done by an earlier build that was stopped.")
    if built.failures:
        say(f"{built.failures:,} items could not be used; `xsearch index info {built.name}` says why.")
    if not any(index.is_default for index in list_indexes() if index.name == built.name):
        say(f"Search it with --index {built.name}, or always: xsearch index use {built.name}")
