"""`xsearch simulate`: calculated patterns of crystals."""

from pathlib import Path
from typing import Annotated

import typer

from xsearch.cli import options
from xsearch.cli.output import give_answer, one_line, say
from xsearch.options import Engine, Range

app = typer.Typer(help="Calculate the pattern of a crystal.", no_args_is_help=True)


@app.callback()
def simulate() -> None:
    """Calculate the pattern of a crystal."""


@app.command("pxrd")
def pxrd(
    cif: Annotated[Path, typer.Argument(metavar="FILE.cif", help="The crystal, as a CIF file.")],
    wavelength: Annotated[str, options.WAVELENGTH] = "CuKa",
    two_theta: Annotated[
        tuple[float, float], typer.Option("--angles", metavar="FIRST LAST", help="Angles 2θ in degrees.")
    ] = (5.0, 90.0),
    step: Annotated[float, typer.Option("--step", metavar="DEG", help="Between the points, in degrees.")] = 0.01,
    fwhm: Annotated[float, typer.Option("--fwhm", metavar="DEG", help="Width of the lines, in degrees.")] = 0.1,
    top: Annotated[int, options.TOP] = 20,
    plot: options.Plot = None,
    xy: options.Xy = None,
    json: options.Json = None,
) -> None:
    """Calculate the powder diffraction pattern of a crystal.

    Intensities are kinematic: form factors, occupancies, multiplicity, Lorentz and polarisation factors.
    """
    from xsearch import report
    from xsearch.report.files import check_picture
    from xsearch.simulate.crystal_pattern import simulate_cif

    if plot:
        check_picture(plot)
    simulated = simulate_cif(cif, wavelength, two_theta_deg=two_theta, step_deg=step, fwhm_deg=fwhm)
    give_answer(simulated, json, top=top)
    if plot:
        report.plot(simulated, plot)
        say(f"Picture: {plot}")
    if xy:
        report.write_xy(simulated, xy)
        say(f"Profile: {xy}")


@app.command("xanes")
def xanes(
    cif: Annotated[Path, typer.Argument(metavar="FILE.cif", help="The crystal, as a CIF file.")],
    absorber: Annotated[str, options.ABSORBER],
    edge: options.EdgeName = None,
    engine: Annotated[
        Engine, typer.Option("--engine", help="The learned model, in milliseconds, or FEFF, in a minute a site.")
    ] = Engine.MODEL,
    feff: Annotated[
        Path | None,
        typer.Option("--feff", metavar="PROGRAM", help="Run this FEFF instead of the one that pip installs."),
    ] = None,
    timeout: options.SiteTimeout = 3600.0,
    weights: options.Weights = None,
    xy: options.Xy = None,
    json: options.Json = None,
) -> None:
    """Predict the XANES of an element in a crystal, or compute it with FEFF: the mean over its sites.

    FEFF10 is an extra: pip install "xsearch[feff]". It needs no compiler.
    """
    from xsearch import report
    from xsearch.edge_names import parse_absorber, parse_edge
    from xsearch.xas.forward import xanes_of_cif

    with one_line() as notify:
        spectrum = xanes_of_cif(
            cif,
            parse_absorber(absorber),
            edge=None if edge is None else parse_edge(edge),
            engine=engine,
            feff=feff,
            timeout_s=timeout,
            weights=weights,
            notify=notify,
        )
    give_answer(spectrum, json)
    if xy:
        report.write_xy(spectrum, xy)
        say(f"Spectrum: {xy}")


@app.command("sites")
def sites(
    edges: Annotated[Path, typer.Argument(metavar="FILE.json", help="A JSON list of [material_id, absorber, edge].")],
    out: options.Out,
    structures: options.Structures = None,
    range: options.RangeChoice = Range.XANES,
    limit: options.Limit = None,
    hours: options.Hours = None,
    timeout: options.SiteTimeout = 1800.0,
    workers: options.Workers = None,
    cluster: options.Cluster = None,
) -> None:
    """Compute the XANES or the EXAFS of every distinct site of listed materials with FEFF, into a table, a row a site.

    Each site is kept as soon as it is there, in FILE.jsonl beside the table; the same command goes on where it stood.
    """
    from xsearch.builders.cluster import running_on
    from xsearch.builders.computed import compute_table

    with running_on(cluster) as run:
        done = compute_table(
            edges, out, structures, range=range, limit=limit, hours=hours, timeout_s=timeout, workers=workers, run=run
        )
    say(f"{out}: {done}")
