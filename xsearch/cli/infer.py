"""`xsearch infer`: crystals that are in no database."""

from pathlib import Path
from typing import Annotated

import typer

from xsearch.cli.failures import FAILURE
from xsearch.cli.options import IndexName, Wavelength
from xsearch.cli.screen import say, show


def infer(
    elements: Annotated[
        str, typer.Option("--elements", "-e", metavar="ELEMENTS", help="All elements of the compound, as Ca,Mn,Al,O.")
    ],
    pxrd: Annotated[
        Path | None, typer.Option("--pxrd", metavar="FILE", help="A measured powder pattern to explain.")
    ] = None,
    wavelength: Wavelength = None,
    xanes: Annotated[
        list[str] | None, typer.Option("--xanes", metavar="FILE:ELEMENT:EDGE", help="A measured edge; repeatable.")
    ] = None,
    system: Annotated[
        str | None, typer.Option("--system", metavar="SYSTEM", help="Only this crystal system, such as orthorhombic.")
    ] = None,
    oxidation: Annotated[
        list[str] | None,
        typer.Option("--oxidation", metavar="ELEMENT=STATES", help="Known states, such as Mn=3 or Mn=3,4; repeatable."),
    ] = None,
    cn: Annotated[
        list[str] | None,
        typer.Option("--cn", metavar="ELEMENT=NUMBERS", help="Coordination numbers, such as Mn=4,6; repeatable."),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="FORMULA", help="Leave out entries of it; repeatable.")
    ] = None,
    alloy: Annotated[
        bool | None,
        typer.Option("--alloy/--ionic", help="Charge balance does not count, or does; by default the elements decide."),
    ] = None,
    index: IndexName = None,
    top: Annotated[int, typer.Option("--top", min=1, metavar="N", help="How many candidates to give.")] = 10,
    relax: Annotated[
        int, typer.Option("--relax", min=0, metavar="N", help="Relax the first N with CHGNet, an optional extra.")
    ] = 0,
    relax_seconds: Annotated[
        float, typer.Option("--relax-seconds", min=1.0, metavar="S", help="How long all relaxations may take.")
    ] = 60.0,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write everything as JSON; - prints it.")
    ] = None,
    cifs: Annotated[
        Path | None, typer.Option("--cifs", metavar="FOLDER", help="Write a CIF file for each candidate.")
    ] = None,
) -> None:
    """Infer the crystal of a compound that is in no database, from templates of the index.

    Without a pattern, candidates are ranked by chemistry alone. Where nothing explains the pattern, the candidates are
    the best tries, and the command ends with code 1.
    """
    from xsearch import report
    from xsearch.cli.opening import open_or_build
    from xsearch.infer.question import ask

    answer = ask(
        open_or_build(index).index, elements, pxrd=pxrd, wavelength=wavelength, xanes=xanes or (), system=system,
        oxidation=oxidation or (), coordination=cn or (), exclude=exclude or (), alloy=alloy, top=top,
        relax=relax, relax_seconds=relax_seconds,
    )  # fmt: skip
    if json == Path("-"):
        typer.echo(report.to_json(answer), nl=False)
    else:
        show(report.table(answer))
        if json:
            report.to_json(answer, json)
            say(f"Written: {json}")
    for note in answer.notes:
        say(note)
    if cifs:
        for path in report.write_cifs(answer, cifs):
            say(f"Written: {path}")
    if answer.refused:
        raise typer.Exit(FAILURE)
