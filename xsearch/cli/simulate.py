"""`xsearch simulate`: calculated patterns of crystals."""

from pathlib import Path
from typing import Annotated

import typer

from xsearch.cli import options
from xsearch.cli.output import give_answer, say

app = typer.Typer(help="Calculate the pattern of a crystal.", no_args_is_help=True)


@app.callback()
def simulate() -> None:
    """Calculate the pattern of a crystal."""


@app.command("pxrd")
def pxrd(
    cif: Annotated[Path, typer.Argument(metavar="FILE.cif", help="The crystal, as a CIF file.")],
    wavelength: Annotated[str, options.WAVELENGTH] = "CuKa",
    two_theta: Annotated[
        tuple[float, float], typer.Option("--range", metavar="FIRST LAST", help="Angles 2θ in degrees.")
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
    feff: Annotated[
        Path | None, typer.Option("--feff", metavar="PROGRAM", help="Run this FEFF instead of the learned model.")
    ] = None,
    xy: options.Xy = None,
    json: options.Json = None,
) -> None:
    """Predict the K-edge XANES of an element in a crystal, or compute it with an installed FEFF."""
    from xsearch import report
    from xsearch.xas.forward import xanes_of_cif

    spectrum = xanes_of_cif(cif, absorber, feff=feff)
    give_answer(spectrum, json)
    if xy:
        report.write_xy(spectrum, xy)
        say(f"Spectrum: {xy}")
