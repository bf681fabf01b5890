"""`xsearch build`: make an index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xsearch.cli import options
from xsearch.cli.output import say
from xsearch.options import Backend, parse_elements

if TYPE_CHECKING:
    from xsearch.builders import BuildResult

app = typer.Typer(help="Make an index to search in.", no_args_is_help=True)


@app.callback()
def build() -> None:
    """Make an index to search in. A build that was stopped goes on where it stood when the same command is given."""


@app.command("parquet")
def parquet(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.parquet", help="Tables of structures, and of spectra.")],
    name: options.NewName,
    measured_cells: options.MeasuredCells = True,
    shipped_spectra: options.ShippedSpectra = True,
    workers: options.Workers = None,
    cluster: options.Cluster = None,
) -> None:
    """Make an index from Parquet tables of structures, such as a snapshot of the Materials Project, and of XANES.

    Structures: material_id, species, frac_coords, and a b c alpha beta gamma; further known columns are kept. Spectra:
    energy, mu, absorber, edge, with material_id, code, site_index for computed ones, or formula for references.
    """
    from xsearch.builders import build_parquet
    from xsearch.builders.cluster import running_on

    with running_on(cluster) as run:
        report(
            build_parquet(
                files,
                name,
                measured_cells=measured_cells,
                shipped_spectra=shipped_spectra,
                workers=workers,
                run=run,
            )
        )


@app.command("cif")
def cif(
    places: Annotated[list[Path], typer.Argument(metavar="FOLDER", help="Folders of CIF files, or single files.")],
    name: options.NewName,
    licence: options.Licence = "not stated",
    workers: options.Workers = None,
    cluster: options.Cluster = None,
) -> None:
    """Make an index from folders of CIF files, searched with all that lies below them."""
    from xsearch.builders import build_cif
    from xsearch.builders.cluster import running_on

    with running_on(cluster) as run:
        report(build_cif(places, name, licence=licence, workers=workers, run=run))


@app.command("starter")
def starter(name: options.NewName = "starter", workers: options.Workers = None) -> None:
    """Make the starter index: 10,000 crystals and XANES spectra of 71 edges that come with the installation.

    The crystals are the American Mineralogist Crystal Structure Database, the AFLOW prototypes, and the structures of
    the Materials Project that spectra were computed of. The spectra are measured references and computed by FEFF10.
    """
    from xsearch.builders import build_starter

    report(build_starter(name, workers=workers))


@app.command("mp")
def mp(
    name: options.NewName = "mp",
    only: options.Only = None,
    edges: options.Edges = None,
    ids: Annotated[
        Path | None, typer.Option("--ids", metavar="FILE", help="Only the materials whose ids this file lists.")
    ] = None,
    limit: options.Limit = None,
    include_nc: Annotated[
        bool, typer.Option("--include-nc", help="Also entries that may not be used commercially (GNoME, CC BY-NC).")
    ] = False,
    bulk: Annotated[
        bool, typer.Option("--bulk", help="Fetch whole tables from object storage instead of pages.")
    ] = False,
    measured_cells: options.MeasuredCells = True,
    shipped_spectra: options.ShippedSpectra = True,
    workers: options.Workers = None,
    cluster: options.Cluster = None,
) -> None:
    """Make an index of the Materials Project: structures, properties, and all of its absorption spectra.

    It asks for a key: get one at https://materialsproject.org/api and set MP_API_KEY. Give the same command again
    after a failure, and it goes on; give it a month later, and it brings only what changed.
    """
    from xsearch.builders.cluster import running_on
    from xsearch.builders.mp import build_mp, select

    chosen = select(only, edges, ids, limit, include_nc, bulk)
    with running_on(cluster) as run:
        report(
            build_mp(
                name,
                chosen,
                measured_cells=measured_cells,
                shipped_spectra=shipped_spectra,
                workers=workers,
                run=run,
            )
        )


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="INDEX", help="The index to add to.")],
    spectra: Annotated[
        list[Path] | None,
        typer.Option("--spectra", metavar="FOLDER", help="XANES spectra: files, folders, Parquet tables."),
    ] = None,
    cif: Annotated[
        list[Path] | None, typer.Option("--cif", metavar="FOLDER", help="Crystal structures: CIF files, folders.")
    ] = None,
    licence: options.Licence = "not stated",
    workers: options.Workers = None,
) -> None:
    """Add reference spectra and structures of your own to an index; they are marked as yours, and updates keep them.

    A spectrum's compound is taken from its file's name, such as Fe2O3_hematite.xdi. Rows of a Parquet table, measured
    or computed, keep their own ids and sources; those that name a material_id belong to that entry.
    """
    from xsearch.builders.add import add_entries

    report(add_entries(name, xanes=spectra or (), cif=cif or (), licence=licence, workers=workers))


@app.command("predicted")
def predicted(
    name: Annotated[str, typer.Argument(metavar="INDEX", help="The index whose entries get spectra.")],
    absorbers: options.Absorbers = None,
    limit: options.Limit = None,
    workers: options.Workers = None,
) -> None:
    """Predict XANES spectra for the entries of an index that have none; in a search they count for less.

    An absorber that the forward model has not learned is refused. Stopped, the same command goes on where it stood.
    """
    from xsearch.builders.predicted import add_predicted

    report(add_predicted(name, parse_elements(absorbers or ()), limit=limit, workers=workers))


@app.command("computed")
def computed(
    name: Annotated[str, typer.Argument(metavar="INDEX", help="The index whose entries get spectra.")],
    absorbers: options.Absorbers = None,
    edges: options.Edges = None,
    only: options.Only = None,
    limit: options.Limit = None,
    hours: options.Hours = None,
    timeout: options.SiteTimeout = 1800.0,
    workers: options.Workers = None,
    cluster: options.Cluster = None,
) -> None:
    """Compute XANES spectra with FEFF10 for entries of an index that have none; it takes minutes a spectrum.

    The usual edges are K up to iodine and L3 of heavier elements; elements up to sodium are computed where named.
    FEFF10 is an extra: pip install "xsearch[feff]". Known and stable compounds come first. Each site is kept as soon
    as it is there, whatever ends the run; the same command goes on, and what was computed once serves every index.
    """
    from xsearch.builders.cluster import running_on
    from xsearch.builders.computed import add_computed
    from xsearch.edge_names import parse_edges

    with running_on(cluster) as run:
        done, built = add_computed(
            name,
            parse_elements(absorbers or ()),
            parse_edges(edges or ""),
            only=None if only is None else parse_elements(only),
            limit=limit,
            hours=hours,
            timeout_s=timeout,
            workers=workers,
            run=run,
        )
    say(str(done))
    if built:
        report(built)


def report(built: BuildResult) -> None:
    """What was made, in a line or two, and how to search it."""
    from xsearch.indexes.library import list_indexes

    linked = f", {built.measured_cells:,} linked measured cells among them" if built.measured_cells else ""
    say(f"Index {built.name}: {built.entries:,} entries{linked}, in {built.seconds:.0f} s (version {built.version}).")
    if built.spectra:
        say(f"It holds {built.spectra:,} absorption spectra.")
    if built.reused:
        say(f"{built.reused:,} entries had not changed and were taken over from the version before.")
    if built.resumed:
        say(f"{built.resumed:,} items had been done by an earlier build that was stopped.")
    if built.without_compound:
        listed = ", ".join(built.without_compound)
        say(f"{len(built.without_compound):,} spectra have no compound that is certain: {listed}.")
        say("State it as Sample.formula, or in a CSV file beside them with the columns file and formula.")
    if built.failures:
        say(f"{built.failures:,} items could not be used; `xsearch index info {built.name}` says why.")
    if not any(index.is_default for index in list_indexes() if index.name == built.name):
        say(f"Search it with --index {built.name}, or always: xsearch index use {built.name}")


@app.command("embed")
def embed(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The index.")],
    weights: options.Weights = None,
    backend: Annotated[
        Backend | None,
        typer.Option(
            "--backend", help="Compare all vectors, or those that a graph or lists lead to; by default by size."
        ),
    ] = None,
) -> None:
    """Make the vectors of every row again: by other weights, for another way of search, or of an older index.

    Every build makes them as it goes.
    """
    from xsearch.builders.embed import embed as embed_rows

    version = embed_rows(name, weights, backend, progress=True)
    say(f"{name}: version {version} has its vectors.")
