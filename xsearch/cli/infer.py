"""`xsearch infer`: crystals that are in no database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from xsearch.cli import options
from xsearch.cli.errors import FAILURE
from xsearch.cli.output import STDOUT, save_answers, say, show
from xsearch.cli.starter import open_or_build
from xsearch.options import POTENTIAL
from xsearch.reading import Reading

if TYPE_CHECKING:
    from xsearch.answers import Inference


def infer(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="A measured powder pattern or XANES spectrum; the kind is recognised."),
    ] = None,
    xanes: options.Xanes = None,
    wavelength: options.Wavelength = None,
    columns: options.Columns = None,
    axis: options.AxisName = None,
    e0: options.EdgeEnergy = None,
    pre: options.PreEdge = None,
    post: options.PostEdge = None,
    index: options.IndexName = None,
    only: options.Only = None,
    must: options.Must = None,
    may: options.May = None,
    exclude: options.Not = None,
    exactly: options.Exactly = None,
    any_of: options.Any_ = None,
    system: options.System = None,
    space_group: options.SpaceGroup = None,
    where: options.Where = None,
    top: options.Top = None,
    deglitch: options.Deglitch = False,
    oxidation: options.Oxidation = None,
    coordination: options.Coordination = None,
    leave_out: options.LeaveOut = None,
    alloy: options.Alloy = None,
    formula: options.Formula = None,
    solve: options.Solve = None,
    disorder: options.Disorder = False,
    relax: options.Relax = 0,
    potential: options.PotentialChoice = POTENTIAL,
    relax_seconds: options.RelaxSeconds = 60.0,
    json: options.Json = None,
    cifs: options.Cifs = None,
) -> None:
    """Infer the crystal of a compound that is in no database, from templates of the index.

    A candidate holds all elements that the constraints allow, as those of --exactly. Without a pattern, candidates are
    ranked by chemistry alone. Where nothing explains the pattern, the candidates are the best tries, and the command
    ends with code 1.
    """
    from xsearch import report
    from xsearch.query import answer_sample, question_of

    question = question_of(
        only=only, must=must, may=may, exclude=exclude, exactly=exactly, any_of=any_of,
        system=system, space_group=space_group, where=where, oxidation=oxidation, coordination=coordination,
        search=False, infer=True, top=top, deglitch=deglitch, leave_out=leave_out or (), alloy=alloy,
        formula=formula, solve=solve, disorder=disorder, relax=relax, potential=potential,
        relax_seconds=relax_seconds,
    )  # fmt: skip
    reading = Reading.parse(columns, axis, e0, pre, post)
    answer = cast("Inference", answer_sample(open_or_build(index), question, file, xanes or (), wavelength, reading))
    if json != STDOUT:
        show(report.table(answer))
    save_answers([answer], json=json, cifs=cifs)
    for note in answer.notes:
        say(note)
    if answer.refused:
        raise typer.Exit(FAILURE)
