"""`xsearch simulate`: calculated patterns of crystals."""

from pathlib import Path
from typing import Annotated

import typer

from xsearch.cli.screen import print_answer, say

app = typer.Typer(help="Calculate the pattern of a crystal.", no_args_is_help=True)


@app.callback()
def simulate() -> None:
    """Calculate the pattern of a crystal."""


@app.command("pxrd")
def pxrd(
    cif: Annotated[Path, typer.Argument(metavar="FILE.cif", help="The crystal, as a CIF file.")],
    wavelength: Annotated[
        str, typer.Option("--wavelength", "-w", metavar="λ", help="In Å, or a name such as CuKa, CuKa1, MoKa.")
    ] = "CuKa",
    two_theta: Annotated[
        tuple[float, float], typer.Option("--range", metavar="FIRST LAST", help="Angles 2θ in degrees.")
    ] = (5.0, 90.0),
    step: Annotated[float, typer.Option("--step", metavar="DEG", help="Between the points, in degrees.")] = 0.01,
    fwhm: Annotated[float, typer.Option("--fwhm", metavar="DEG", help="Width of the lines, in degrees.")] = 0.1,
    top: Annotated[int, typer.Option("--top", min=1, metavar="N", help="How many lines to print.")] = 20,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Write a picture: .png, .svg or .pdf.")
    ] = None,
    xy: Annotated[Path | None, typer.Option("--xy", metavar="FILE", help="Write the profile as two columns.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print all lines as JSON instead of the table.")] = False,
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
    print_answer(simulated, json, top=top)
    if plot:
        report.plot(simulated, plot)
        say(f"Picture: {plot}")
    if xy:
        report.write_xy(simulated, xy)
        say(f"Profile: {xy}")


@app.command("xanes")
def xanes(
    cif: Annotated[Path, typer.Argument(metavar="FILE.cif", help="The crystal, as a CIF file.")],
    absorber: Annotated[str, typer.Option("--absorber", "-a", metavar="ELEMENT", help="The element, such as Fe.")],
    feff: Annotated[
        Path | None, typer.Option("--feff", metavar="PROGRAM", help="Run this FEFF instead of the learned model.")
    ] = None,
    xy: Annotated[
        Path | None, typer.Option("--xy", metavar="FILE", help="Write energy, μ and its uncertainty.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the spectrum as JSON.")] = False,
) -> None:
    """Predict the K-edge XANES of an element in a crystal, or compute it with an installed FEFF."""
    from xsearch import report
    from xsearch.xas.forward import xanes_of_cif

    spectrum = xanes_of_cif(cif, absorber, feff=feff)
    print_answer(spectrum, json)
    if xy:
        report.write_xy(spectrum, xy)
        say(f"Spectrum: {xy}")
